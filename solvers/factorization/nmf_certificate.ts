/**
 * What is said of a nonnegative factorisation: sums in f64 over the data and the factors that are returned. Products with
 * all of the data are as much work as some iterations, so kernels make them, a group of samples at a time, and each row of
 * them is compared with plain sums by Freivalds' check: what remains for JavaScript does not grow with the rank.
 *
 * @module
 */

import type { MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { distrust } from "../core/certificate.ts";
import { addScaled, plainDot } from "../core/plain_sums.ts";
import { randomWeights } from "../core/product_check.ts";
import { elementsOf, factorIn, type Products } from "./products.ts";

/** Multiply-adds of the products of a group, and its most samples. */
const groupWork = 4e7, mostTogether = 256;

/** Roundings of each term of a sum, by random weights of at most 1.5. */
const roundings = 12;

/** Added to each norm: the squares of numbers below 1e-154 vanish, and of the data the largest is about one. */
const leastNorm = 1e-150;

/** Sums of a nonnegative factorisation. */
export interface NmfSums {
  /** The weighted sum of squares of `X - W H`. */
  readonly fit: number;
  /** The most that a change of one entry of either factor, all else fixed, would lower it by. */
  readonly largestGain: number;
}

/** Factors, the weights transposed: `weights` [rank, rows]. */
export interface NmfFactors {
  readonly rank: number;
  readonly components: Float32Array | Float64Array;
  readonly weights: Float32Array | Float64Array;
}

/**
 * Sums of `X ~ W H`. O(samples features rank).
 *
 * @param entryWeights Weight of each entry of the data, where entries have weights.
 * @throws {BackendError} where a product of the kernels is wrong beyond rounding
 */
export async function nmfSums(
  workspace: Workspace,
  products: Products,
  { rank, components, weights }: NmfFactors,
  entryWeights: ArrayLike<number> | undefined,
  pause: () => Promise<unknown>,
): Promise<NmfSums> {
  const { rows, columns, rowSquares } = products, { kernels } = workspace.host;
  const together = Math.max(1, Math.min(mostTogether, rows, Math.floor(groupWork / (3 * rank * columns))));
  const place = (label: string, height: number, width: number) => factorIn(workspace, "f64", height, width, label);
  const H = place("components", rank, columns), residuals = place("residuals", together, columns);
  const factor = place("weights of a group", rank, together);
  const [h, e, w] = [H, residuals, factor].map((one) => elementsOf(workspace, one) as Float64Array);
  h.set(components);
  const slopes = createProjections(workspace, H, rows, together);
  const entries = entryWeights && weightsOfEntries(workspace, entryWeights, h, [rows, columns], together);
  const { norms: normsOfH, images: imageOfH } = rowSums(h, slopes.random), ownOfW = new Float64Array(rank);
  let fit = 0, largestGain = 0;
  for (let from = 0; from < rows; from += together) {
    const count = Math.min(together, rows - from), group = { ...residuals, rows: count };
    const factors = { ...factor, columns: count, stride: together };
    e.fill(0);
    for (let i = 0; i < count; i++) products.addRow(e.subarray(i * columns, (i + 1) * columns), 1, from + i);
    const images = rowImages(e.subarray(0, count * columns), slopes.random);
    const sizes = rowSquares.slice(from, from + count).map(Math.sqrt);
    for (let t = 0; t < rank; t++) {
      for (let i = 0; i < count; i++) {
        const value = w[t * together + i] = weights[t * rows + from + i];
        ownOfW[t] += value * value;
        images[i] -= value * imageOfH[t];
        sizes[i] += value * (normsOfH[t] + leastNorm);
      }
    }
    await kernels.gemm({ a: factors, transposeA: true, b: H, c: group, alpha: -1, beta: 1 });
    const found = slopes.look(group);
    check("residuals", found.images, images, sizes, columns, columns + rank);
    const curvatures = entries && await entries.curvatures(count, factors, from * columns);
    fit += entries ? entries.weigh(e, count * columns) : found.norms.reduce((sum, norm) => sum + norm * norm, 0);
    const pulls = await slopes.add(group, factors, entries ? slopes.look(group) : found);
    for (let i = 0, at = 0; i < count; i++) {
      for (let t = 0; t < rank; t++, at++) {
        const curvature = curvatures ? curvatures[at] : normsOfH[t] * normsOfH[t];
        largestGain = Math.max(largestGain, gainOf(w[t * together + i], pulls[at], curvature));
      }
    }
    await pause();
  }
  const pulls = slopes.total(), curvatures = entries?.total();
  for (let at = 0; at < h.length; at++) {
    const curvature = curvatures ? curvatures[at] : ownOfW[Math.floor(at / columns)];
    largestGain = Math.max(largestGain, gainOf(h[at], pulls[at], curvature));
  }
  return { fit, largestGain };
}

/** What the best value >= 0 of an entry gains, where the sum of squares falls by `2 slope` a unit at first. */
function gainOf(value: number, slope: number, curvature: number): number {
  if (!(curvature > 0)) return 0;
  const change = Math.max(-value, slope / curvature);
  return change * (2 * slope - curvature * change);
}

/** What is summed of each row of a matrix by itself. */
interface RowSums {
  readonly norms: Float64Array;
  /** Products with the random weights. */
  readonly images: Float64Array;
  /** Products with the rows of `B`, added up by random signs. */
  readonly mixtures: Float64Array;
}

/** Products of groups of rows `A` [count, columns] with rows `B` [rank, columns], and sums of `A` by weights. */
interface Projections {
  /** Random weights of the columns. */
  readonly random: Float64Array;
  look(A: MatrixOperand): RowSums;
  /** Adds `factors` [rank, count] `A` to the total. @returns `A B^T` [count, rank], until the next call */
  add(A: MatrixOperand, factors: MatrixOperand, seen: RowSums): Promise<Float64Array>;
  /** The sums [rank, columns]. */
  total(): Float64Array;
}

/** Projections of `rows` rows, at most `together` at a time; all of them are checked. */
function createProjections(workspace: Workspace, B: MatrixOperand, rows: number, together: number): Projections {
  const { rows: rank, columns } = B, { kernels } = workspace.host;
  const products = factorIn(workspace, "f64", together, rank, "products of a group");
  const sums = factorIn(workspace, "f64", rank, columns, "sums by weights");
  const b = elementsOf(workspace, B) as Float64Array, total = elementsOf(workspace, sums) as Float64Array;
  const ones = (length: number) => new Float64Array(length).fill(1);
  const random = randomWeights(ones(columns)), signs = randomWeights(ones(rank), 1);
  const mixed = new Float64Array(columns), expected = new Float64Array(rank), sizes = new Float64Array(rank);
  for (let t = 0; t < rank; t++) addScaled(mixed, signs[t], b, t * columns);
  const size = Math.max(...rowSums(b, random).norms) + leastNorm;
  return {
    random,
    look: (A) => rowSums(elementsOf(workspace, A) as Float64Array, random, mixed),
    async add(A, factors, { norms, images, mixtures }) {
      const count = A.rows, group = { ...products, rows: count }, { stride = count } = factors;
      const w = workspace.host.view(factors.array) as Float64Array;
      await kernels.gemm({ a: A, b: B, c: group, transposeB: true });
      await kernels.gemm({ a: factors, b: A, c: sums, beta: 1 });
      const found = elementsOf(workspace, group) as Float64Array;
      check(
        "slopes",
        rowImages(found, signs),
        mixtures,
        norms.map((norm) => (norm + leastNorm) * size),
        rank,
        columns + rank,
      );
      for (let t = 0; t < rank; t++) {
        for (let i = 0; i < count; i++) {
          const weight = w[t * stride + i];
          expected[t] += weight * images[i];
          sizes[t] += weight * (norms[i] + leastNorm);
        }
      }
      return found;
    },
    total() {
      check("sums", rowImages(total, random), expected, sizes, columns, rows + columns);
      return total;
    },
  };
}

/** Where entries have weights: what they make of residuals and curvatures. */
function weightsOfEntries(
  workspace: Workspace,
  weights: ArrayLike<number>,
  h: Float64Array,
  [rows, columns]: readonly [number, number],
  together: number,
) {
  const rank = h.length / columns;
  const place = (label: string, height: number, width: number) => factorIn(workspace, "f64", height, width, label);
  const squares = place("squared components", rank, columns), masses = place("weights of entries", together, columns);
  const squaredFactors = place("squared weights", rank, together);
  elementsOf(workspace, squares).set(h.map((value) => value * value));
  const m = elementsOf(workspace, masses), projections = createProjections(workspace, squares, rows, together);
  return {
    /** `M H^2` of some rows, whose weights begin at `from`, while `W^2 M` is added up. */
    curvatures(count: number, factors: MatrixOperand, from: number): Promise<Float64Array> {
      const w = workspace.host.view(factors.array) as Float64Array, group = { ...masses, rows: count };
      for (let at = 0, end = count * columns; at < end; at++) m[at] = weights[from + at];
      elementsOf(workspace, squaredFactors).set(w.map((value) => value * value));
      return projections.add(group, { ...factors, array: squaredFactors.array }, projections.look(group));
    },
    /** Multiplies the residuals of those rows by their weights. @returns the weighted sum of their squares */
    weigh(e: Float64Array, length: number): number {
      let sum = 0;
      for (let at = 0; at < length; at++) {
        const value = e[at], weighted = e[at] = m[at] * value;
        sum += weighted * value;
      }
      return sum;
    },
    total: projections.total,
  };
}

/** Sums of the rows of a matrix, in one pass: norms, and products with two vectors. */
function rowSums(matrix: Float64Array, x: Float64Array, y = x): RowSums {
  const { length } = x, count = matrix.length / length;
  const norms = new Float64Array(count), images = new Float64Array(count), mixtures = new Float64Array(count);
  for (let i = 0, at = 0; i < count; i++) {
    let a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, j = 0;
    for (; j + 1 < length; j += 2, at += 2) {
      const value = matrix[at], next = matrix[at + 1];
      a += value * value;
      b += next * next;
      c += value * x[j];
      d += next * x[j + 1];
      e += value * y[j];
      f += next * y[j + 1];
    }
    if (j < length) {
      const value = matrix[at++];
      a += value * value;
      c += value * x[j];
      e += value * y[j];
    }
    norms[i] = Math.sqrt(a + b);
    images[i] = c + d;
    mixtures[i] = e + f;
  }
  return { norms, images, mixtures };
}

/** Products of rows with a vector. */
function rowImages(matrix: Float64Array, x: Float64Array): Float64Array {
  const images = new Float64Array(matrix.length / x.length);
  for (let i = 0; i < images.length; i++) images[i] = plainDot(matrix, x, x.length, i * x.length);
  return images;
}

/**
 * Compares rows of a product, each times a random vector, with plain sums.
 *
 * @param sizes Bounds on the norms of the rows before they cancel.
 * @param terms Terms of the longest sum.
 */
function check(
  what: string,
  received: Float64Array,
  expected: Float64Array,
  sizes: Float64Array,
  width: number,
  terms: number,
): void {
  const unit = roundings * Number.EPSILON * terms * Math.sqrt(width);
  for (let i = 0; i < received.length; i++) {
    if (Math.abs(received[i] - expected[i]) <= unit * (sizes[i] + leastNorm)) continue;
    throw distrust(
      `the ${what} of row ${i} times a random vector are ${received[i]}, but ${expected[i]} by plain sums`,
    );
  }
}
