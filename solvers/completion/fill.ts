import type { Vector } from "../core/matrix.ts";
import type { Entries } from "./entries.ts";

/** Fills observed entries into a whole matrix of so many columns: by their weights, between what is there and them. */
export function fillEntries(
  matrix: Vector,
  width: number,
  { shape, indptr, columns, values, weights }: Pick<Entries, "shape" | "indptr" | "columns" | "values" | "weights">,
): void {
  for (let i = 0; i < shape[0]; i++) {
    const row = i * width, end = indptr[i + 1];
    if (weights) {
      for (let e = indptr[i]; e < end; e++) {
        const at = row + columns[e];
        matrix[at] += weights[e] * (values[e] - matrix[at]);
      }
    } else {
      for (let e = indptr[i]; e < end; e++) matrix[row + columns[e]] = values[e];
    }
  }
}
