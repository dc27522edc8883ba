import type { Vector } from "../core/matrix.ts";
import type { Entries } from "./entries.ts";
import { huber, pullOf, violationOf } from "./violation.ts";

/**
 * Fills observed entries into a whole matrix of so many columns: by their weights, between what is there and them; those
 * known by their bins, by the proximal point of what a violation costs. Gives what the violations that are left cost.
 */
export function fillEntries(
  matrix: Vector,
  width: number,
  entries: Pick<Entries, "shape" | "indptr" | "columns" | "values" | "weights" | "bins">,
): number {
  const { shape, indptr, columns, values, weights, bins } = entries;
  let cost = 0;
  for (let i = 0; i < shape[0]; i++) {
    const row = i * width, end = indptr[i + 1];
    if (bins) {
      for (let e = indptr[i]; e < end; e++) {
        const at = row + columns[e], { pull, left } = pullToBin(entries, e, matrix[at]);
        matrix[at] -= pull;
        cost += left;
      }
    } else if (weights) {
      for (let e = indptr[i]; e < end; e++) {
        const at = row + columns[e];
        matrix[at] += weights[e] * (values[e] - matrix[at]);
      }
    } else {
      for (let e = indptr[i]; e < end; e++) matrix[row + columns[e]] = values[e];
    }
  }
  return cost;
}

/** What is taken off a value to bring it nearer to its bin, and what the violation that is left costs. */
export function pullToBin(
  { bins, weights }: Pick<Entries, "bins" | "weights">,
  entry: number,
  value: number,
): { readonly pull: number; readonly left: number } {
  const { lower, upper, threshold, weight: price } = bins!, weight = price * (weights ? weights[entry] : 1);
  const violation = violationOf(lower[entry], upper[entry], value), pull = pullOf(violation, threshold, weight);
  return { pull, left: weight * huber(violation - pull, threshold) };
}
