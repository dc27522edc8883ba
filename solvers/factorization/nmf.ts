import { withWorkspace, type WorkRequest } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { factorizationFamily } from "../../kernels/families/factorization.ts";
import { spectralFamily } from "../../kernels/families/spectral.ts";
import { certified } from "../core/certificate.ts";
import { DataError, OptionError } from "../core/errors.ts";
import { dtypeOf, likeVector, type Matrix, matrix, type SparseMatrix, toDense, type Vector } from "../core/matrix.ts";
import { createRandom, type Random } from "../core/random.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import type { Result, Status } from "../core/result.ts";
import { startRun } from "../core/run.ts";
import { checkRank, checkSamples, isSparse, largestOf, powerOfTwo, type Samples } from "./data.ts";
import { descend } from "./descent.ts";
import { nmfSums } from "./nmf_certificate.ts";
import { type NmfProblem, plainDescent, weightedDescent } from "./nmf_descents.ts";
import { randomFactors, singularFactors, type StartFactors } from "./nmf_starts.ts";
import { type FactorStart, type NmfOptions, nmfOptions, type NmfStart } from "./options.ts";
import { copyOf, elementsOf, factorIn, type Products } from "./products.ts";
import { productsOf } from "./samples.ts";
import { checkStart, splitStart } from "./start_factors.ts";
import { chooseSamples, gramColumns } from "./starts.ts";
import { transposed } from "./transpose.ts";
import { counted } from "../core/shown.ts";

const action = "factor the samples";

/** Units of the objective's terms that rounding makes of its differences, and of itself at most. */
const roundings = 1, mostRoundings = 1024;

/** Sweeps of the weights where they begin. */
const firstSweeps = 20;

/** A nonnegative factorisation. */
export interface Nmf extends Result {
  /** Components `H`, not negative [rank, features], in the precision of the samples. */
  readonly components: Matrix;
  /** Weights `W`, not negative [samples, rank]. */
  readonly weights: Matrix;
  /** `||X - W H|| / ||X||`, by the weights of the entries where there are some; 0 where both are 0. */
  readonly relativeError: number;
  /**
   * The most that a change of one entry of either factor, all else fixed, would lower the objective by, as a share of
   * `||X||^2`: 0 at a stationary point.
   */
  readonly largestGain: number;
}

/** Options of {@linkcode nmf}: those of its table, and factors to start from. */
export type NmfCall = Omit<NmfOptions, "initial"> & {
  /** How the first factors are made, or the factors. @default "nndsvda" */
  readonly initial?: NmfStart | FactorStart;
};

/**
 * Nonnegative matrix factorisation: minimises `||X - W H||^2` over `W, H >= 0` by hierarchical alternating least squares,
 * each row of a factor in turn to its minimum. With `weights` the squares are weighted, and entries of weight 0 are
 * missing.
 *
 * An outer iteration costs two products of `samples features rank` multiply-adds and
 * `innerIterations (samples + features) rank^2` more; with `weights`, `(2 + 6 innerIterations) samples features rank`.
 *
 * @param X Samples as rows [samples, features], not negative, dense or sparse (whose other entries are 0, not missing), in
 * f32 or f64: the precision of the solve.
 * @returns Fresh arrays. `converged` where an outer iteration lowers the objective by at most `tolerance` of it, or where
 * the fit is exact to rounding.
 * @throws {ShapeError} when `X` is empty
 * @throws {DataError} for NaN and infinities that no weight of 0 hides, for negative numbers, and for magnitudes beyond
 * 1e100 or, unless all are 0, below 1e-100
 * @throws {OptionError} for an option outside its range
 *
 * @example
 * ```ts
 * import { fromRows, nmf } from "@minima/minima";
 * const X = fromRows([[1, 2, 0], [2, 4, 0], [0, 1, 3], [1, 3, 3]]);
 * const { relativeError } = await nmf(X, { rank: 2, tolerance: 1e-9 });
 * if (relativeError > 1e-3) throw new Error("of rank two");
 * const missing = await nmf(fromRows([[1, 2], [2, NaN]]), { rank: 1, weights: [1, 1, 1, 0], tolerance: 1e-12 });
 * const { weights: W, components: H } = missing;
 * if (Math.abs(W.data[1] * H.data[1] - 4) > 1e-3) throw new Error("2 x 2");
 * ```
 */
export async function nmf(X: Matrix | SparseMatrix, options: NmfCall): Promise<Nmf> {
  const { named, start } = splitStart<NmfOptions>(options);
  const resolved = resolveOptions(nmfOptions, named, "nonnegative factorisation");
  const { rank } = resolved, run = startRun(resolved);
  const { samples, weights, weightScale } = withoutMissing(X, resolved.weights);
  const { rows, columns, scale } = checkSamples(samples, action);
  if (start) {
    checkStart(start, samples, rank, scale, action);
    // Sweeps leave zeros alone where they are, a stationary point that fits nothing.
    if (start.W && !start.H.data.some(isPositive) && !start.W.data.some(isPositive)) {
      throw new DataError("initial", `Cannot ${action}: expected a number above 0 in "initial", received zeros alone.`);
    }
  } else if (resolved.initial === "spa") checkRank(rank, rows);
  const entries = isSparse(samples) ? samples.data.length : rows * columns;
  const request: WorkRequest = {
    families: [denseFamily, factorizationFamily, spectralFamily],
    backend: resolved.backend,
    threads: resolved.threads,
    dtype: dtypeOf(X.data),
    flops: 200 * resolved.restarts * entries * rank * (weights ? 10 : 2),
    needs: isSparse(samples) || weights ? undefined : ["gemm"],
    largestArrayBytes: 4 * rows * columns,
  };
  return await withWorkspace(request, async (workspace) => {
    const products = productsOf(workspace, samples, scale);
    const data = {
      workspace,
      products,
      rank,
      weights,
      options: resolved,
      run,
      square: scale * scale * weightScale,
      scale,
    };
    return await report(data, await search(data, start));
  });
}

const isPositive = (value: number) => value > 0;

interface Outcome {
  readonly status: Status;
  readonly objective: number;
  readonly trace: readonly number[];
  readonly iterations: number;
  readonly components: Float32Array | Float64Array;
  /** [rank, rows]. */
  readonly weights: Float32Array | Float64Array;
}

/** Samples with zeros where entries are missing, and the weights of the entries, the largest of which is in [1, 2). */
function withoutMissing(
  X: Samples,
  weights: Vector | undefined,
): { samples: Samples; weights?: Vector; weightScale: number } {
  const shape = X?.shape, count = Array.isArray(shape) ? shape[0] * shape[1] : NaN;
  if (!weights) return { samples: X, weightScale: 1 };
  if (count >= 0 && weights.length !== count) {
    throw new OptionError(
      "weights",
      `Cannot use "weights": expected ${counted(count, "number")}, one an entry of "X", received ${weights.length}.`,
    );
  }
  if (!(count >= 0)) return { samples: X, weightScale: 1 };
  const { data } = isSparse(X) ? toDense(X) : X, filled = likeVector(data, data.length);
  const weightScale = powerOfTwo(largestOf(weights)), scaled = new Float64Array(weights.length);
  // Loops: a function for each entry takes several times as long.
  for (let at = 0; at < scaled.length; at++) {
    scaled[at] = weights[at] / weightScale;
    filled[at] = weights[at] > 0 ? data[at] : 0;
  }
  return { samples: matrix(shape[0], shape[1], filled), weights: scaled, weightScale };
}

/** Descends from every start, and keeps the best. */
async function search(problem: NmfProblem, start: FactorStart | undefined): Promise<Outcome> {
  const { workspace, products, rank, options, run, scale } = problem;
  const { tolerance, maxIterations, restarts, seed } = options, random = createRandom(seed);
  const W = factorIn(workspace, products.dtype, rank, products.rows, "weights");
  const H = factorIn(workspace, products.dtype, rank, products.columns, "components");
  const descent = problem.weights ? await weightedDescent(problem, W, H) : plainDescent(problem, W, H);
  const rounding = roundings * products.unit * descent.size;
  const pause = () => run.checkpoint({ stage: "start", fraction: 0, iteration: iterations });
  let best: Outcome | undefined, iterations = 0;
  for (let turn = 0; turn < restarts; turn++) {
    if (turn === 0 && start) {
      elementsOf(workspace, H).set(start.H.data.map((value) => value / scale));
      elementsOf(workspace, W).set(start.W ? transposed(start.W).data : new Float64Array(rank * products.rows).fill(1));
    } else {
      const factors = await firstFactors(problem, turn === 0 ? options.initial : "random", random);
      elementsOf(workspace, H).set(factors.components);
      elementsOf(workspace, W).set(factors.weights);
    }
    const withoutWeights = turn === 0 && (start ? !start.W : options.initial === "spa");
    if (withoutWeights) await descent.fitWeights(firstSweeps, pause);
    const trace: number[] = [], limits = { tolerance, maxIterations, rounding: () => rounding };
    const end = await descend(await descent.objective(), descent.iterate, limits, run, "descent", trace);
    iterations += trace.length - 1;
    if (!best || end.objective < best.objective) {
      best = { ...end, trace, iterations, components: copyOf(workspace, H), weights: copyOf(workspace, W) };
    }
    if (end.status === "time-limit") break;
  }
  return { ...best!, iterations };
}

async function firstFactors(problem: NmfProblem, initial: NmfStart, random: Random): Promise<StartFactors> {
  const { workspace, products, rank, run } = problem, { rows, columns } = products;
  const pause = () => run.checkpoint({ stage: "start", fraction: 0, iteration: 0 });
  const mean = meanOf(products);
  if (initial === "random") return randomFactors(products, rank, mean, random);
  if (initial !== "spa") {
    return await singularFactors(workspace, products, { rank, mean, fill: initial === "nndsvda" }, random, pause);
  }
  const samples = await chooseSamples("spa", rank, products, gramColumns(workspace, products), random, pause);
  const components = new Float64Array(rank * columns);
  samples.forEach((sample, t) => products.addRow(components.subarray(t * columns, (t + 1) * columns), 1, sample));
  return { components, weights: new Float64Array(rank * rows).fill(1 / rank) };
}

function meanOf({ rows, columns, addRow }: Products): number {
  const sums = new Float64Array(columns);
  for (let i = 0; i < rows; i++) addRow(sums, 1, i);
  return sums.reduce((total, value) => total + value, 0) / (rows * columns);
}

/** Certifies the best factors, and copies them out. */
async function report(
  { workspace, products, rank, weights: entryWeights, run, scale, square }: NmfProblem,
  { status, objective, trace, iterations, components, weights }: Outcome,
): Promise<Nmf> {
  const { rows, columns } = products;
  const pause = () => run.checkpoint({ stage: "certificate", fraction: 1, iteration: iterations });
  const { fit, largestGain } = await nmfSums(workspace, products, { rank, components, weights }, entryWeights, pause);
  const norm = entryWeights ? weightedNorm(products, entryWeights) : products.squaredNorm;
  // The terms of the objective are of the size of `||X||^2` and of `||W H||^2`.
  const rounding = mostRoundings * products.unit * (norm + fit);
  const claim = certified({ status, objective: fit, searched: objective, rounding });
  return {
    ...claim,
    objective: fit * square,
    trace: Float64Array.from(trace, (value) => Math.max(0, value) * square),
    iterations,
    elapsedMs: run.elapsedMs(),
    plan: workspace.plan,
    components: matrix(rank, columns, components.map((value) => value * scale)),
    weights: transposed(matrix(rank, rows, weights)),
    relativeError: norm > 0 ? Math.sqrt(fit / norm) : 0,
    largestGain: norm > 0 ? largestGain / norm : 0,
  };
}

/** The weighted sum of squares of the data. */
function weightedNorm({ rows, columns, addRow }: Products, weights: Vector): number {
  const line = new Float64Array(columns);
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    addRow(line.fill(0), 1, i);
    for (let j = 0; j < columns; j++) sum += weights[i * columns + j] * line[j] * line[j];
  }
  return sum;
}
