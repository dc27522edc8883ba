import type { Vector } from "./matrix.ts";

/**
 * The `k`-th smallest of some numbers, counted from 0, in linear time on average: Hoare's FIND (CACM 1961), the pivot a
 * median of three. Reorders the numbers: none before place `k` is larger, none after it smaller.
 *
 * @param begin First place to look at, where those before it are known to hold none that is larger.
 */
export function orderStatistic(values: Vector, k: number, begin = 0): number {
  for (let left = begin, right = values.length - 1; left < right;) {
    const [a, b, c] = [values[left], values[(left + right) >> 1], values[right]];
    const pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    let i = left, j = right;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const value = values[i];
      values[i++] = values[j];
      values[j--] = value;
    }
    if (k <= j) right = j;
    else if (k >= i) left = i;
    else break;
  }
  return values[k];
}
