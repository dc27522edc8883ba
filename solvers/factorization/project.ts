import { withWorkspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { factorizationFamily } from "../../kernels/families/factorization.ts";
import { spectralFamily } from "../../kernels/families/spectral.ts";
import { distrust } from "../core/certificate.ts";
import { ShapeError } from "../core/errors.ts";
import { dtypeOf, type Matrix, matrix, type SparseMatrix } from "../core/matrix.ts";
import { addScaled, plainDot } from "../core/plain_sums.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { startRun } from "../core/run.ts";
import { checkSamples, isSparse, scaleOf } from "./data.ts";
import { type ProjectionOptions, projectionOptions } from "./options.ts";
import { elementsOf, factorIn, type Products } from "./products.ts";
import { productsOf } from "./samples.ts";
import { largestCentredEigenvalue } from "./spectrum.ts";
import { transposed } from "./transpose.ts";
import { counted } from "../core/shown.ts";

const action = "project the samples";

/** Steps between two looks at the gap. */
const stepsTogether = 50;

/**
 * Weights of samples for given archetypes or components: for each sample `x` the `w` that minimises `||x - w H||^2`, on the
 * simplex, so that `w H` is the point of the archetypes' hull next to the sample, or with `constraint` "nonnegative" just
 * `w >= 0`, as in {@linkcode nmf}. New samples come to their weights so, without another factorisation.
 *
 * O(samples features rank) for the inner products, and O(samples rank^2) a step.
 *
 * @param X Samples as rows [samples, features], dense or sparse, of any sign.
 * @param archetypes As {@linkcode archetypalNmf} or {@linkcode nmf} finds them [rank, features].
 * @returns Fresh weights [samples, rank] in the precision of `X`; the best so far at a limit.
 * @throws {ShapeError} when `X` is empty or has other features than the archetypes
 * @throws {DataError} for NaN, infinities, and magnitudes beyond 1e100 or, unless all are 0, below 1e-100
 * @throws {OptionError} for an option outside its range
 *
 * @example
 * ```ts
 * import { fromRows, projectOntoArchetypes } from "@minima/minima";
 * const archetypes = fromRows([[0, 0], [1, 0], [0, 1]]);
 * const weights = await projectOntoArchetypes(fromRows([[0.25, 0.5], [2, 0]]), archetypes);
 * if (Math.abs(weights.data[2] - 0.5) > 1e-6 || Math.abs(weights.data[4] - 1) > 1e-6) throw new Error("not nearest");
 * ```
 */
export async function projectOntoArchetypes(
  X: Matrix | SparseMatrix,
  archetypes: Matrix,
  options: ProjectionOptions = {},
): Promise<Matrix> {
  const resolved = resolveOptions(projectionOptions, options, "a projection"), run = startRun(resolved);
  const { rows, columns, scale: ofSamples } = checkSamples(X, action, "any");
  checkSamples(archetypes, action, "any", "archetypes");
  const [rank] = archetypes.shape;
  if (archetypes.shape[1] !== columns) {
    throw new ShapeError(
      "archetypes",
      `Cannot ${action}: "X" has ${counted(columns, "feature")}, but "archetypes" has ${archetypes.shape[1]}.`,
    );
  }
  // One scale for both; weights do not have one.
  const scale = Math.max(ofSamples, scaleOf(archetypes.data, "archetypes", action, "any"));
  const dtype = dtypeOf(X.data), { constraint, tolerance, maxIterations } = resolved;
  const request = {
    families: [denseFamily, factorizationFamily, ...isSparse(X) ? [spectralFamily] : []],
    backend: resolved.backend,
    threads: resolved.threads,
    dtype,
    flops: 2 * rows * rank * (columns + 200 * rank),
    needs: isSparse(X) ? undefined : ["gemm"] as const,
    largestArrayBytes: 4 * rows * columns,
  };
  return await withWorkspace(request, async (workspace) => {
    const products = productsOf(workspace, X, scale), { kernels } = workspace.host;
    const H = factorIn(workspace, dtype, rank, columns, "archetypes"), P = factorIn(workspace, dtype, rank, rows, "P");
    const W = factorIn(workspace, dtype, rank, rows, "weights"),
      G = factorIn(workspace, "f64", rank, rank, "Gram matrix");
    elementsOf(workspace, H).set(archetypes.data.map((value) => value / scale));
    const weights = elementsOf(workspace, W).fill(1 / rank);
    await products.timesTransposed(H, P);
    await kernels.rowGram({ a: H, gram: G });
    const simplex = constraint === "simplex";
    const largest = largestCentredEigenvalue(elementsOf(workspace, G) as Float64Array, rank);
    const limit = Math.max(tolerance, 16 * products.unit) *
      (products.squaredNorm + trace(elementsOf(workspace, G), rank));
    for (let iteration = 0; iteration < maxIterations; iteration += stepsTogether) {
      const state = { stage: "projection", fraction: iteration / maxIterations, iteration };
      if (await run.checkpoint(state)) break;
      const steps = Math.min(stepsTogether, maxIterations - iteration);
      if (!simplex) await kernels.nonnegativeSweep({ gram: G, linear: P, factor: W, sweeps: steps });
      else if (largest > 0) await kernels.simplexDescent({ gram: G, linear: P, factor: W, step: 1 / largest, steps });
      if (gapOf(elementsOf(workspace, G), elementsOf(workspace, P), weights, rank, rows, simplex) <= limit) break;
    }
    await checkWeights(products, archetypes, weights, scale, simplex, () =>
      run.checkpoint({
        stage: "certificate",
        fraction: 1,
        iteration: maxIterations,
      }));
    return transposed(matrix(rank, rows, weights.map((value) => value)));
  });
}

function trace(gram: ArrayLike<number>, rank: number): number {
  let sum = 0;
  for (let t = 0; t < rank; t++) sum += gram[t * (rank + 1)];
  return sum;
}

/** A bound on what better weights gain, all samples together; without a simplex, how far they are from stationary. */
function gapOf(
  gram: ArrayLike<number>,
  linear: ArrayLike<number>,
  weights: ArrayLike<number>,
  rank: number,
  rows: number,
  simplex: boolean,
): number {
  let gap = 0;
  const own = new Float64Array(rank);
  for (let i = 0; i < rows; i++) {
    for (let t = 0; t < rank; t++) own[t] = weights[t * rows + i];
    let mean = 0, least = Infinity;
    for (let t = 0; t < rank; t++) {
      const slope = 2 * (plainDot(gram as Float64Array, own, rank, t * rank) - linear[t * rows + i]);
      mean += own[t] * slope;
      least = Math.min(least, slope);
      if (!simplex) {
        const curvature = gram[t * (rank + 1)];
        const change = curvature > 0 ? Math.max(-own[t], -slope / (2 * curvature)) : 0;
        gap -= change * (slope + curvature * change);
      }
    }
    if (simplex) gap += Math.max(0, mean - least);
  }
  return gap;
}

/**
 * Refuses weights that plain sums do not confirm: numbers that are no weights, and a fit that is worse than the equal
 * weights that all begin with.
 */
async function checkWeights(
  { rows, columns, addRow, squaredNorm, unit }: Products,
  { data, shape: [rank] }: Matrix,
  weights: ArrayLike<number>,
  scale: number,
  simplex: boolean,
  pause: () => Promise<unknown>,
): Promise<void> {
  const H = Array.from(
    { length: rank },
    (_, t) => Float64Array.from(data.subarray(t * columns, (t + 1) * columns), (value) => value / scale),
  );
  const residual = new Float64Array(columns), middle = new Float64Array(columns);
  let found = 0, first = 0;
  for (let i = 0; i < rows; i++) {
    addRow(residual.fill(0), 1, i);
    middle.set(residual);
    let sum = 0;
    for (let t = 0; t < rank; t++) {
      const w = weights[t * rows + i];
      if (!(w >= 0)) throw distrust(`the weight ${t} of sample ${i} is ${w}`);
      sum += w;
      addScaled(residual, -w, H[t]);
      addScaled(middle, -1 / rank, H[t]);
    }
    if (simplex && !(Math.abs(sum - 1) <= 16 * rank * unit)) {
      throw distrust(`the weights of sample ${i} sum to ${sum}`);
    }
    found += plainDot(residual, residual);
    first += plainDot(middle, middle);
    if (i % 256 === 255) await pause();
  }
  if (!(found <= first + 1024 * unit * (squaredNorm + first))) {
    throw distrust(`the weights leave ${found} of the samples, equal ones ${first}`);
  }
}
