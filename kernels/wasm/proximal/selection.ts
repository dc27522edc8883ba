import type { HostArray } from "../../contract.ts";
import { addressOf, type Lowering } from "../launch.ts";

/** The number of ties, and a histogram of 2048 counts. */
const scratchBytes = 8 + 4 * 2048;

/** Lowering of {@linkcode Kernels.hardThreshold}. */
export const hardThreshold: Lowering<"hardThreshold"> = ({ values, keep }) => [{
  entry: `hardThreshold_${values.array.dtype}`,
  parameters: [values.length, keep, addressOf(values)],
  scratchBytes,
}];

/** Lowering of {@linkcode Kernels.topK}. */
export const topK: Lowering<"topK"> = ({ values, indices }) => [{
  entry: `topK_${values.array.dtype}`,
  parameters: [values.length, indices.length, addressOf(values), (indices as HostArray).address],
  scratchBytes,
}];
