import type { Matrix } from "../core/matrix.ts";
import { noticeableRounding, squaredResiduals } from "../core/precise_sums.ts";
import { atOnce } from "../core/steps.ts";
import type { MultiTaskData } from "./data.ts";
import { type Penalties, priceOf, type Supports } from "./objective.ts";

/**
 * The objective of an answer from the caller's own data, in plain f64, and how far rounding may separate it from what the
 * search has; in the units of the scaled response. The intercept is the one at which the residuals' mean is 0.
 *
 * O(samples x support).
 */
export function plainObjective(
  { prepared, responseScale, scales, intercept }: MultiTaskData,
  supports: Supports,
  { coefficients, intercepts }: { readonly coefficients: Matrix; readonly intercepts: Float64Array },
  penalties: Penalties,
): { objective: number; rounding: number; meanSquaredErrors: Float64Array } {
  const [features, tasks] = coefficients.shape, unit = Number.EPSILON;
  const scaled = {
    features: supports.features,
    values: supports.features.map((support, k) =>
      Float64Array.from(support, (j) => {
        const value = coefficients.data[j * tasks + k];
        return value === 0 ? 0 : value * scales[j] / responseScale;
      })
    ),
  };
  let objective = priceOf(scaled, penalties, features), rounding = 0;
  const meanSquaredErrors = new Float64Array(tasks);
  prepared.forEach((task, k) => {
    const { X, y, weights, totalWeight, taskWeight, moments: { means, tails }, isEmpty, isConstant } = task;
    const support = supports.features[k], terms = support.length + 4;
    let sum = 0, size = 0, off = 0;
    for (let i = 0; i < y.length; i++) {
      let residual = isConstant ? 0 : (y[i] - task.responseMean - task.responseTail) / responseScale;
      let magnitude = Math.abs(residual) + Math.abs(task.responseMean / responseScale) * unit;
      for (const j of support) {
        // The task tells nothing of it: what rounding leaves of its column is not data.
        if (isEmpty[j]) continue;
        const part = (X.data[i * features + j] - means[j] - tails[j]) * coefficients.data[j * tasks + k] /
          responseScale;
        residual -= part;
        magnitude += Math.abs(part);
      }
      const weight = weights ? weights[i] : 1;
      sum += weight * residual * residual;
      size += weight * magnitude * magnitude;
      off += weight * terms * unit * magnitude * (Math.abs(residual) + terms * unit * magnitude);
    }
    rounding += taskWeight * off / totalWeight;
    if (off > noticeableRounding * sum) {
      // Where terms cancel, residuals are those of twice the precision.
      const own = Float64Array.from({ length: features }, (_, j) => coefficients.data[j * tasks + k]);
      sum = atOnce(squaredResiduals({
        X,
        y: isConstant ? new Float64Array(y.length) : y,
        weightOf: (i) => weights ? weights[i] : 1,
        totalWeight,
        support: Uint32Array.from(support).filter((j) => !isEmpty[j]),
        coefficients: own,
        intercept: isConstant ? 0 : intercepts[k],
        centred: intercept,
        scale: responseScale,
      }));
    }
    meanSquaredErrors[k] = sum / totalWeight * responseScale ** 2;
    objective += taskWeight * sum / totalWeight / 2;
    rounding += (y.length + terms) * unit * taskWeight * size / totalWeight;
  });
  return {
    objective,
    rounding: rounding + 1e-13 * Math.abs(objective) + 1e-14 * penaltySize(scaled, penalties),
    meanSquaredErrors,
  };
}

/** Sum of the magnitudes of which the penalties are made. */
function penaltySize({ values }: Supports, { ridge, valueSharing, supportSharing }: Penalties): number {
  const squares = values.reduce((sum, own) => Array.from(own).reduce((part, value) => part + value * value, sum), 0);
  return (ridge + 2 * valueSharing) * squares + supportSharing * values.reduce((sum, own) => sum + own.length, 0);
}
