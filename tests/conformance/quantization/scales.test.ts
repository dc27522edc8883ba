import assert from "node:assert/strict";
import type { Workspace } from "../../../kernels/engine/mod.ts";
import type { FloatDtype } from "../../../kernels/contract.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement } from "../agreement.ts";
import { conformance } from "../grid.ts";
import { elements, matrixOf, vectorOf, viewOf } from "../operands.ts";

// Around the turns of the kernel (4 columns) and what it gives up after (16), groups that end within, and many rows.
const shapes = [
  { rows: 0, columns: 3, groupSize: 3 },
  { rows: 1, columns: 1, groupSize: 1 },
  { rows: 3, columns: 5, groupSize: 2, gap: 1 },
  { rows: 4, columns: 16, groupSize: 16, gap: 2 },
  { rows: 5, columns: 61, groupSize: 20 },
  { rows: 300, columns: 37, groupSize: 37 },
] as const;

const trials = 7, maximumCode = 7;

function operandsOf(
  workspace: Workspace,
  dtype: FloatDtype,
  shape: { rows: number; columns: number; groupSize: number; gap?: number },
) {
  const { rows, columns, groupSize, gap = 0 } = shape, groups = Math.ceil(columns / groupSize);
  const random = createRandom(rows + 100 * columns);
  return {
    targets: matrixOf(workspace, dtype, rows, columns, random.normal, gap),
    // One in ten does not count.
    candidates: matrixOf(
      workspace,
      dtype,
      rows,
      groups * trials,
      () => random.integer(10) === 0 ? 0 : 0.1 + random.uniform(),
      gap,
    ),
    scales: matrixOf(workspace, dtype, rows, groups, () => 0.5, 2 * gap),
    zeros: matrixOf(workspace, dtype, rows, groups, () => random.integer(maximumCode + 1), gap),
    curvatures: vectorOf(workspace, "f64", columns, () => 0.1 + random.uniform()),
    groupSize,
    maximumCode,
  };
}

agreement("quantizationScaleChoice", "chooses what the reference chooses, and writes nothing else", function* (bench) {
  for (const shape of shapes) {
    yield {
      what: JSON.stringify(shape),
      operands: operandsOf(bench.workspace, bench.dtype, shape),
      outputs: ({ scales }) => [scales],
    };
  }
});

conformance("quantizationScaleChoice", "chooses a candidate that loses no more than any", async (bench) => {
  for (const shape of shapes) {
    const operands = operandsOf(bench.workspace, bench.dtype, shape), { rows, columns, groupSize } = shape;
    await bench.kernel.quantizationScaleChoice(operands);
    const [targets, candidates, scales, zeros] = [
      operands.targets,
      operands.candidates,
      operands.scales,
      operands.zeros,
    ].map((operand) => elements(operand));
    const weights = viewOf(operands.curvatures).subarray(1);
    const groups = Math.ceil(columns / groupSize);
    for (let at = 0; at < rows * groups; at++) {
      const row = Math.floor(at / groups), begin = at % groups * groupSize;
      const lossOf = (scale: number) => {
        let loss = 0;
        for (let j = begin; j < Math.min(begin + groupSize, columns); j++) {
          const target = targets[row * columns + j];
          const levels = Array.from({ length: maximumCode + 1 }, (_, code) => scale * (code - zeros[at]));
          loss += weights[j] * Math.min(...levels.map((level) => (target - level) ** 2));
        }
        return loss;
      };
      const tried = candidates.slice(at * trials, (at + 1) * trials).filter((scale) => scale > 0);
      const least = Math.min(...tried.map(lossOf));
      assert.ok(
        tried.includes(scales[at]) && lossOf(scales[at]) <= least * (1 + 1e-12),
        `${JSON.stringify(shape)}: ${at}`,
      );
    }
  }
});
