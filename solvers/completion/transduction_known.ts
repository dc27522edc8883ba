/** What was observed of a joint matrix, in standardised units. @module */

import { inRanges, type Steps } from "../core/steps.ts";
import { type JointMatrix, label, missing, type Standards } from "./transduction_data.ts";
import type { TransductionMethod } from "./transduction_options.ts";

/** What the projection needs to know. */
export interface ProjectionOptions {
  readonly method: TransductionMethod;
  readonly labelWeight: number;
  readonly dataWeight: number;
}

/** What was observed, in the order of the array of a joint matrix. */
export interface Known {
  readonly places: Uint32Array;
  /** In standardised units. */
  readonly targets: Float64Array;
  /** Of labels 1 or -1; of features 0. */
  readonly sides: Int8Array;
  /** Of labels, what is added to their scores. */
  readonly offsets: Float64Array;
}

/** Finds it. @param turned The items stand in the columns of the array. */
export function* knownOf(
  joint: JointMatrix,
  standards: Standards,
  turned: boolean,
  labelWeight: number,
): Steps<Known> {
  const { items, features, labels, kinds } = joint;
  let count = 0, placed = 0;
  yield* inRanges(kinds.length, 2, (begin, end) => {
    count += countKnown(kinds, begin, end);
  });
  const known: Known = {
    places: new Uint32Array(count),
    targets: new Float64Array(count),
    sides: new Int8Array(count),
    offsets: new Float64Array(count),
  };
  yield* inRanges(items, 10 * (features + labels), (begin, end) => {
    placed = placeKnown(joint, standards, turned, labelWeight, known, placed, begin, end);
  });
  return known;
}

function countKnown(kinds: Uint8Array, begin: number, end: number): number {
  let count = 0;
  for (let at = begin; at < end; at++) if (kinds[at] !== missing) count++;
  return count;
}

/** Notes what was observed of some items, from the `k`-th on; returns how many there are now. */
function placeKnown(
  { items, features, labels, values, kinds }: JointMatrix,
  { centres, scales }: Standards,
  turned: boolean,
  labelWeight: number,
  { places, targets, sides, offsets }: Known,
  k: number,
  begin: number,
  end: number,
): number {
  const width = features + labels;
  for (let i = begin, at = begin * width; i < end; i++) {
    for (let j = 0; j < width; j++, at++) {
      if (kinds[at] === missing) continue;
      places[k] = turned ? j * items + i : at;
      targets[k] = (values[at] - centres[j]) / scales[j];
      if (kinds[at] === label) {
        sides[k] = values[at] > 0 ? 1 : -1;
        offsets[k] = centres[j] * labelWeight;
      }
      k++;
    }
  }
  return k;
}

/** Writes what was observed of some items, standardised, where there is a zero for what was not; the sum of squares. */
export function standardise(
  { features, labels, values, kinds }: JointMatrix,
  { centres, scales }: Standards,
  whole: Float64Array,
  begin: number,
  end: number,
): number {
  const width = features + labels;
  let squares = 0;
  for (let i = begin, at = begin * width; i < end; i++) {
    for (let j = 0; j < width; j++, at++) {
      if (kinds[at] === missing) continue;
      const value = (values[at] - centres[j]) / scales[j];
      whole[at] = value;
      squares += value * value;
    }
  }
  return squares;
}

/** What `soft` adds to `width^2` times the smoothed rank of a whole joint matrix. */
export function* dataTerm(
  whole: ArrayLike<number>,
  joint: JointMatrix,
  standards: Standards,
  { labelWeight, dataWeight }: ProjectionOptions,
): Steps<number> {
  const { items, features, labels } = joint, sums = { squares: 0, losses: 0 };
  yield* inRanges(items, 8 * (features + labels), (begin, end) => {
    addMisfit(whole, joint, standards, labelWeight, sums, begin, end);
  });
  return dataWeight * (sums.squares / 2 + labelWeight ** 2 * sums.losses);
}

/** Adds the squared errors of features and the logistic losses of labels of some items. */
function addMisfit(
  whole: ArrayLike<number>,
  { features, labels, values, kinds }: JointMatrix,
  { centres, scales }: Standards,
  labelWeight: number,
  sums: { squares: number; losses: number },
  begin: number,
  end: number,
): void {
  const width = features + labels;
  let { squares, losses } = sums;
  for (let i = begin, at = begin * width; i < end; i++) {
    for (let j = 0; j < width; j++, at++) {
      if (kinds[at] === missing) continue;
      if (kinds[at] === label) {
        losses += Math.log1p(Math.exp(-Math.sign(values[at]) / labelWeight * (whole[at] + centres[j] * labelWeight)));
      } else squares += (whole[at] - (values[at] - centres[j]) / scales[j]) ** 2;
    }
  }
  sums.squares = squares;
  sums.losses = losses;
}
