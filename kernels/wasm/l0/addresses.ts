import type { HostArray } from "../../contract.ts";

export const start = (array: unknown) => (array as HostArray).address;

/** Bytes of arrays one after the other, each 16-byte aligned, as the kernels lay out their scratch. */
export const laidOut = (...sizes: number[]) => sizes.reduce((sum, bytes) => (sum + bytes + 15) & ~15, 0);
