/** What measurements of claims give, and how they are summed up. */

import type { Table, Target } from "../case.ts";

/** What these measurements give to the case. */
export interface Claims {
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
}

/** Mean and its standard error. */
export function spread(values: readonly number[]): { mean: number; error: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
  return { mean, error: Math.sqrt(square / values.length) };
}
