import { withWorkspace, type WorkRequest, type Workspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { factorizationFamily } from "../../kernels/families/factorization.ts";
import { proximalFamily } from "../../kernels/families/proximal.ts";
import { spectralFamily } from "../../kernels/families/spectral.ts";
import { certified } from "../core/certificate.ts";
import { OptionError } from "../core/errors.ts";
import { dtypeOf, type Matrix, matrix, type SparseMatrix } from "../core/matrix.ts";
import type { Resolved } from "../core/options.ts";
import { createRandom } from "../core/random.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import type { Result, Status } from "../core/result.ts";
import { type Run, startRun } from "../core/run.ts";
import { type ArchetypalTerms, type Blocks, createBlocks, type Factors } from "./blocks.ts";
import { archetypalSums } from "./certificate.ts";
import { checkRank, checkSamples, isSparse, type Samples } from "./data.ts";
import { descend } from "./descent.ts";
import { archetypalBound } from "./hull_bound.ts";
import { improveBySwaps } from "./local_search.ts";
import {
  type ArchetypalNmfOptions,
  archetypalNmfOptions,
  type ArchetypeStart,
  type FactorStart,
  type OpenArchetypalOptions,
} from "./options.ts";
import { productsOf } from "./samples.ts";
import { checkStart, splitStart } from "./start_factors.ts";
import { chooseSamples, gramColumns } from "./starts.ts";
import { transposed } from "./transpose.ts";

const action = "factor the samples";

/** Units of the objective's terms that rounding makes of its differences: errors of many sums, of either sign. */
const roundings = 1;

/** The most that it may make of the objective itself: runs of some hundred sums. */
const mostRoundings = 1024;

/** An archetypal factorisation. */
export interface ArchetypalNmf extends Result {
  /** Archetypes `H`, not negative [rank, features], in the precision of the samples. */
  readonly archetypes: Matrix;
  /** Weights `W` [samples, rank], rows on the simplex. */
  readonly weights: Matrix;
  /** Weights of the samples `V` [rank, samples], rows on the simplex: `V X` are the points of the hull next to `H`. */
  readonly hullWeights: Matrix;
  /** `||X - W H||^2`. */
  readonly fit: number;
  /** `||H - V X||^2`. */
  readonly archetypal: number;
  /**
   * No archetypes of so few entries have a smaller `||H - V X||^2`, whatever the weights: a convex bound, 0 where the budget
   * has room for points of the hull. Where `archetypalBound` asked for it.
   */
  readonly archetypalBound?: number;
  /** `||X - W H|| / ||X||`; 0 where both are 0. */
  readonly relativeError: number;
  /**
   * What each block would gain at most by itself, as a share of `||X||^2`: the simplex gaps of the weights and of the hull
   * weights, and, where `lambda` is neither 0 nor Infinity, the strong convexity of the archetypes on their support.
   */
  readonly gap: number;
  /** Entries of the archetypes that are not zero. */
  readonly nonzeroCount: number;
}

/** Options of {@linkcode archetypalNmf}: those of its table, and factors to start from. */
export type ArchetypalNmfCall = Omit<ArchetypalNmfOptions, "initial"> & {
  /** How samples are chosen as the first archetypes, or the first factors. @default "affine" */
  readonly initial?: ArchetypeStart | FactorStart;
};

/** The resolved options. */
type Options = Resolved<ArchetypalNmfOptions, OpenArchetypalOptions>;

/**
 * Sparse nonnegative factorisation with archetypal regularisation: minimises
 * `||X - W H||^2 + lambda ||H - V X||^2` over `H >= 0` with at most `nonzeros` entries that are not zero, and `W`, `V`
 * whose rows are on the simplex. Archetypes, the rows of `H`, are nearly mixtures of samples, and samples of archetypes.
 * With `lambda = Infinity` the archetypes are mixtures, `H = V X`: archetypal analysis, for data of any sign; with
 * `lambda = 0` they are free.
 *
 * Alternates between the three blocks in Gram space: exact coordinate descent on `H` (a projected gradient step, the
 * largest `nonzeros` entries and coordinate descent on those, where there is a budget), accelerated projected gradients
 * on `W` and `V`. No iteration raises the objective. An outer iteration costs two products of `samples features rank`
 * multiply-adds, and `innerIterations samples rank (rank + samples)` more.
 *
 * @param X Samples as rows [samples, features], not negative, dense or sparse, in f32 or f64: the precision of the solve.
 * @returns Fresh arrays. `converged` where an outer iteration lowers the objective by at most `tolerance` of it, or where
 * the fit is exact to rounding.
 * @throws {ShapeError} when `X` is empty
 * @throws {DataError} for NaN, infinities, negative numbers, and magnitudes beyond 1e100 or, unless all are 0, below 1e-100
 * @throws {OptionError} for an option outside its range, and for more archetypes than samples
 *
 * @example
 * ```ts
 * import { archetypalNmf, fromRows } from "@minima/minima";
 * const X = fromRows([[2, 0, 1], [0, 2, 1], [1, 1, 1], [0.5, 1.5, 1]]);
 * const { archetypes, weights, fit } = await archetypalNmf(X, { rank: 2 });
 * if (fit > 1e-6 || Math.abs(weights.data[4] - 0.5) > 1e-3) throw new Error("the third sample is halfway");
 * if (archetypes.shape.join() !== "2,3") throw new Error("wrong shape");
 * ```
 */
export async function archetypalNmf(X: Matrix | SparseMatrix, options: ArchetypalNmfCall): Promise<ArchetypalNmf> {
  const { named, start } = splitStart<ArchetypalNmfOptions>(options);
  return await factorArchetypes(X, resolveOptions(archetypalNmfOptions, named, "archetypal factorisation"), start);
}

/** One solve under resolved options. */
export async function factorArchetypes(X: Samples, options: Options, start?: FactorStart): Promise<ArchetypalNmf> {
  const run = startRun(options), { rank, lambda } = options;
  const { rows, columns, scale } = checkSamples(X, action, lambda === Infinity ? "any" : "nonnegative");
  checkRank(rank, rows);
  if (lambda === Infinity && options.nonzeros !== undefined) {
    throw new OptionError(
      "nonzeros",
      `Cannot use "nonzeros": with "lambda" Infinity archetypes are mixtures of samples, whose entries are theirs.`,
    );
  }
  checkContinuation(options);
  if (start) checkStart(start, X, rank, scale, action);
  const entries = isSparse(X) ? X.data.length : rows * columns;
  const request: WorkRequest = {
    families: [denseFamily, factorizationFamily, proximalFamily, ...isSparse(X) ? [spectralFamily] : []],
    backend: options.backend,
    threads: options.threads,
    dtype: dtypeOf(X.data),
    flops: 200 * options.restarts * entries * rank,
    needs: isSparse(X) ? undefined : ["gemm"],
    largestArrayBytes: 4 * rows * columns,
  };
  return await withWorkspace(request, async (workspace) => {
    const products = productsOf(workspace, X, scale);
    const pause = () => run.checkpoint({ stage: "preparation", fraction: 0, iteration: 0 });
    const blocks = await createBlocks(workspace, products, rank, pause);
    const terms: ArchetypalTerms = { lambda, nonzeros: options.nonzeros ?? Infinity };
    const outcome = await search({ workspace, blocks, terms, options, run, start, scale });
    const found = await report({ workspace, blocks, terms, run, scale, ...outcome });
    if (!options.archetypalBound) return found;
    const boundPause = () => run.checkpoint({ stage: "bound", fraction: 1, iteration: outcome.iterations });
    const bound = await archetypalBound(workspace, products, blocks.hull, { rank, ...terms }, boundPause);
    return { ...found, archetypalBound: bound * scale * scale, elapsedMs: run.elapsedMs() };
  });
}

interface Search {
  readonly workspace: Workspace;
  readonly blocks: Blocks;
  readonly terms: ArchetypalTerms;
  readonly options: Options;
  readonly run: Run;
  readonly start?: FactorStart;
  readonly scale: number;
}

interface Outcome {
  readonly factors: Factors;
  readonly objective: number;
  readonly trace: readonly number[];
  readonly iterations: number;
  readonly status: Status;
}

/** A unit in the last place of the objective's terms, for the scaled data. */
function unitOf({ products, archetypeGram, rank }: Blocks, { lambda }: ArchetypalTerms): number {
  let trace = 0;
  for (let t = 0; t < rank; t++) trace += archetypeGram[t * (rank + 1)];
  const term = lambda < Infinity ? lambda * trace : 0;
  return products.unit * (products.squaredNorm + term);
}

/** Descends from every start, and keeps the best. */
async function search({ workspace, blocks, terms, options, run, start, scale }: Search): Promise<Outcome> {
  const { rank, products } = blocks, { innerIterations: steps, continuation, tolerance, maxIterations } = options;
  const columns = gramColumns(workspace, products), random = createRandom(options.seed);
  let best: Outcome | undefined, iterations = 0;
  const pause = () => run.checkpoint({ stage: "start", fraction: 0, iteration: iterations });
  for (let turn = 0; turn < options.restarts; turn++) {
    if (turn === 0 && start) {
      const W = start.W && simplexRows(start.W);
      await blocks.beginAt(start.H.data.map((value) => value / scale), W && transposed(W).data, terms, pause);
    } else {
      const rule = turn === 0 ? options.initial : turn % 2 === 1 ? "furthest-sum" : "random";
      await blocks.begin(await chooseSamples(rule, rank, products, columns, random, pause), terms, pause);
    }
    const trace: number[] = [];
    const go = async (terms: ArchetypalTerms, stage: string, trace: number[]) => {
      const limits = { tolerance, maxIterations, rounding: () => roundings * unitOf(blocks, terms) };
      const end = await descend(
        await blocks.objective(terms),
        (pause) => blocks.iterate(terms, steps, pause),
        limits,
        run,
        stage,
        trace,
      );
      iterations += trace.length - 1;
      return end;
    };
    for (const lambda of pricesBefore(terms.lambda, continuation)) {
      if ((await go({ ...terms, lambda }, "continuation", [])).status === "time-limit") break;
    }
    let end = await go(terms, "descent", trace);
    if (options.localSearch && end.status !== "time-limit") {
      end = await improveBySwaps(workspace, blocks, terms, end, {
        run,
        trace,
        descend: () => go(terms, "local search", []),
        steps,
        rounding: roundings * unitOf(blocks, terms),
      });
    }
    if (!best || end.objective < best.objective) best = { factors: blocks.copy(), trace, iterations, ...end };
    if (end.status === "time-limit") break;
  }
  return { ...best!, iterations };
}

/** Prices come down, by equal factors, to the own one. */
function checkContinuation({ continuation, lambda }: Pick<Options, "continuation" | "lambda">): void {
  if (!continuation || lambda > 0 && continuation.from >= lambda) return;
  const expected = lambda > 0 ? `at least the ${lambda} of "lambda"` : `"lambda" above 0 beside it, which is ${lambda}`;
  throw new OptionError(
    "continuation.from",
    `Cannot use "continuation.from": expected ${expected}, received ${continuation.from}.`,
  );
}

/** The larger prices before the own one, evenly spaced in their logarithms. */
function pricesBefore(lambda: number, continuation: Options["continuation"]): number[] {
  if (!continuation) return [];
  const { from, steps = 8 } = continuation;
  return Array.from({ length: steps - 1 }, (_, k) => from * (lambda / from) ** (k / Math.max(1, steps - 1)));
}

/** Weights whose rows sum to one. */
function simplexRows({ data, shape: [rows, columns] }: Matrix): Matrix {
  const result = Float64Array.from(data);
  for (let i = 0; i < rows; i++) {
    const row = result.subarray(i * columns, (i + 1) * columns), sum = row.reduce((a, b) => a + b, 0);
    row.forEach((value, t) => row[t] = sum > 0 ? value / sum : 1 / columns);
  }
  return matrix(rows, columns, result);
}

/** Certifies the best factors, and copies them out. */
async function report(
  { blocks, terms, run, scale, factors, objective, trace, iterations, status, workspace }:
    & Omit<Search, "options" | "start">
    & Outcome,
): Promise<ArchetypalNmf> {
  const { products, rank } = blocks, { rows, columns, squaredNorm } = products, { lambda } = terms;
  const pause = () => run.checkpoint({ stage: "certificate", fraction: 1, iteration: iterations });
  await blocks.restore(factors);
  if (lambda === 0) {
    // The hull weights of free archetypes are nowhere in the objective.
    await blocks.hull.descend(blocks.inner, 100, pause);
    factors = { ...blocks.copy(), archetypes: factors.archetypes };
  }
  const sums = await archetypalSums(products, { rank, ...factors }, lambda, pause);
  const { fit, archetypal } = sums, square = scale * scale;
  const truth = fit + (lambda === Infinity ? 0 : lambda * archetypal);
  const rounding = mostRoundings * unitOf(blocks, terms);
  const claim = certified({ status, objective: truth, searched: objective, rounding });
  return {
    ...claim,
    objective: truth * square,
    trace: Float64Array.from(trace, (value) => Math.max(0, value) * square),
    iterations,
    elapsedMs: run.elapsedMs(),
    plan: workspace.plan,
    archetypes: matrix(rank, columns, factors.archetypes.map((value) => value * scale)),
    weights: transposed(matrix(rank, rows, factors.weights)),
    hullWeights: matrix(rank, rows, factors.hull),
    fit: fit * square,
    archetypal: archetypal * square,
    relativeError: squaredNorm > 0 ? Math.sqrt(fit / squaredNorm) : 0,
    gap: squaredNorm > 0 ? (sums.weightsGap + sums.hullGap + sums.archetypesGap) / squaredNorm : 0,
    nonzeroCount: countNonzeros(factors.archetypes),
  };
}

function countNonzeros(values: ArrayLike<number>): number {
  let count = 0;
  for (let at = 0; at < values.length; at++) if (values[at] !== 0) count++;
  return count;
}
