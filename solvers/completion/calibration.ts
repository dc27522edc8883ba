/** Probabilities from scores. @module */

/** `P(y = 1) = 1 / (1 + exp(-(slope score + shift)))`. */
export interface ProbabilityScale {
  /** What a score is multiplied by, > 0. */
  readonly slope: number;
  /** What is added. */
  readonly shift: number;
  /** Scores that it was fitted to. */
  readonly count: number;
}

/** Fewest scores of either class for a calibration. */
const leastOfClass = 10;

/** Newton steps; some ten are usual. */
const mostSteps = 50;

/**
 * Platt's (1999) calibration: the logistic regression of labels on scores, with his targets `(n + 1) / (n + 2)`, which
 * keep it finite.
 *
 * @returns undefined where a class has fewer than ten scores, or where higher scores do not mean more positive labels
 */
export function plattCalibration(scores: ArrayLike<number>, labels: ArrayLike<number>): ProbabilityScale | undefined {
  const count = scores.length;
  let positive = 0;
  for (let k = 0; k < count; k++) if (labels[k] > 0) positive++;
  const negative = count - positive;
  if (Math.min(positive, negative) < leastOfClass) return undefined;
  const high = (positive + 1) / (positive + 2), low = 1 / (negative + 2);
  let slope = 0, shift = Math.log((positive + 1) / (negative + 1)), loss = Infinity, step = 1;
  const lossAt = (slope: number, shift: number) => {
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const t = slope * scores[k] + shift, target = labels[k] > 0 ? high : low;
      sum += Math.max(t, 0) + Math.log1p(Math.exp(-Math.abs(t))) - target * t;
    }
    return sum;
  };
  loss = lossAt(slope, shift);
  for (let round = 0; round < mostSteps; round++) {
    let g0 = 0, g1 = 0, h00 = 1e-12, h01 = 0, h11 = 1e-12;
    for (let k = 0; k < count; k++) {
      const s = scores[k], p = 1 / (1 + Math.exp(-(slope * s + shift))), d = p - (labels[k] > 0 ? high : low);
      const weight = p * (1 - p);
      g0 += d * s;
      g1 += d;
      h00 += weight * s * s;
      h01 += weight * s;
      h11 += weight;
    }
    const determinant = h00 * h11 - h01 * h01;
    if (!(determinant > 0)) break;
    const ds = (h11 * g0 - h01 * g1) / determinant, dt = (h00 * g1 - h01 * g0) / determinant;
    let there = lossAt(slope - step * ds, shift - step * dt);
    for (step = 1; !(there <= loss) && step > 1e-8; step /= 2) there = lossAt(slope - step * ds, shift - step * dt);
    if (!(there <= loss)) break;
    slope -= step * ds;
    shift -= step * dt;
    const gained = loss - there;
    loss = there;
    step = 1;
    if (gained <= 1e-12 * loss) break;
  }
  return slope > 0 ? { slope, shift, count } : undefined;
}
