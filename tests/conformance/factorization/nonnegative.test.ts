import assert from "node:assert/strict";
import { agreement } from "../agreement.ts";
import { conformance } from "../grid.ts";
import { elements } from "../operands.ts";
import { blockOf, blockShapes } from "./blocks.ts";

agreement("nonnegativeSweep", "agrees with the reference, on all entries and on the support", function* (bench) {
  for (const [rank, columns] of blockShapes) {
    for (const [sweeps, supported] of [[1, false], [3, false], [2, true]] as const) {
      const operands = { ...blockOf(bench.workspace, bench.dtype, rank, columns), sweeps, supported };
      yield {
        what: `${rank} x ${columns}, ${sweeps} sweeps${supported ? " on the support" : ""}`,
        operands,
        outputs: ({ factor }) => [factor],
        terms: rank * sweeps,
        magnitude: 16,
      };
    }
  }
});

agreement("nonnegativeSweep", "leaves rows without curvature as they are", function* (bench) {
  const operands = blockOf(bench.workspace, bench.dtype, 3, 20), { array, offset = 0, stride = 3 } = operands.gram;
  for (let s = 0; s < 3; s++) {
    bench.workspace.write(array, [0], offset + stride + s);
    bench.workspace.write(array, [0], offset + s * stride + 1);
  }
  yield { what: "row 1", operands, outputs: ({ factor }) => [factor], terms: 3, magnitude: 16 };
});

agreement("nonnegativeStep", "agrees with the reference", function* (bench) {
  for (const [rank, columns] of blockShapes) {
    const operands = { ...blockOf(bench.workspace, bench.dtype, rank, columns), step: 0.4 };
    const outputs = ({ factor }: typeof operands) => [factor];
    yield { what: `${rank} x ${columns}`, operands, outputs, terms: rank, magnitude: 16 };
  }
});

conformance("nonnegativeSweep", "converges to a point where no entry is to be changed", async (bench) => {
  const { gram, linear, factor } = blockOf(bench.workspace, bench.dtype, 6, 21);
  await bench.kernel.nonnegativeSweep({ gram, linear, factor, sweeps: 200 });
  const [M, R, H] = [gram, linear, factor].map(elements);
  for (let j = 0; j < 6; j++) {
    for (let i = 0; i < 21; i++) {
      let gradient = -R[j * 21 + i];
      for (let s = 0; s < 6; s++) gradient += M[j * 6 + s] * H[s * 21 + i];
      const h = H[j * 21 + i], off = h > 0 ? Math.abs(gradient) : Math.max(0, -gradient);
      assert.ok(h >= 0 && off <= 200 * bench.epsilon, `${j}, ${i}: ${h}, gradient ${gradient}`);
    }
  }
});
