import assert from "node:assert/strict";
import type { Workspace } from "../../../kernels/engine/mod.ts";
import type { FloatDtype } from "../../../kernels/contract.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { type Bench, conformance } from "../grid.ts";
import { copyOf, elements, matrixOf, viewOf } from "../operands.ts";
import { dyadicState, type Shape, smallShapes } from "./states.ts";

// Around the turns of the kernels (2 columns, 128 threads), and enough to be cut into pieces.
const shapes: readonly Shape[] = [
  ...smallShapes,
  { rows: 6, columns: 127, groups: 7 },
  { rows: 17, columns: 129, groups: 5, gap: 3 },
  { rows: 1700, columns: 61, groups: 4, gap: 2 },
];

/** Levels, two grids and targets without a pattern. */
function levelsOf(workspace: Workspace, dtype: FloatDtype, shape: Shape) {
  const { rows, columns, groups = 1, gap = 0 } = shape, random = createRandom(3 + rows);
  const positive = () => 0.25 + 3 * random.uniform();
  const { columnGroups } = dyadicState(workspace, dtype, shape);
  return {
    levels: matrixOf(workspace, dtype, rows, columns, random.normal, gap),
    targets: matrixOf(workspace, dtype, rows, columns, random.normal, 2 * gap),
    scales: matrixOf(workspace, dtype, rows, groups, positive, gap),
    nextScales: matrixOf(workspace, dtype, rows, groups, positive, gap + 1),
    columnGroups,
  };
}

/** Devices divide less exactly, and f64 is for the others: those round once, as the reference does. */
function assertClose({ backend, epsilon }: Bench, found: number[], wanted: number[], shape: Shape): void {
  if (backend !== "webgpu") return assert.deepEqual(found, wanted, JSON.stringify(shape));
  found.forEach((value, at) => {
    const error = Math.abs(value - wanted[at]);
    assert.ok(
      error <= 8 * epsilon * Math.abs(wanted[at]),
      `element ${at} of ${JSON.stringify(shape)}: off by ${error}`,
    );
  });
}

for (const name of ["quantizationLevels", "quantizationRegrid"] as const) {
  conformance(name, "equals the reference, and does not touch what lies between rows", async (bench) => {
    const { dtype, workspace, kernel, reference } = bench;
    for (const shape of shapes) {
      const operands = levelsOf(workspace, dtype, shape);
      const expected = { ...operands, levels: copyOf(workspace, operands.levels) };
      const before = Array.from(viewOf(operands.levels));
      await kernel[name](operands);
      await reference[name](expected);
      assertClose(bench, elements(operands.levels), elements(expected.levels), shape);
      const { columns } = operands.levels, stride = columns + (shape.gap ?? 0);
      Array.from(viewOf(operands.levels)).forEach((value, at) => {
        if (at === 0 || (at - 1) % stride >= columns) {
          assert.equal(value, before[at], `${at} of ${JSON.stringify(shape)}`);
        }
      });
    }
  });
}

conformance("quantizationLevels", "gives levels that stand for the targets", async (bench) => {
  const { dtype, workspace, kernel, epsilon } = bench;
  for (const shape of shapes) {
    const operands = levelsOf(workspace, dtype, shape), { columns, groups = 1 } = shape;
    await kernel.quantizationLevels(operands);
    const targets = elements(operands.targets), scales = elements(operands.scales);
    elements(operands.levels).forEach((level, at) => {
      const scale = scales[Math.floor(at / columns) * groups + at % columns % groups];
      assert.ok(Math.abs(scale * level - targets[at]) <= 8 * epsilon * Math.abs(targets[at]));
    });
  }
});

conformance("quantizationRegrid", "leaves the weights where they are", async (bench) => {
  const { dtype, workspace, kernel, epsilon } = bench;
  for (const shape of shapes) {
    const operands = levelsOf(workspace, dtype, shape), { columns, groups = 1 } = shape;
    const levels = elements(operands.levels);
    await kernel.quantizationRegrid(operands);
    const scales = elements(operands.scales), next = elements(operands.nextScales);
    elements(operands.levels).forEach((level, at) => {
      const group = Math.floor(at / columns) * groups + at % columns % groups, weight = scales[group] * levels[at];
      assert.ok(Math.abs(next[group] * level - weight) <= 8 * epsilon * Math.abs(weight));
    });
  }
});
