/** Projected gradient descent on the supports of several tasks: iterative hard thresholding, block by block. @module */

import { disagreement, type Penalties, priceOf, type Supports } from "./objective.ts";
import type { SearchLimits } from "./problem.ts";
import type { ScaledTask } from "./scaled_tasks.ts";
import { plainDot } from "../core/plain_sums.ts";
import { lossOf } from "./solution.ts";

/** Steps of a power iteration. */
const powerSteps = 20;

/** Decrease of a sweep, as a share of the loss without features, at which a descent has converged. */
const leastDecrease = 1e-9;

/** Features of a task, beside those of its support, that a sweep steps along: a multiple of the support. */
const activeShare = 4;

interface Iterate {
  /** Coefficients of each task, one a feature. */
  readonly values: Float64Array[];
  readonly residuals: Float64Array[];
}

/**
 * Block coordinate descent over the tasks: a gradient step of length `1 / L_k`, then the features of best positive score.
 * `L_k` is the largest eigenvalue of the task's Gram matrix with its ridges, so that each step decreases the objective;
 * where the power iteration has underestimated it, it is doubled. Sweeps step along the support and some features more,
 * those of best score, and look at all features when they have converged (active sets).
 *
 * O(samples x features) a look, O(samples x support) a step.
 */
export async function descend(
  scaled: readonly ScaledTask[],
  penalties: Penalties,
  start: readonly (readonly number[])[],
  limits: SearchLimits,
): Promise<Supports> {
  const tasks = scaled.length, features = scaled[0].linear.length, { support: size, common } = penalties;
  const iterate: Iterate = {
    values: scaled.map(() => new Float64Array(features)),
    residuals: scaled.map(({ y }) => y.slice()),
  };
  const sums = new Float64Array(features), counts = new Uint32Array(features);
  const lipschitz = scaled.map((task) => largestEigenvalue(task) * 1.02 + penalties.ridge + penalties.valueSharing);
  const scale = scaled.reduce((sum, { nullLoss }) => sum + nullLoss, 0);
  const everything = Array.from({ length: features }, (_, j) => j);
  // A start gives supports without coefficients: the first sweeps step along them alone.
  let active: readonly (readonly number[])[] = start.some((one) => one.length > 0)
    ? start
    : scaled.map(() => everything);
  let objective = objectiveOf(), unchanged = 0;
  while (unchanged < 2) {
    const before = objective, chosenBefore = supportsOf().features.join(";");
    if (common) stepTogether(active[0]);
    else {
      for (let k = 0; k < tasks; k++) {
        stepOne(k, active[k]);
        if (await isTimeUp()) break;
      }
    }
    objective = objectiveOf();
    limits.moves++;
    if (!await isTimeUp() && limits.moves >= limits.moveLimit) limits.ended ??= "iteration-limit";
    if (limits.ended) break;
    const isDone = before - objective <= leastDecrease * scale;
    const looksAtAll = active[0].length === features;
    if (!isDone) {
      // Once all have been looked at, the best of them are what sweeps go on with.
      if (looksAtAll) active = candidates();
      continue;
    }
    unchanged = looksAtAll && supportsOf().features.join(";") === chosenBefore ? unchanged + 1 : 0;
    active = scaled.map(() => everything);
    if (looksAtAll && unchanged > 0) break;
  }
  return supportsOf();

  async function isTimeUp(): Promise<boolean> {
    if (await limits.run.checkpoint({ stage: "descent", fraction: 0, iteration: limits.moves, objective })) {
      limits.ended = "time-limit";
    }
    return limits.ended === "time-limit";
  }

  function supportsOf(): Supports {
    const chosen = iterate.values.map((own) => everything.filter((j) => own[j] !== 0));
    if (common) {
      const all = everything.filter((j) => iterate.values.some((own) => own[j] !== 0));
      chosen.fill(all);
    }
    return { features: chosen, values: chosen.map((one, k) => Float64Array.from(one, (j) => iterate.values[k][j])) };
  }

  function objectiveOf(): number {
    const supports = supportsOf();
    return scaled.reduce(
      (sum, task, k) => sum + lossOf(task, supports.features[k], supports.values[k]),
      priceOf(supports, penalties, features),
    );
  }

  /** What a task has in the objective, the others as they are: all of it that its coefficients can change. */
  function shareOf(k: number): number {
    const own = iterate.values[k];
    let share = plainDot(iterate.residuals[k], iterate.residuals[k]) / 2;
    for (let j = 0; j < features; j++) {
      if (own[j] === 0) continue;
      const others = sums[j] - own[j];
      share += (penalties.ridge + penalties.valueSharing) / 2 * own[j] * own[j] + entryPrice(counts[j] - 1) -
        penalties.valueSharing / (2 * tasks) * own[j] * (own[j] + 2 * others);
    }
    return share;
  }

  /** What a feature costs in one more task than `count`. */
  function entryPrice(count: number): number {
    if (common) return 0;
    return penalties.supportSharing / 2 * (disagreement(count + 1, tasks) - disagreement(count, tasks));
  }

  /** Coefficients of a task, and what all tasks have of each feature. */
  function assign(k: number, values: Float64Array): void {
    const own = iterate.values[k];
    for (let j = 0; j < features; j++) {
      if (own[j] === values[j]) continue;
      counts[j] += (values[j] !== 0 ? 1 : 0) - (own[j] !== 0 ? 1 : 0);
      sums[j] = counts[j] === 0 ? 0 : sums[j] + values[j] - own[j];
      own[j] = values[j];
    }
  }

  /** Where a gradient step of a task leads along some features. */
  function stepOf(k: number, along: readonly number[], length: number): Float64Array {
    const { X, samples } = scaled[k], own = iterate.values[k], residual = iterate.residuals[k];
    const { ridge, valueSharing } = penalties, gradient = new Float64Array(along.length);
    for (let i = 0; i < samples; i++) {
      const r = residual[i], from = i * features;
      for (let m = 0; m < along.length; m++) gradient[m] -= r * X[from + along[m]];
    }
    return gradient.map((value, m) => {
      const j = along[m];
      return own[j] - (value + ridge * own[j] + valueSharing * (own[j] - sums[j] / tasks)) / length;
    });
  }

  function scoresOf(k: number, along: readonly number[], target: Float64Array): Float64Array {
    const own = iterate.values[k];
    return target.map((value, m) => {
      const j = along[m], others = counts[j] - (own[j] !== 0 ? 1 : 0);
      return lipschitz[k] / 2 * value * value - entryPrice(others);
    });
  }

  function best(along: readonly number[], scores: Float64Array, count: number): number[] {
    return Array.from(along.keys()).filter((m) => scores[m] > 0)
      .sort((a, b) => scores[b] - scores[a] || along[a] - along[b]).slice(0, count);
  }

  function take(k: number, along: readonly number[], target: Float64Array, places: readonly number[]): void {
    const { X, samples, y } = scaled[k], residual = iterate.residuals[k], own = new Float64Array(features);
    residual.set(y);
    for (const m of places) {
      const j = along[m];
      own[j] = target[m];
      for (let i = 0; i < samples; i++) residual[i] -= target[m] * X[i * features + j];
    }
    assign(k, own);
  }

  function stepOne(k: number, along: readonly number[]): void {
    for (;;) {
      const before = shareOf(k), kept = iterate.values[k].slice(), residual = iterate.residuals[k].slice();
      const target = stepOf(k, along, lipschitz[k]);
      take(k, along, target, best(along, scoresOf(k, along, target), size));
      if (shareOf(k) <= before + 1e-14 * scale) return;
      assign(k, kept);
      iterate.residuals[k].set(residual);
      lipschitz[k] *= 2;
      if (!(lipschitz[k] < 1e6 * largestEigenvalue(scaled[k]) + 1e6)) return;
    }
  }

  function stepTogether(along: readonly number[]): void {
    const length = Math.max(...lipschitz), before = objectiveOf();
    const kept = iterate.values.map((own) => own.slice()), residuals = iterate.residuals.map((own) => own.slice());
    const targets = scaled.map((_, k) => stepOf(k, along, length)), scores = new Float64Array(along.length);
    for (const target of targets) target.forEach((value, m) => scores[m] += value * value);
    const places = best(along, scores, size);
    targets.forEach((target, k) => take(k, along, target, places));
    if (objectiveOf() <= before + 1e-14 * scale) return;
    kept.forEach((own, k) => {
      assign(k, own);
      iterate.residuals[k].set(residuals[k]);
    });
    lipschitz.fill(2 * length);
  }

  /** Supports and the features that a step would take next. */
  function candidates(): number[][] {
    const count = Math.min(features, Math.max(20, (1 + activeShare) * size));
    const chosen = scaled.map((_, k) => {
      const target = stepOf(k, everything, lipschitz[k]);
      return best(everything, common ? target.map((value) => value * value) : scoresOf(k, everything, target), count);
    });
    const own = supportsOf().features;
    if (!common) return chosen.map((one, k) => [...new Set([...own[k], ...one])].sort((a, b) => a - b));
    return chosen.map(() => [...new Set([...own.flat(), ...chosen.flat()])].sort((a, b) => a - b));
  }
}

/** The largest eigenvalue of a task's Gram matrix, from below: by power iteration. */
function largestEigenvalue({ X, samples, squares }: ScaledTask): number {
  const features = squares.length;
  let vector = squares.slice(), value = 0;
  for (let step = 0; step < powerSteps; step++) {
    const length = Math.hypot(...vector);
    if (length === 0) return 0;
    const next = new Float64Array(features);
    for (let i = 0; i < samples; i++) {
      let product = 0;
      for (let j = 0, at = i * features; j < features; j++, at++) product += X[at] * vector[j] / length;
      for (let j = 0, at = i * features; j < features; j++, at++) next[j] += product * X[at];
    }
    vector = next;
    value = Math.hypot(...next);
  }
  return value;
}
