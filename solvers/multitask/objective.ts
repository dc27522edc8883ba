/** What is minimised, in plain f64. @module */

/** Supports of the tasks, with their coefficients where they are known. */
export interface Supports {
  readonly features: readonly (readonly number[])[];
  readonly values: readonly Float64Array[];
}

/** What a fit minimises beside the loss, in the units of the scaled problem. */
export interface Penalties {
  /** Most features of each task. */
  readonly support: number;
  readonly ridge: number;
  readonly valueSharing: number;
  readonly supportSharing: number;
  /** All tasks have one support. */
  readonly common: boolean;
}

/** `sum_k (z_k - mean)^2` for a feature that `count` tasks have: concave in the count, so that tasks change together. */
export const disagreement = (count: number, tasks: number) => count * (tasks - count) / tasks;

/** What supports and coefficients cost beside their loss. */
export function priceOf({ features, values }: Supports, penalties: Penalties, featureCount: number): number {
  const { ridge, valueSharing, supportSharing, common } = penalties, tasks = features.length;
  const sums = new Float64Array(featureCount), counts = new Float64Array(featureCount);
  let squares = 0, price = 0;
  features.forEach((support, k) =>
    support.forEach((j, i) => {
      const value = values[k][i];
      if (value === 0) return;
      squares += value * value;
      sums[j] += value;
      counts[j]++;
    })
  );
  for (let j = 0; j < featureCount; j++) {
    if (counts[j] === 0) continue;
    if (!common) price += supportSharing / 2 * disagreement(counts[j], tasks);
    price -= valueSharing / 2 * sums[j] * sums[j] / tasks;
  }
  return price + (ridge + valueSharing) / 2 * squares;
}

/**
 * The objective of supports at their best coefficients, to rank them: there `loss + price` is `nullLoss - l^T b / 2` beside
 * the price of the supports.
 */
export function rankingOf(
  { features, values }: Supports,
  penalties: Penalties,
  set: { readonly nullLoss: number; readonly scaled: readonly { readonly linear: Float64Array }[] },
): number {
  const tasks = features.length, counts = new Map<number, number>();
  let objective = set.nullLoss;
  features.forEach((support, k) =>
    support.forEach((j, i) => {
      objective -= values[k][i] * set.scaled[k].linear[j] / 2;
      counts.set(j, (counts.get(j) ?? 0) + 1);
    })
  );
  if (!penalties.common) {
    for (const count of counts.values()) objective += penalties.supportSharing / 2 * disagreement(count, tasks);
  }
  return objective;
}
