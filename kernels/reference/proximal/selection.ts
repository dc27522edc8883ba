import type { HardThresholdArguments, TopKArguments } from "../../contract.ts";
import { hostView, vectorView } from "../operands.ts";

/** Zeroes all but the `keep` entries of largest magnitude, ties to the lower index (Blumensath & Davies 2009). */
export function hardThreshold({ values, keep }: HardThresholdArguments): void {
  const entries = vectorView(values);
  for (const index of byMagnitude(entries).subarray(keep)) entries[index] = 0;
}

/** Writes the indices of the largest magnitudes, ascending. */
export function topK({ values, indices }: TopKArguments): void {
  const target = hostView(indices);
  target.set(byMagnitude(vectorView(values)).subarray(0, target.length).sort());
}

function byMagnitude(entries: Float32Array | Float64Array): Uint32Array {
  const magnitude = (i: number) => Number.isNaN(entries[i]) ? -1 : Math.abs(entries[i]);
  return Uint32Array.from(entries, (_, i) => i).sort((i, j) => magnitude(j) - magnitude(i) || i - j);
}
