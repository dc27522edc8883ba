/** Values known by the bin that they lie in, and the price of lying outside of it. @module */

/** A bin for each entry, open ends infinite, and the price of lying outside: Huber's function of the distance. */
export interface Bins {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Distance up to which the price is quadratic. */
  readonly threshold: number;
  /** What the price is multiplied by. */
  readonly weight: number;
}

/** How far a value is above its bin, or below it as a negative number; 0 within. */
export function violationOf(lower: number, upper: number, value: number): number {
  return value > upper ? value - upper : value < lower ? value - lower : 0;
}

/** Huber's function: half the square up to the threshold, linear beyond. */
export function huber(distance: number, threshold: number): number {
  const size = Math.abs(distance);
  return size <= threshold ? size * size / 2 : threshold * (size - threshold / 2);
}

/** What the proximal point of `weight` times Huber's function of a violation takes off the value. */
export function pullOf(violation: number, threshold: number, weight: number): number {
  const most = weight * threshold;
  return Math.max(-most, Math.min(most, weight / (1 + weight) * violation));
}

/** Bins of some of the entries, in some order. */
export function pickBins(bins: Bins, entries: Uint32Array): Bins {
  const count = entries.length, lower = new Float64Array(count), upper = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    lower[k] = bins.lower[entries[k]];
    upper[k] = bins.upper[entries[k]];
  }
  return { ...bins, lower, upper };
}

/** Bins of the values without what is taken off each, in another unit. */
export function shiftBins(bins: Bins, taken: (entry: number) => number, unit: number): Bins {
  const count = bins.lower.length, lower = new Float64Array(count), upper = new Float64Array(count);
  for (let e = 0; e < count; e++) {
    const own = taken(e);
    lower[e] = (bins.lower[e] - own) / unit;
    upper[e] = (bins.upper[e] - own) / unit;
  }
  return { ...bins, lower, upper, threshold: bins.threshold / unit };
}
