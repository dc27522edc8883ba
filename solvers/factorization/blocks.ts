/** The blocks of an archetypal factorisation in Gram space: their state, a step of each, and the objective. @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray, MatrixOperand, VectorOperand } from "../../kernels/contract.ts";
import type { Pause } from "../core/run.ts";
import { createHull, type Hull } from "./hull.ts";
import { copyOf, elementsOf, factorIn, type Products } from "./products.ts";
import { largestCentredEigenvalue, largestEigenvalue } from "./spectrum.ts";

/** Steps of the weights where they begin, and those between two checkpoints. */
const firstSteps = 200, stepsTogether = 25;

/** What is minimised. */
export interface ArchetypalTerms {
  /** Price of the archetypal term; Infinity for archetypes in the hull. */
  readonly lambda: number;
  /** Most entries of the archetypes that are not zero. */
  readonly nonzeros: number;
}

/** A factorisation, copied out. */
export interface Factors {
  /** Archetypes `H` [rank, columns]. */
  readonly archetypes: Float32Array | Float64Array;
  /** Transposed weights `W` [rank, rows]. */
  readonly weights: Float32Array | Float64Array;
  /** `V` [rank, rows]. */
  readonly hull: Float32Array | Float64Array;
}

/** The state of a factorisation `X ~ W H`, `H ~ V X`. */
export interface Blocks {
  readonly rank: number;
  readonly products: Products;
  /** `H` [rank, columns], transposed weights `W` [rank, rows], `P = H X^T` [rank, rows]. */
  readonly archetypes: MatrixOperand;
  readonly weights: MatrixOperand;
  readonly inner: MatrixOperand;
  readonly hull: Hull;
  /** `S = W^T W` and `G = H H^T` [rank, rank], live views. */
  readonly weightGram: Float64Array;
  readonly archetypeGram: Float64Array;
  /** Begins at samples: archetypes are those, thresholded. */
  begin(samples: readonly number[], terms: ArchetypalTerms, pause: Pause): Promise<void>;
  /** Begins at archetypes and transposed weights of the caller's; weights are fitted where they are not given. */
  beginAt(
    archetypes: ArrayLike<number>,
    weights: ArrayLike<number> | undefined,
    terms: ArchetypalTerms,
    pause: Pause,
  ): Promise<void>;
  /** One outer iteration; gives the objective after it. */
  iterate(terms: ArchetypalTerms, steps: number, pause: Pause): Promise<number>;
  /** The objective in Gram form. */
  objective(terms: ArchetypalTerms): Promise<number>;
  /** Follows a change of the archetypes from outside: their products with the data, and with one another. */
  refresh(): Promise<void>;
  /** `(W + lambda V^T)^T X` [rank, columns], a live view: the linear part of the objective in the archetypes, halved. */
  linear(lambda: number): Promise<Float32Array | Float64Array>;
  /** Descends on the weights alone. */
  fitWeights(steps: number): Promise<void>;
  copy(): Factors;
  restore(factors: Factors): Promise<void>;
}

/** The blocks over fresh arrays. */
export async function createBlocks(
  workspace: Workspace,
  products: Products,
  rank: number,
  pause: Pause,
): Promise<Blocks> {
  const { rows, columns, dtype, squaredNorm } = products, { host } = workspace, { kernels } = host;
  const archetypes = factorIn(workspace, dtype, rank, columns, "archetypes");
  const linear = factorIn(workspace, dtype, rank, columns, "linear part of the archetypes");
  const weights = factorIn(workspace, dtype, rank, rows, "weights");
  const combined = factorIn(workspace, dtype, rank, rows, "combined weights");
  const inner = factorIn(workspace, dtype, rank, rows, "inner products");
  const small = (label: string) => factorIn(workspace, "f64", rank, rank, label);
  const S = small("Gram matrix of the weights"), G = small("Gram matrix of the archetypes"), M = small("curvature");
  const narrow = factorIn(workspace, dtype, rank, rank, "Gram matrix of the weights");
  const sums: VectorOperand = { array: host.allocate("f64", rank, "sums"), length: rank };
  const viewOf = (operand: { readonly array: DeviceArray }) => host.view(operand.array as DeviceArray<"f64">);
  const weightGram = viewOf(S), archetypeGram = viewOf(G), curvature = viewOf(M), sumView = viewOf(sums);
  const hull = await createHull(workspace, products, rank, pause);

  async function product(x: MatrixOperand, y: MatrixOperand): Promise<number> {
    await kernels.rowDots({ x, y, values: sums });
    return sumView.reduce((sum, value) => sum + value, 0);
  }

  async function refresh(): Promise<void> {
    await products.timesTransposed(archetypes, inner);
    await kernels.rowGram({ a: archetypes, gram: G });
  }

  async function keepLargest(nonzeros: number): Promise<void> {
    const length = rank * columns;
    if (nonzeros >= length) return;
    await kernels.hardThreshold({ values: { array: archetypes.array, length }, keep: nonzeros });
  }

  async function fitWeights(steps: number): Promise<void> {
    const largest = largestCentredEigenvalue(archetypeGram, rank);
    if (!(largest > 0)) return;
    await kernels.simplexDescent({ gram: G, linear: inner, factor: weights, step: 1 / largest, steps });
  }

  /** The steps of the weights where they begin; fewer once the time is up. */
  async function beginWeights(pause: Pause): Promise<void> {
    elementsOf(workspace, weights).fill(1 / rank);
    for (let steps = 0; steps < firstSteps; steps += stepsTogether) {
      await fitWeights(stepsTogether);
      if (await pause()) return;
    }
  }

  async function linearOf(lambda: number): Promise<Float32Array | Float64Array> {
    elementsOf(workspace, combined).set(elementsOf(workspace, weights));
    if (lambda > 0) {
      const length = rank * rows;
      await kernels.axpy({
        alpha: lambda,
        x: { array: hull.point.array, length },
        y: { array: combined.array, length },
      });
    }
    await products.times(combined, linear);
    return elementsOf(workspace, linear);
  }

  async function fitArchetypes({ lambda, nonzeros }: ArchetypalTerms, steps: number): Promise<void> {
    await linearOf(lambda);
    await kernels.rowGram({ a: weights, gram: S });
    curvature.set(weightGram);
    for (let t = 0; t < rank; t++) curvature[t * (rank + 1)] += lambda;
    const block = { gram: M, linear, factor: archetypes };
    if (nonzeros < rank * columns) {
      const largest = largestEigenvalue(curvature, rank);
      if (largest > 0) await kernels.nonnegativeStep({ ...block, step: 1 / largest });
      await keepLargest(nonzeros);
    }
    await kernels.nonnegativeSweep({ ...block, sweeps: steps, supported: nonzeros < rank * columns });
  }

  /** Points of the hull as archetypes: `min ||X - W V X||^2` over `V`. */
  async function fitMixture(steps: number, pause: Pause): Promise<void> {
    await kernels.rowGram({ a: weights, gram: S });
    elementsOf(workspace, narrow).set(weightGram);
    await hull.multiply(weights, combined);
    await hull.descend(combined, steps, pause, { gram: narrow, largest: largestEigenvalue(weightGram, rank) });
    await products.times(hull.point, archetypes);
  }

  async function objective({ lambda }: ArchetypalTerms): Promise<number> {
    await kernels.rowGram({ a: weights, gram: S });
    let value = squaredNorm - 2 * await product(weights, inner);
    for (let at = 0; at < weightGram.length; at++) value += weightGram[at] * archetypeGram[at];
    if (lambda === 0 || lambda === Infinity) return value;
    let trace = 0;
    for (let t = 0; t < rank; t++) trace += archetypeGram[t * (rank + 1)];
    const { point, image } = hull;
    return value + lambda * (trace - 2 * await product(point, inner) + await product(point, image));
  }

  return {
    rank,
    products,
    archetypes,
    weights,
    inner,
    hull,
    weightGram,
    archetypeGram,
    objective,
    refresh,
    fitWeights,
    linear: linearOf,
    async begin(samples, { nonzeros }, pause) {
      const point = new Float64Array(rank * rows), view = elementsOf(workspace, archetypes);
      const line = new Float64Array(columns);
      samples.forEach((sample, t) => {
        point[t * rows + sample] = 1;
        products.addRow(line.fill(0), 1, sample);
        view.set(line, t * columns);
      });
      await keepLargest(nonzeros);
      await hull.place(point);
      await refresh();
      await beginWeights(pause);
    },
    async beginAt(given, fitted, { lambda, nonzeros }, pause) {
      elementsOf(workspace, archetypes).set(given);
      await keepLargest(nonzeros);
      await refresh();
      await hull.place(nearestSamples(elementsOf(workspace, inner), products, rank));
      if (lambda > 0) await hull.descend(inner, firstSteps, pause);
      if (lambda === Infinity) {
        await products.times(hull.point, archetypes);
        await refresh();
      }
      if (fitted) elementsOf(workspace, weights).set(fitted);
      else await beginWeights(pause);
    },
    async iterate(terms, steps, pause) {
      const { lambda } = terms;
      if (lambda === Infinity) await fitMixture(steps, pause);
      else await fitArchetypes(terms, steps);
      await refresh();
      await fitWeights(steps);
      if (lambda > 0 && lambda < Infinity) await hull.descend(inner, steps, pause);
      return await objective(terms);
    },
    copy: () => ({
      archetypes: copyOf(workspace, archetypes),
      weights: copyOf(workspace, weights),
      hull: copyOf(workspace, hull.point),
    }),
    async restore(factors) {
      elementsOf(workspace, archetypes).set(factors.archetypes);
      elementsOf(workspace, weights).set(factors.weights);
      await hull.place(factors.hull);
      await refresh();
    },
  };
}

/** Rows of a simplex that choose the sample nearest to each archetype. */
function nearestSamples(inner: ArrayLike<number>, { rows, rowSquares }: Products, rank: number): Float64Array {
  const point = new Float64Array(rank * rows);
  for (let t = 0; t < rank; t++) {
    let best = 0, least = Infinity;
    for (let i = 0; i < rows; i++) {
      const distance = rowSquares[i] - 2 * inner[t * rows + i];
      if (distance < least) [best, least] = [i, distance];
    }
    point[t * rows + best] = 1;
  }
  return point;
}
