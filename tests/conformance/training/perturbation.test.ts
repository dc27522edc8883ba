import assert from "node:assert/strict";
import { GLOBAL, PER_SEGMENT, UNSCALED } from "../../../kernels/contract/training/constants.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement } from "../agreement.ts";
import { type Bench, conformance } from "../grid.ts";
import { elements, matrixOf, vectorOf } from "../operands.ts";

function operandsOf({ workspace, dtype, widest }: Bench, rows: number, ends: readonly number[], norm: number) {
  const random = createRandom(rows + ends.length), columns = ends.at(-1)!;
  const segments = workspace.allocate("u32", ends.length, "segments");
  workspace.write(segments, ends);
  const scaled = workspace.allocate("u32", ends.length - 1, "scaled");
  workspace.write(scaled, ends.slice(1).map((_, s) => s % 2 === 0 ? 1 : 0));
  return {
    parameters: vectorOf(workspace, dtype, columns, random.normal),
    gradients: matrixOf(workspace, dtype, rows, columns, random.normal, 1),
    perturbed: matrixOf(workspace, dtype, rows, columns, () => 0, 2),
    norms: vectorOf(workspace, widest, rows, () => 0),
    segments,
    scaled,
    norm,
    rho: 0.3,
    epsilon: 1e-12,
  };
}

const shapes: readonly [rows: number, ends: readonly number[]][] = [
  [1, [0, 1]],
  [3, [0, 4, 5, 22]],
  [2, [0, 64, 64, 131]],
  [4, [0, 4099]],
];

agreement("perturb", "agrees with the reference", function* (bench) {
  for (const [rows, ends] of shapes) {
    for (const norm of [GLOBAL, PER_SEGMENT, UNSCALED]) {
      for (const kind of ["plain", "scaled", "steps"]) {
        const { scaled, ...operands } = operandsOf(bench, rows, ends, norm), columns = ends.at(-1)!;
        const random = createRandom(5);
        const offsets = matrixOf(bench.workspace, bench.dtype, rows, columns, () => 0.2 * random.normal(), 1);
        yield {
          what: `${rows} x ${columns}, norm ${norm}, ${kind}`,
          operands: {
            ...operands,
            ...kind === "scaled" ? { eta: 0.01, scaled } : {},
            ...kind === "steps" ? { offsets, share: 0.5 } : {},
          },
          outputs: ({ perturbed, norms, offsets }) => [perturbed, norms, ...offsets ? [offsets] : []],
          terms: 32,
          magnitude: 64,
          precision: bench.dtype,
        };
      }
    }
  }
});

conformance("perturb", "goes as far as it is told, nowhere from a zero gradient, and tells NaN", async (bench) => {
  const { scaled: _, ...operands } = operandsOf(bench, 3, [0, 10, 37], GLOBAL), { workspace, kernel } = bench;
  const values = elements(operands.gradients);
  for (let k = 0; k < 37; k++) values[37 + k] = 0;
  values[2 * 37 + 5] = NaN;
  const gradients = { ...matrixOf(workspace, bench.dtype, 3, 37, () => 0), offset: 0 };
  workspace.write(gradients.array, values);
  await kernel.perturb({ ...operands, gradients });
  const p = elements(operands.perturbed), w = elements({ ...operands.parameters, rows: 1, columns: 37 });
  const reach = Math.sqrt(w.reduce((sum, value, k) => sum + (p[k] - value) ** 2, 0));
  assert.ok(Math.abs(reach - 0.3) < 1e-12 + 100 * bench.epsilon, `it goes ${reach}`);
  assert.deepEqual(p.slice(37, 74), w);
  const norms = elements({ ...operands.norms, rows: 1, columns: 3 });
  assert.equal(norms[1], 0);
  assert.ok(Number.isNaN(norms[2]));
});
