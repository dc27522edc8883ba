/** The penalties that paths and cross-validations visit. @module */

import { OptionError } from "../core/errors.ts";
import type { MultiTaskData } from "./data.ts";
import type { MultiTaskGrid, ResolvedPenalties } from "./options.ts";

/** Numbers of features by how many there are, as the authors' package has them. */
const supportsUpTo = [
  { features: 50, supports: [2, 4, 6, 10, 15, 20] },
  { features: 500, supports: [5, 10, 15, 20, 30] },
  { features: Infinity, supports: [5, 10, 15, 25, 40] },
];

/** Prices of supports that differ, as shares of the mean variance of the responses. */
const sharingShares = [0, 1e-4, 1e-3, 1e-2, 1e-1, 1];

const ridges = [1e-5, 1e-3, 0.1];

/**
 * All combinations in an order in which each is a good start for the next: supports fall, then prices of values that differ
 * rise, ridges fall, and prices of supports that differ rise.
 */
export function gridOf(
  given: MultiTaskGrid | undefined,
  data: MultiTaskData,
  commonSupport: boolean,
): ResolvedPenalties[] {
  const { features, prepared } = data;
  const fallback = supportsUpTo.find((one) => features <= one.features)!.supports.map((one) => Math.min(one, features));
  const variance = prepared.reduce((sum, task) => sum + varianceOf(task), 0) / prepared.length;
  const nothingToShare = commonSupport || prepared.length === 1;
  const values = {
    support: filled(given?.support, fallback),
    ridge: filled(given?.ridge, ridges),
    valueSharing: filled(given?.valueSharing, [0]),
    supportSharing: filled(
      given?.supportSharing,
      nothingToShare ? [0] : sharingShares.map((share) => share * variance),
    ),
  };
  if (values.support.some((count) => !Number.isInteger(count))) {
    throw new OptionError(
      "grid.support",
      `Cannot use "grid.support": expected whole numbers, received ${
        values.support.find((one) => !Number.isInteger(one))
      }.`,
    );
  }
  const points: ResolvedPenalties[] = [];
  for (const support of sorted(values.support, -1)) {
    for (const valueSharing of sorted(values.valueSharing, 1)) {
      for (const ridge of sorted(values.ridge, -1)) {
        for (const supportSharing of sorted(values.supportSharing, 1)) {
          points.push({ support, ridge, valueSharing, supportSharing });
        }
      }
    }
  }
  return points;
}

/** A given list has one number at least; an empty one is the default of what follows the data. */
function filled(given: readonly number[] | undefined, fallback: readonly number[]): readonly number[] {
  return given && given.length > 0 ? given : fallback;
}

function sorted(values: readonly number[], sign: 1 | -1): number[] {
  return [...new Set(values)].sort((a, b) => sign * (a - b));
}

function varianceOf({ y, weights, totalWeight, responseMean, isConstant }: MultiTaskData["prepared"][number]): number {
  if (isConstant) return 0;
  let sum = 0;
  for (let i = 0; i < y.length; i++) sum += (weights ? weights[i] : 1) * (y[i] - responseMean) ** 2;
  return sum / totalWeight;
}
