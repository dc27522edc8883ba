import { roundHalfToEven } from "../../kernels/engine/mod.ts";
import { DataError } from "../core/errors.ts";
import { likeVector, type Matrix, matrix, type Vector } from "../core/matrix.ts";
import { orderStatistic } from "../core/order_statistic.ts";
import type { ScalePrecision } from "./options.ts";
import { scaleRounding } from "./scale_precision.ts";

/** The grid of every row and group: its points are `scale (code - zero point)` for codes 0 to `2^bits - 1`. */
export interface Grid {
  /** [rows, groups], positive. */
  readonly scales: Matrix;
  /** Zero points [rows, groups], whole numbers. */
  readonly zeros: Matrix;
}

/** How a grid is fitted. */
export interface GridOptions {
  readonly bits: number;
  readonly groupSize: number;
  readonly symmetric: boolean;
  readonly scalePrecision?: ScalePrecision;
  /** Share of a row's weights that may lie outside, half of it at each end. @default 0 */
  readonly trimmed?: number;
  /** Columns that do not count. @default none */
  readonly excluded?: ReadonlySet<number>;
}

/**
 * Min-max grids in the precision of the weights; their range always holds 0.
 *
 * Groups are fitted on the weights as given, before any column moves ("static groups"), so that the grid does not
 * depend on the method nor on the order of columns.
 */
export function fitGrid(weights: Matrix, options: GridOptions): Grid {
  const { bits, groupSize } = options, round = scaleRounding(options.scalePrecision);
  const [rows, columns] = weights.shape;
  const groups = Math.ceil(columns / groupSize);
  const maximumCode = 2 ** bits - 1;
  const scales = matrix(rows, groups, likeVector(weights.data, rows * groups));
  const zeros = matrix(rows, groups, likeVector(weights.data, rows * groups));
  const range = rangeFinder(options, likeVector(weights.data, groupSize));
  for (let i = 0; i < rows; i++) {
    for (let group = 0; group < groups; group++) {
      const begin = group * groupSize, end = Math.min(columns, begin + groupSize);
      const [least, most] = range(weights.data.subarray(i * columns + begin, i * columns + end), begin);
      const at = i * groups + group;
      scales.data[at] = round(most / maximumCode - least / maximumCode);
      if (scales.data[at] === Infinity) throw tooWide(i, options.scalePrecision);
      // Rounding to the precision of the weights may underflow to 0; every weight is then nearer 0 than any scale.
      if (!(scales.data[at] > 0)) scales.data[at] = 1;
      // Nor may a scale of few digits move the zero point beyond the codes.
      const zero = Math.min(roundHalfToEven(-least / scales.data[at]), maximumCode);
      zeros.data[at] = options.symmetric ? (maximumCode + 1) / 2 : zero;
    }
  }
  return { scales, zeros };
}

function tooWide(row: number, precision: ScalePrecision = "f32"): DataError {
  return new DataError(
    "weights",
    `Cannot quantize the layer: the weights of row ${row} need a scale that is beyond the largest number of ${precision}.`,
  );
}

/**
 * The range that a run of weights from column `begin` on must cover. `buffer` is as long as a run: a new array for each
 * would leave a copy of the layer behind.
 */
function rangeFinder({ symmetric, trimmed = 0, excluded }: GridOptions, buffer: Vector) {
  return (weights: Vector, begin: number): [least: number, most: number] => {
    const counted = excluded ? without(excluded, weights, begin, buffer) : weights;
    const drop = Math.round(counted.length * trimmed / 2);
    let least = 0, most = 0;
    if (drop === 0) {
      for (let j = 0; j < counted.length; j++) {
        if (counted[j] < least) least = counted[j];
        else if (counted[j] > most) most = counted[j];
      }
    } else {
      buffer.set(counted);
      const parted = buffer.subarray(0, counted.length);
      // As the authors' code: the n-th smallest and the (n + 1)-th largest.
      least = Math.min(orderStatistic(parted, drop - 1), 0);
      most = Math.max(orderStatistic(parted, parted.length - 1 - drop, drop - 1), 0);
    }
    if (symmetric) {
      most = Math.max(-least, most);
      least = -most;
    }
    return least === 0 && most === 0 ? [-1, 1] : [least, most];
  };
}

/** The weights of a run from column `begin` on that are not in excluded columns, in `buffer`. */
function without(excluded: ReadonlySet<number>, weights: Vector, begin: number, buffer: Vector): Vector {
  let count = 0;
  for (let j = 0; j < weights.length; j++) if (!excluded.has(begin + j)) buffer[count++] = weights[j];
  return buffer.subarray(0, count);
}
