import type { Case } from "../case.ts";
import { normals } from "../data.ts";
import { gemmContender, openBuilds } from "../kernels.ts";
import { quantizationSweepFlops } from "../../kernels/contract/quantization/sweep.ts";
import { race } from "../runner.ts";

/** A pass of coordinate descent beside the product that does as many operations. */
export const quantizationSweep: Case = {
  question: "What share of the rate of our matrix product does a pass of quantisation over a square layer reach?",
  async run({ quick, seed, progress }) {
    const size = quick ? 256 : 2048;
    const builds = [...await openBuilds()];
    const [build, workspace] = builds[builds.length - 1];
    const array = (label: string, values: Float32Array) => {
      const allocated = workspace.allocate("f32", values.length, label);
      workspace.write(allocated, values);
      return allocated;
    };
    const square = (label: string, values: Float32Array) => ({
      array: array(label, values),
      rows: size,
      columns: size,
    });
    const perRow = (label: string, value: number) => ({
      array: array(label, new Float32Array(size).fill(value)),
      rows: size,
      columns: 1,
    });

    // Levels around the middle of a 3-bit grid.
    const weights = normals(new Float32Array(size * size), seed);
    const coupling = normals(new Float32Array(size * size), seed + 1).map((value) => 0.1 * value / Math.sqrt(size));
    for (let j = 0; j < size; j++) coupling[j * size + j] = 1;
    const errors = weights.map((value) => 0.1 * value);
    const levels = square("levels", weights);
    const residual = square("residual", errors);
    const state = {
      levels,
      residual,
      coupling: square("coupling", coupling),
      scales: perRow("scales", 1),
      zeros: perRow("zeros", 4),
      maximumCode: 7,
    };
    const { quantizationSweep: sweep } = workspace.kernels;
    // From the same levels each time: a pass over converged levels has less to do.
    const pass = (relaxed: boolean) => {
      workspace.write(levels.array, weights);
      workspace.write(residual.array, errors);
      return sweep({ ...state, relaxed });
    };
    const work = quantizationSweepFlops(state) / 1e9;
    const product = gemmContender(
      `matrix product, ${build} build`,
      workspace,
      normals(new Float32Array(size * size), seed),
      coupling,
      size,
    );

    const measured = await race([
      product,
      { name: "pass, quantised", work, run: () => pass(false) },
      { name: "pass, relaxed", work, run: () => pass(true) },
    ], {
      rounds: quick ? 3 : 9,
      onRound: (round, rounds) => progress(`round ${round} of ${rounds}`),
    });
    const whole = await workspace.read(levels.array);
    if (!whole.every(Number.isFinite)) throw new Error("The levels did not stay finite.");
    const [{ rate: reference }, quantized] = measured;
    return {
      tables: [{
        title: `f32, ${size} x ${size}, 3 bits, one thread`,
        columns: ["contender", "GFLOP/s", "to the product", "minimum ms", "median ms"],
        rows: measured.map((m) => [m.name, m.rate!, m.rate! / reference!, m.minimum * 1e3, m.median * 1e3]),
      }],
      targets: [{
        name: "share of the product's rate",
        value: quantized.rate! / reference!,
        limit: 0.6,
        sense: "at least",
      }],
      notes: [
        "A pass counts 2 rows columns^2 operations, as many as the product; rounding and putting the levels back are not.",
      ],
    };
  },
};
