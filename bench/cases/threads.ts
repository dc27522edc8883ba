import type { Case, Cell, Target } from "../case.ts";
import { normals } from "../data.ts";
import { gemmContender } from "../kernels.ts";
import { capabilities, openWorkspace } from "../../kernels/engine/mod.ts";
import { race } from "../runner.ts";

/** What more threads bring. */
export const threads: Case = {
  question: "How does the rate of a matrix product grow with threads, and is the answer the same?",
  async run({ quick, seed, progress }) {
    const { threads: most, threadsReason } = await capabilities();
    const size = quick ? 256 : 512;
    const counts = [1, 2, 4, 8, 16].filter((count) => count <= most);
    const a = normals(new Float32Array(size * size), seed);
    const b = normals(new Float32Array(size * size), seed + 1);
    const contenders = await Promise.all(counts.map(async (count) => {
      const request = { threads: count, dtype: "f32", flops: 2 * size ** 3 } as const;
      const workspace = await openWorkspace({ ...request, backend: count === 1 ? "wasm" : "threads" });
      if (workspace.plan.threads !== count) {
        throw new Error(`${count} threads were asked for, and ${workspace.plan.threads} came.`);
      }
      return gemmContender(`${count}`, workspace, a, b, size);
    }));
    const onRound = (round: number, rounds: number) => progress(`round ${round} of ${rounds}`);
    const measured = await race(contenders, { rounds: quick ? 3 : 200, sampleSeconds: 0.002, clock: "wall", onRound });
    const processor = await race(contenders, { rounds: quick ? 3 : 9, clock: "cpu", onRound });
    const products = await Promise.all(contenders.map(({ product }) => product()));
    for (const product of products) {
      if (!product.every((value, index) => Object.is(value, products[0][index]))) {
        throw new Error("The product depends on the number of threads.");
      }
    }
    const [one] = measured;
    return {
      tables: [{
        title: `f32 ${size} x ${size}, wall-clock time`,
        columns: ["threads", "GFLOP/s", "to one thread", "CPU time to one thread", "minimum ms", "median ms"],
        rows: measured.map((m, index): Cell[] => [
          m.name,
          m.rate!,
          m.rate! / one.rate!,
          processor[index].minimum / processor[0].minimum,
          m.minimum * 1e3,
          m.median * 1e3,
        ]),
      }],
      targets: measured.slice(1).map((m): Target => ({
        name: `${m.name} threads to one`,
        value: m.rate! / one.rate!,
        limit: 0.8 * Number(m.name),
        sense: "at least",
      })),
      notes: [
        "On a machine that others use too, the ratio of wall-clock times comes out low; the CPU time of all threads " +
        "together, which should stay that of one, does not.",
        "Every product is the same to the last bit; the case fails where it is not.",
        ...(threadsReason ? [`No more threads here: ${threadsReason}.`] : []),
      ],
    };
  },
};
