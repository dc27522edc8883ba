/** Program: the rate of square products and of the peak loop, in the runtime that it runs in. */

import { bestClock } from "../clock.ts";
import { normals } from "../data.ts";
import { type Build, gemmContender, openBuilds } from "../kernels.ts";
import { peakContender } from "../peak/peak.ts";
import { type Measurement, race } from "../runner.ts";
import type { ProgramInput } from "./bundle.ts";

/** What the program finds. */
export interface GemmRates {
  /** Builds that the library would use here; the last one is its choice. */
  readonly builds: readonly Build[];
  /** Names are `f32 simd`, `f32 relaxed`, `f32 peak` and so on. */
  readonly measurements: readonly Measurement[];
}

/** Measures; the variant is the size of the matrices. */
export async function main({ kernels, peak, quick, variant }: ProgramInput): Promise<GemmRates> {
  const size = Number(variant);
  const builds = await openBuilds(kernels?.dense);
  const loop = builds.has("relaxed") ? peak.relaxed : peak.simd;
  const module = loop instanceof WebAssembly.Module ? loop : new WebAssembly.Module(loop);
  const measurements: Measurement[] = [];
  for (const dtype of ["f32", "f64"] as const) {
    const make = () => dtype === "f32" ? new Float32Array(size * size) : new Float64Array(size * size);
    const a = normals(make(), 1);
    const b = normals(make(), 2);
    const contenders = [...builds].map(([build, workspace]) =>
      gemmContender(`${dtype} ${build}`, workspace, a, b, size)
    );
    measurements.push(
      ...await race([...contenders, peakContender(`${dtype} peak`, module, dtype)], {
        // On the wall clock short samples have a chance to run undisturbed.
        rounds: quick ? 3 : bestClock === "wall" ? 80 : 15,
        sampleSeconds: bestClock === "wall" ? 0.002 : 0.03,
      }),
    );
  }
  return { builds: [...builds.keys()], measurements };
}
