/** What a step does to singular values. @module */

/** A function of singular values: what is kept of each, and what it costs. */
export interface Shrinkage {
  /** Its width, or its price. */
  readonly level: number;
  /** The share of a singular value that is kept. */
  share(value: number): number;
  /** What the value adds to the function that the step decreases. */
  cost(value: number): number;
  /** What a unit of the cost of violations adds to it. */
  readonly price: number;
}

/**
 * A gradient step on `F(X) = sum 1 - exp(-s^2 / 2 width^2)`, the smoothed rank: of length `step width^2`, whose gradient
 * is `1 / width^2`-Lipschitz, so that it decreases for steps below 2.
 */
export function smoothedRank(width: number, step = 1): Shrinkage {
  const scale = 1 / (2 * width * width);
  // 1 - exp(-x) without cancellation.
  const cost = (value: number) => -Math.expm1(-value * value * scale);
  return { level: width, share: (value) => 1 - step + step * cost(value), cost, price: 2 * scale };
}

/** The proximal operator of `lambda` times the nuclear norm. */
export function nuclearNorm(lambda: number): Shrinkage {
  const share = (value: number) => value > lambda ? 1 - lambda / value : 0;
  return { level: lambda, share, cost: (value) => lambda * value, price: 1 };
}

/** Shares of the largest singular value below which what is left of another is dropped: it would become denormal. */
const negligible = 1e-10;

/** The shares of falling values, zero where nothing is left to speak of; and how many there are before the first zero. */
export function sharesOf(
  values: Float64Array,
  shrinkage: Shrinkage,
  limit: number,
  least = negligible,
): { readonly shares: Float64Array; readonly kept: number } {
  const shares = Float64Array.from(values, (value, i) => i < limit ? shrinkage.share(value) : 0);
  const largest = values.reduce((most, value, i) => Math.max(most, Math.abs(shares[i]) * value), 0);
  let kept = 0;
  for (let i = 0; i < shares.length; i++) {
    if (Math.abs(shares[i]) * values[i] > least * largest && values[i] > negligible * values[0]) kept = i + 1;
    else shares[i] = 0;
  }
  return { shares, kept };
}
