import { divided, type Entries, rootMeanSquare } from "./entries.ts";
import type { Factors } from "./iterate.ts";
import { offsetOf, type Offsets, withoutOffsets } from "./offsets.ts";
import { shiftBins } from "./violation.ts";

/** The entries without their offsets, with root mean square 1; and what that was. */
export function scaled(entries: Entries, offsets: Offsets | undefined): { entries: Entries; scale: number } {
  const values = withoutOffsets(entries, offsets), scale = rootMeanSquare(values, entries.weights) || 1;
  const { bins } = entries, rest = divided(entries, values, scale);
  if (!bins) return { entries: rest, scale };
  return { entries: { ...rest, bins: shiftBins(bins, (e) => offsetOf(entries, offsets, e), scale) }, scale };
}

/** Factors of a multiple. */
export function rescaled({ left, right, values }: Factors, factor: number): Factors {
  const root = Math.sqrt(factor), times = (numbers: Float64Array, by: number) => numbers.map((value) => by * value);
  return { left: times(left, root), right: times(right, root), values: times(values, factor) };
}
