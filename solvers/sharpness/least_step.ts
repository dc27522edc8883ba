/** The step at which a sum over directions is least, by branch and bound over ranges of steps. @module */

/** `square u^2 + slope u`, `square >= 0 >= slope`, in what is left of a direction, `u = kept^step`. */
export interface Quadratic {
  readonly kept: number;
  readonly square: number;
  readonly slope: number;
}

/** What a bound must lie below the least value found for its range to be looked into, as a share. */
const rounding = 1e-13;

/** A term's least value over `u` from `least` to `most`. */
function leastValue({ square, slope }: Quadratic, least: number, most: number): number {
  const best = square > 0 ? Math.min(most, Math.max(least, -slope / (2 * square))) : most;
  return best * (square * best + slope);
}

/** What no step from `begin` to `end` is below. */
function boundOf(terms: readonly Quadratic[], begin: number, end: number): number {
  let sum = 0;
  for (const term of terms) {
    if (term.square === 0 && term.slope === 0) continue;
    const size = Math.abs(term.kept), first = size ** begin, last = size ** end;
    const least = Math.min(first, last), most = Math.min(Number.MAX_VALUE, Math.max(first, last));
    const even = leastValue(term, least, most);
    // Odd and even steps lie on two sides of 0.
    sum += term.kept < 0 ? Math.min(even, leastValue(term, -most, -least)) : even;
  }
  return Number.isNaN(sum) ? -Infinity : sum;
}

/** Whether the sum rises, falls or is convex all the way; "open" where these bounds do not tell. */
function shapeOf(
  terms: readonly Quadratic[],
  begin: number,
  end: number,
  negligible: number,
): "rising" | "falling" | "convex" | "open" {
  let leastSlope = 0, mostSlope = 0, leastBend = 0;
  for (const { kept, square, slope } of terms) {
    if (Math.abs(kept) ** begin * (square + Math.abs(slope)) < negligible) continue;
    if (!(kept > 0 && kept < 1)) return "open";
    // With u = exp(-rate step): derivatives -rate (2 square u^2 + slope u), rate^2 (4 square u^2 + slope u), slope <= 0.
    const rate = -Math.log(kept), most = kept ** begin, least = kept ** end;
    leastSlope -= rate * (2 * square * most * most + slope * least);
    mostSlope -= rate * (2 * square * least * least + slope * most);
    leastBend += rate * rate * (4 * square * least * least + slope * most);
  }
  return leastSlope >= 0 ? "rising" : mostSlope <= 0 ? "falling" : leastBend >= 0 ? "convex" : "open";
}

/**
 * The first step from 0 to `most` at which `valueAt` is least, but for rounding.
 *
 * @param valueAt `constant` and the sum of the terms; NaN or infinite where it is beyond the range of numbers.
 */
export function leastStep(
  terms: readonly Quadratic[],
  most: number,
  valueAt: (step: number) => number,
  constant: number,
): number {
  let best = 0, value = Infinity;
  // What cancels in a value; squares do not, so that a sum that begins at 1e10 of its end is followed to its end.
  const cancelling = terms.reduce((sum, { slope }) => sum + Math.abs(slope), Math.abs(constant));
  const roundingOf = (value: number) => rounding * (cancelling + Math.abs(value));
  const consider = (step: number) => {
    const here = valueAt(step), apart = roundingOf(here);
    if (here < value - apart || here < value + apart && step < best) {
      best = step;
      value = Math.min(value, here);
    }
  };
  // A good step to begin with rules most ranges out.
  for (let step = 0; step < most; step = Math.max(step + 1, Math.round(step * 1.3))) consider(step);
  consider(most);
  const ranges: [begin: number, end: number][] = [[0, most]];
  while (ranges.length > 0) {
    const [begin, end] = ranges.pop()!;
    if (constant + boundOf(terms, begin, end) >= value - roundingOf(value)) continue;
    if (end - begin < 4) {
      for (let step = begin; step <= end; step++) consider(step);
      continue;
    }
    const shape = shapeOf(terms, begin, end, roundingOf(value) / (1 + terms.length));
    if (shape === "rising") consider(begin);
    else if (shape === "falling") consider(end);
    else if (shape === "convex") {
      let low = begin, high = end;
      while (high - low > 2) {
        const middle = Math.floor((low + high) / 2);
        if (valueAt(middle) <= valueAt(middle + 1)) high = middle;
        else low = middle + 1;
      }
      for (let step = low; step <= high; step++) consider(step);
    }
    if (shape !== "open") continue;
    // Ranges are even in the logarithm of the step: there a path changes evenly.
    const middle = end > 2 * begin + 2 ? Math.floor(Math.sqrt((begin + 1) * end)) : Math.floor((begin + end) / 2);
    ranges.push([Math.min(end, middle + 1), end], [begin, middle]);
  }
  return best;
}
