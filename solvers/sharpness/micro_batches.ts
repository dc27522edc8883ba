/** Micro-batches of a batch: consecutive samples, in parts as equal as can be. @module */

import type { ResolvedOptimizer } from "./optimizer_options.ts";

/** How many parts a batch of so many samples has. */
export function partsOf(
  { microBatches, microBatchSize }: Pick<ResolvedOptimizer, "microBatches" | "microBatchSize">,
  samples: number,
): number {
  const parts = microBatchSize === undefined ? microBatches : Math.ceil(samples / microBatchSize);
  return Math.max(1, Math.min(parts, samples));
}

/** Where each part begins, and where the last one ends. */
export function partBounds(samples: number, parts: number): Uint32Array {
  return Uint32Array.from({ length: parts + 1 }, (_, i) => Math.floor(i * samples / parts));
}

/** What each part counts. */
export function partShares(bounds: Uint32Array): Float64Array {
  const samples = bounds[bounds.length - 1];
  return Float64Array.from({ length: bounds.length - 1 }, (_, i) => (bounds[i + 1] - bounds[i]) / samples);
}
