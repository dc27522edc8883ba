import type { Case, Table, Target } from "../case.ts";
import { normals } from "../data.ts";
import { gemmContender, openBuilds } from "../kernels.ts";
import { buildPeak } from "../peak/build.ts";
import { peakContender } from "../peak/peak.ts";
import { openJax } from "../peers/jax.ts";
import { openNumpyTs } from "../peers/numpy_ts.ts";
import { openOpenblas } from "../peers/openblas.ts";
import { type FloatArray, sortOut } from "../peers/peer.ts";
import { openTfjs } from "../peers/tfjs.ts";
import { type Contender, race } from "../runner.ts";

/** Square products: the library's two builds, its peers, and the multiply-add peak of the core. */
export const gemm: Case = {
  question: "How fast is a square matrix product on one thread, beside other libraries and beside the core's own peak?",
  async run({ quick, seed, progress }) {
    const sizes = quick ? [256] : [512, 1024];
    const builds = await openBuilds();
    const peak = new WebAssembly.Module(await buildPeak(builds.has("relaxed") ? "relaxed" : "simd"));
    const { found: peers, missing } = sortOut([
      await openTfjs(),
      await openNumpyTs(),
      await openJax(),
      await openOpenblas(),
    ]);
    const tables: Table[] = [];
    const targets: Target[] = [];

    for (const dtype of ["f32", "f64"] as const) {
      for (const size of sizes) {
        const make = () => dtype === "f32" ? new Float32Array(size * size) : new Float64Array(size * size);
        const a = normals(make(), seed);
        const b = normals(make(), seed + 1);
        const expected = corner(a, b, size);
        const work = 2 * size ** 3 / 1e9;
        const title = `${dtype} ${size} x ${size}`;

        const peakName = "peak of the core, 128-bit multiply-add";
        const contenders: Contender[] = [];
        for (const [build, workspace] of builds) {
          const contender = gemmContender(`minima, ${build} build`, workspace, a, b, size);
          await contender.run();
          checkCorner(contender.name, (await contender.product())[0], expected, dtype);
          contenders.push(contender);
        }
        const best = contenders[contenders.length - 1].name;
        for (const peer of peers) {
          if (!peer.dtypes.includes(dtype)) continue;
          const { run, corner } = await peer.prepare(a, b, size);
          checkCorner(peer.name, await corner(), expected, dtype);
          contenders.push({ name: `${peer.name} (${peer.setting})`, work, run, selfTimed: peer.selfTimed });
        }
        contenders.push(peakContender(peakName, peak, dtype));

        const measured = await race(contenders, {
          rounds: quick ? 3 : 15,
          onRound: (round, rounds) => progress(`${title}, round ${round} of ${rounds}`),
        });
        const rate = (name: string) => measured.find((measurement) => measurement.name === name)!.rate!;
        tables.push({
          title,
          columns: ["contender", "GFLOP/s", "of the peak", "to minima", "minimum ms", "median ms"],
          rows: measured.map((m) => [
            m.name,
            m.rate!,
            m.rate! / rate(peakName),
            m.rate! / rate(best),
            ...(m.name === peakName ? [null, null] : [m.minimum * 1e3, m.median * 1e3]),
          ]),
        });
        targets.push({
          name: `${title}: share of the peak`,
          value: rate(best) / rate(peakName),
          limit: 0.85,
          sense: "at least",
        });
        for (const peer of peers.filter(({ name, dtypes }) => !name.startsWith("numpy ") && dtypes.includes(dtype))) {
          const value = rate(best) / rate(`${peer.name} (${peer.setting})`);
          targets.push({ name: `${title}: rate to ${peer.name}`, value, limit: 1.2, sense: "at least" });
        }
      }
    }
    for (const peer of peers) peer.close();
    return {
      tables,
      targets,
      notes: [
        "OpenBLAS has vectors of 256 or 512 bits, WebAssembly of 128: its rate passes the peak that is meant here.",
        "TensorFlow.js has no f64 product. Every contender's product was checked in one element before the race.",
      ],
      missing,
    };
  },
};

function corner(a: FloatArray, b: FloatArray, size: number): number {
  let sum = 0;
  for (let k = 0; k < size; k++) sum += a[k] * b[k * size];
  return sum;
}

function checkCorner(name: string, value: number, expected: number, dtype: "f32" | "f64"): void {
  const tolerance = dtype === "f32" ? 1e-2 : 1e-9;
  if (!(Math.abs(value - expected) <= tolerance)) {
    throw new Error(`${name} says that element (0, 0) of the product is ${value}; it is ${expected}.`);
  }
}
