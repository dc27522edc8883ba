/** Builds and runs the multiply-add peak of one core: the rate that a kernel of 128-bit vectors cannot pass. */

import type { Contender } from "../runner.ts";

/** What the two builds of `assembly/peak.ts` export. */
interface PeakExports {
  chains(): number;
  peak_f32(turns: number, multiplier: number, addend: number): number;
  peak_f64(turns: number, multiplier: number, addend: number): number;
}

/** Builds of the peak loop: one multiplication and one addition, or one fused instruction. */
export type PeakBuild = "simd" | "relaxed";

const turns = 1_000_000;

/** A contender that runs nothing but multiply-adds in registers. */
export function peakContender(name: string, module: WebAssembly.Module, dtype: "f32" | "f64"): Contender {
  const { chains, [`peak_${dtype}` as const]: peak } = new WebAssembly.Instance(module)
    .exports as unknown as PeakExports;
  const lanes = dtype === "f32" ? 4 : 2;
  return {
    name,
    work: 2 * turns * chains() * lanes / 1e9,
    run() {
      const sum = peak(turns, 0.75, 0.25);
      if (Math.abs(sum - chains()) > 1e-3) throw new Error(`The peak loop ended at ${sum}, not at ${chains()}.`);
    },
  };
}
