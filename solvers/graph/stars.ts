import { plainDot } from "../core/plain_sums.ts";
import { createPace, type Steps } from "../core/steps.ts";
import { adjacencyOf } from "./edge_arrays.ts";
import type { GraphPoint } from "./pseudolikelihood.ts";

/**
 * The data term as a sum over vertices: the term `-log t_ii + ||Y t_i||^2 / t_ii` knows `t_ii` and the edges at `i` alone,
 * so that the block of `S` over `i` and its neighbours says all of it. Coordinates are the diagonal, then the edges.
 *
 * Memory and every evaluation: O(sum of (degree + 1)^2).
 */
export interface Stars {
  /** Vertices and edges. */
  readonly size: number;
  /** The value, or Infinity where the diagonal is not positive; with `gradient`, that as well. */
  evaluate(x: Float64Array, gradient?: Float64Array): number;
  /** Takes a point: what the two below speak of. */
  linearize(x: Float64Array): void;
  /** Calls `visit` for the lower triangle of the Hessian, entry by entry; those of equal place add up. */
  visitHessian(visit: (row: number, column: number, value: number) => void): void;
  /** The diagonal of the Hessian. */
  curvatures(): Float64Array;
  /** `product += Hessian x direction`. */
  multiply(direction: Float64Array, product: Float64Array): void;
}

/** Entries of all blocks together. */
export function starEntries(degrees: ArrayLike<number>): number {
  let entries = 0;
  for (let i = 0; i < degrees.length; i++) entries += (degrees[i] + 1) ** 2;
  return entries;
}

/** The stars of a graph; `covariance` is `S`, entry by entry, and `work` the multiply-adds that one takes. */
export function* createStars(
  { ends, diagonal }: Pick<GraphPoint, "ends" | "diagonal">,
  covariance: (i: number, j: number) => number,
  work = 1,
): Steps<Stars> {
  const isDue = createPace();
  const vertices = diagonal.length, size = vertices + (ends.length >> 1);
  const { starts, neighbours, incident } = adjacencyOf(ends, vertices);
  // Star i has its coordinates from `from[i]` on, the diagonal first, and its block from `blockFrom[i]` on, row by row.
  const from = new Uint32Array(vertices + 1), blockFrom = new Float64Array(vertices + 1);
  for (let i = 0; i < vertices; i++) {
    const count = starts[i + 1] - starts[i] + 1;
    from[i + 1] = from[i] + count;
    blockFrom[i + 1] = blockFrom[i] + count * count;
  }
  const coordinates = new Uint32Array(from[vertices]), blocks = new Float64Array(blockFrom[vertices]);
  for (let i = 0; i < vertices; i++) {
    const count = from[i + 1] - from[i];
    const vertexAt = (a: number) => a === 0 ? i : neighbours[starts[i] + a - 1];
    for (let a = 0; a < count; a++) {
      coordinates[from[i] + a] = a === 0 ? i : vertices + incident[starts[i] + a - 1];
      for (let b = 0; b <= a; b++) {
        const value = covariance(vertexAt(a), vertexAt(b));
        blocks[blockFrom[i] + a * count + b] = blocks[blockFrom[i] + b * count + a] = value;
      }
      // What has been gathered is of use whatever the time.
      if (isDue((a + 1) * work)) yield;
    }
  }
  let widest = 0;
  for (let i = 0; i < vertices; i++) widest = Math.max(widest, from[i + 1] - from[i]);
  /** The numbers of one star, gathered once for all rows of its block. */
  const own = new Float64Array(widest);
  function gather(first: number, count: number, x: Float64Array): void {
    for (let b = 0; b < count; b++) own[b] = x[coordinates[first + b]];
  }
  /** `S t_i` over each star, at the latest point. */
  const products = new Float64Array(from[vertices]), norms = new Float64Array(vertices);
  const taken = new Float64Array(vertices);

  function multiplyBlocks(x: Float64Array): void {
    for (let i = 0; i < vertices; i++) {
      const first = from[i], count = from[i + 1] - first;
      let norm = 0;
      gather(first, count, x);
      for (let a = 0; a < count; a++) {
        const product = plainDot(blocks, own, count, blockFrom[i] + a * count);
        products[first + a] = product;
        norm += own[a] * product;
      }
      norms[i] = Math.max(0, norm);
    }
  }

  return {
    size,
    evaluate(x, gradient) {
      for (let i = 0; i < vertices; i++) if (!(x[i] > 0)) return Infinity;
      multiplyBlocks(x);
      gradient?.fill(0);
      let value = 0;
      for (let i = 0; i < vertices; i++) {
        const t = x[i], first = from[i];
        value += norms[i] / t - Math.log(t);
        if (!gradient) continue;
        gradient[i] += (2 * products[first] - 1 - norms[i] / t) / t;
        for (let at = first + 1; at < from[i + 1]; at++) gradient[coordinates[at]] += 2 * products[at] / t;
      }
      return value;
    },
    linearize(x) {
      multiplyBlocks(x);
      taken.set(x.subarray(0, vertices));
    },
    visitHessian(visit) {
      for (let i = 0; i < vertices; i++) {
        const t = taken[i], first = from[i], count = from[i + 1] - first, block = blockFrom[i];
        visit(i, i, (1 + 2 * (blocks[block] * t - 2 * products[first] + norms[i] / t)) / (t * t));
        for (let a = 1; a < count; a++) {
          const row = coordinates[first + a];
          visit(row, i, 2 * (blocks[block + a] - products[first + a] / t) / t);
          for (let b = 1; b <= a; b++) {
            const column = coordinates[first + b], value = 2 * blocks[block + a * count + b] / t;
            visit(Math.max(row, column), Math.min(row, column), value);
          }
        }
      }
    },
    curvatures() {
      const curvatures = new Float64Array(size);
      for (let i = 0; i < vertices; i++) {
        const t = taken[i], first = from[i], count = from[i + 1] - first, block = blockFrom[i];
        curvatures[i] += (1 + 2 * (blocks[block] * t - 2 * products[first] + norms[i] / t)) / (t * t);
        for (let a = 1; a < count; a++) curvatures[coordinates[first + a]] += 2 * blocks[block + a * (count + 1)] / t;
      }
      return curvatures;
    },
    multiply(direction, product) {
      for (let i = 0; i < vertices; i++) {
        const t = taken[i], first = from[i], count = from[i + 1] - first, along = direction[i];
        let mixed = 0;
        gather(first, count, direction);
        for (let a = 0; a < count; a++) {
          const through = products[first + a];
          const sum = plainDot(blocks, own, count, blockFrom[i] + a * count) - through * along / t;
          mixed += through * own[a];
          product[coordinates[first + a]] += 2 * sum / t;
        }
        product[i] += (along * (1 + 2 * norms[i] / t) - 2 * mixed) / (t * t);
      }
    },
  };
}
