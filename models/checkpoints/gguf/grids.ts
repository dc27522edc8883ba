/**
 * Grids of the blocks of 256 weights, whose scales have six bits of a factor in f16: `Q3_K` in groups of 16, `Q4_K` in groups
 * of 32. They are fitted before codes are chosen, by rounding errors that weigh as the diagonal of the Gram matrix says, and
 * stay as they are.
 */

import { decodeFloat16, encodeFloat16 } from "../../../formats/half.ts";
import { type Matrix, matrix, type Vector } from "../../../solvers/core/matrix.ts";
import type { FixedGrid } from "../../../solvers/quantization/options.ts";

/** The grid of a layer in the blocks of a format, as options of `quantizeLayer`. */
export interface BlockGrid {
  /** Columns that share a scale. */
  readonly groupSize: number;
  /** Scales and zero points that stay as they are. */
  readonly fixedGrid: FixedGrid;
}

/** Weights of a block. */
const block = 256;

/** Shares of the range of a group that are tried. */
const shares = Array.from({ length: 13 }, (_, k) => 1 - 0.05 * k);

/** The least positive number of f16. */
const leastHalf = 2 ** -24;

/** The number of f16 next to a positive one. */
const half = (value: number) => Math.max(decodeFloat16(encodeFloat16([value]))[0], leastHalf);

/** A grid of a group: points `scale code - minimum` for codes from 0 to the largest. */
interface GroupGrid {
  readonly scale: number;
  readonly minimum: number;
}

/** Weights of a group and what their errors weigh. */
interface Group {
  readonly weights: Vector;
  readonly curvatures: Float64Array;
  readonly most: number;
}

/**
 * The grid of a layer in blocks of 256, for 3 bits `Q3_K` and for 4 bits `Q4_K`; undefined where its width or the bits are
 * others.
 *
 * Complexity: `outputs * inputs` times a few dozen roundings.
 */
export function blockGridOf(weights: Matrix, gram: Matrix, bits: number): BlockGrid | undefined {
  const { data, shape: [rows, columns] } = weights;
  if (columns % block !== 0 || bits !== 3 && bits !== 4) return undefined;
  const groupSize = bits === 3 ? 16 : 32, groups = columns / groupSize, inBlock = block / groupSize;
  const curvatures = Float64Array.from({ length: columns }, (_, j) => gram.data[j * (columns + 1)]);
  const scales = matrix(rows, groups), zeros = matrix(rows, groups), fit = bits === 3 ? fitSigned : fitMinimums;
  for (let i = 0; i < rows; i++) {
    for (let first = 0; first < groups; first += inBlock) {
      const parts = Array.from({ length: inBlock }, (_, g): Group => {
        const begin = (first + g) * groupSize, end = begin + groupSize;
        return {
          weights: data.subarray(i * columns + begin, i * columns + end),
          curvatures: curvatures.subarray(begin, end),
          most: 2 ** bits - 1,
        };
      });
      fit(parts).forEach(({ scale, minimum }, g) => {
        const at = i * groups + first + g;
        scales.data[at] = scale;
        zeros.data[at] = minimum / scale;
      });
    }
  }
  return { groupSize, fixedGrid: { scales, zeros } };
}

/** What rounding to a grid loses. */
function lossOf({ weights, curvatures, most }: Group, { scale, minimum }: GroupGrid): number {
  let loss = 0;
  for (let j = 0; j < weights.length; j++) {
    const code = Math.min(Math.max(Math.round((weights[j] + minimum) / scale), 0), most);
    const error = weights[j] + minimum - scale * code;
    loss += curvatures[j] * error * error;
  }
  return loss;
}

/** The one that loses least; the first of equal ones. */
function bestOf(group: Group, candidates: readonly GroupGrid[]): GroupGrid {
  let best = candidates[0], least = Infinity;
  for (const candidate of candidates) {
    const loss = lossOf(group, candidate);
    if (loss < least) [best, least] = [candidate, loss];
  }
  return best;
}

/** The range of the weights and 0. */
function rangeOf({ weights }: Group): [least: number, most: number] {
  let least = 0, most = 0;
  for (const weight of weights) {
    least = Math.min(least, weight);
    most = Math.max(most, weight);
  }
  return [least, most];
}

/** Zero points 3 and 4, for the factor of a group has a sign: up to 31 the one way, and 32 the other. */
const signs = [{ zero: 4, limit: 31 }, { zero: 3, limit: 32 }] as const;

/** `d n (code - 4)` or `d n (code - 3)`, with n from 1. */
function fitSigned(groups: readonly Group[]): GroupGrid[] {
  const wanted = groups.map((group) => {
    const [least, most] = rangeOf(group);
    const candidates = signs.flatMap(({ zero }) => {
      const full = Math.max(-least / zero, most / (7 - zero));
      return shares.map((share) => ({ scale: full * share || leastHalf, minimum: zero * (full * share || leastHalf) }));
    });
    return bestOf(group, candidates);
  });
  const d = half(Math.max(...wanted.map(({ scale }) => scale)) / 31);
  return groups.map((group, g) => {
    const near = Math.round(wanted[g].scale / d);
    return bestOf(
      group,
      signs.flatMap(({ zero, limit }) =>
        [near, near - 1, near + 1].map((n) => d * Math.min(Math.max(n, 1), limit))
          .map((scale) => ({ scale, minimum: zero * scale }))
      ),
    );
  });
}

/** `d n code - m k`, with n from 1 and k from 0 to 63. */
function fitMinimums(groups: readonly Group[]): GroupGrid[] {
  const wanted = groups.map((group) => {
    const [least, most] = rangeOf(group), full = (most - least) / group.most || leastHalf;
    const candidates = shares.flatMap((share) => {
      const one = { scale: full * share, minimum: -least * share };
      return [one, leastSquares(group, one)];
    });
    return bestOf(group, candidates);
  });
  const d = half(Math.max(...wanted.map(({ scale }) => scale)) / 63);
  const largest = Math.max(...wanted.map(({ minimum }) => minimum)), m = largest > 0 ? half(largest / 63) : 0;
  const near = (value: number, unit: number, least: number) => {
    const whole = unit > 0 ? Math.round(value / unit) : 0;
    return [whole, whole - 1, whole + 1].map((n) => unit * Math.min(Math.max(n, least), 63));
  };
  return groups.map((group, g) => {
    const minimums = near(wanted[g].minimum, m, 0);
    return bestOf(
      group,
      near(wanted[g].scale, d, 1).flatMap((scale) => minimums.map((minimum) => ({ scale, minimum }))),
    );
  });
}

/** Scale and minimum by least squares for the codes of a grid; the grid itself where they would not be of that sign. */
function leastSquares({ weights, curvatures, most }: Group, grid: GroupGrid): GroupGrid {
  let [total, codes, squares, sum, products] = [0, 0, 0, 0, 0];
  for (let j = 0; j < weights.length; j++) {
    const code = Math.min(Math.max(Math.round((weights[j] + grid.minimum) / grid.scale), 0), most), h = curvatures[j];
    total += h;
    codes += h * code;
    squares += h * code * code;
    sum += h * weights[j];
    products += h * code * weights[j];
  }
  const determinant = total * squares - codes * codes;
  const scale = (total * products - codes * sum) / determinant,
    minimum = (codes * products - squares * sum) / determinant;
  return scale > 0 && scale < Infinity && minimum >= 0 ? { scale, minimum } : grid;
}
