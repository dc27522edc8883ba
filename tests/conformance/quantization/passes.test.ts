import assert from "node:assert/strict";
import { openWorkspace } from "../../../kernels/engine/mod.ts";
import { families } from "../../../kernels/families/mod.ts";
import type { HostArray, MatrixOperand, QuantizationState } from "../../../kernels/contract.ts";
import { sweepBlock } from "../../../kernels/contract/quantization/sweep.ts";
import { agreement, sumTolerance } from "../agreement.ts";
import { type Bench, conformance } from "../grid.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { copyOf, elements, matrixOf, vectorOf, viewOf } from "../operands.ts";
import { dyadicState, gramState, type Shape, smallShapes, stepMagnitude } from "./states.ts";

// Around the register tile (8 x 4 and 4 x 4), the blocks (64 columns, 512 rows) and the panels of the descent (128 columns
// where there are more than 256), the last of which has a few columns, or more than two vectors and no multiple of them.
const shapes: readonly Shape[] = [
  ...smallShapes,
  { rows: 8, columns: 8, dead: [0, 3] },
  { rows: 9, columns: 63, groups: 4, dead: [62] },
  { rows: 13, columns: 64, gap: 3 },
  { rows: 17, columns: 129, groups: 5, dead: [5, 64, 128] },
  { rows: 6, columns: 65, groups: 7 },
  { rows: 70, columns: 259, groups: 2, gap: 1 },
  { rows: 9, columns: 281, groups: 3, dead: [270] },
  { rows: 521, columns: 130 },
];

function snapshot(workspace: Bench["workspace"], state: QuantizationState): QuantizationState {
  return { ...state, levels: copyOf(workspace, state.levels), residual: copyOf(workspace, state.residual) };
}

/** Elements between rows included, and zeros without their sign. */
function whole(operand: MatrixOperand): number[] {
  return Array.from(viewOf(operand), (value) => value + 0);
}

agreement("quantizationSweep", "equals the reference where the arithmetic is exact", function* (bench) {
  const { dtype, workspace, reference } = bench,
    outputs = ({ levels, residual }: QuantizationState) => [levels, residual];
  for (const shape of shapes) {
    for (const triangular of [false, true]) {
      const what = `${JSON.stringify(shape)}, triangular ${triangular}`;
      for (const pass of [1, 2]) {
        const state = dyadicState(workspace, dtype, shape, triangular);
        if (pass === 2) reference.quantizationSweep({ ...state, triangular });
        yield { what: `${what}, pass ${pass}`, operands: { ...state, triangular }, outputs, exact: true };
      }
    }
  }
  for (const [begin, end] of [[0, 0], [3, 70], [69, 130]]) {
    for (const triangular of [false, true]) {
      const state = dyadicState(workspace, dtype, { rows: 5, columns: 130 }, triangular);
      const operands = { ...state, triangular, begin, end };
      yield { what: `columns ${begin} to ${end}, triangular ${triangular}`, operands, outputs, exact: true };
    }
  }
});

conformance("quantizationSweep", "keeps the residual at (W - What) M, relaxed or not", async (bench) => {
  const { dtype, workspace, kernel } = bench;
  for (const shape of shapes) {
    const { state, weights } = gramState(workspace, dtype, shape);
    for (const relaxed of [false, true, false, false]) {
      await kernel.quantizationSweep({ ...state, relaxed });
      const residual = elements(state.residual), recomputed = residualOf(state, weights);
      for (let k = 0; k < residual.length; k++) {
        const error = Math.abs(residual[k] - recomputed[k]);
        assert.ok(
          error <= sumTolerance(shape.columns, dtype) * stepMagnitude,
          `element ${k} of ${JSON.stringify(shape)}: off by ${error}`,
        );
      }
    }
  }
});

conformance("quantizationSweep", "follows the f64 reference through 25 passes with relaxation", async (bench) => {
  const { dtype, workspace, kernel, reference } = bench;
  const shape = { rows: 64, columns: 192, groups: 3, dead: [17] };
  const { state } = gramState(workspace, dtype, shape), { state: exact } = gramState(workspace, "f64", shape);
  for (let pass = 0; pass < 25; pass++) {
    const relaxed = pass % 3 === 1;
    await kernel.quantizationSweep({ ...state, relaxed });
    await reference.quantizationSweep({ ...exact, relaxed });
  }
  const levels = elements(state.levels), wanted = elements(exact.levels);
  const different = levels.filter((level, k) => level !== wanted[k]).length;
  assert.ok(
    different <= (dtype === "f32" ? 1e-3 : 0) * levels.length,
    `${different} of ${levels.length} levels differ`,
  );
});

conformance("quantizationSweep", "gives a row the same bits in any range and on any threads", async (bench) => {
  const { dtype, workspace, kernel } = bench;
  const shape = { rows: 77, columns: 150, groups: 4 };
  const cut = gramState(workspace, dtype, shape).state;
  for (const [from, to] of [[0, 3], [3, 20], [20, 21], [21, 77]]) {
    const part = (matrix: MatrixOperand) => ({
      ...matrix,
      rows: to - from,
      offset: matrix.offset! + from * matrix.stride!,
    });
    const { levels, residual, scales, zeros } = cut;
    await kernel.quantizationSweep({
      ...cut,
      levels: part(levels),
      residual: part(residual),
      scales: part(scales),
      zeros: part(zeros),
    });
  }
  const single = await openWorkspace({ families, backend: "wasm", dtype, flops: 0 });
  try {
    const { state } = gramState(single, dtype, shape);
    await (bench.backend === "webgpu" ? kernel : single.kernels).quantizationSweep(state);
    assert.deepEqual(elements(cut.levels), elements(state.levels));
    assert.deepEqual(elements(cut.residual), elements(state.residual));
  } finally {
    single.release();
  }
});

conformance("quantizationSweep", "takes a pass in ranges of columns to the same bits", async (bench) => {
  const { dtype, workspace, kernel } = bench;
  for (const kind of [{}, { relaxed: true }, { triangular: true }]) {
    const shape = { rows: 11, columns: 3 * sweepBlock + 5, groups: 2, gap: 1 };
    const { state } = gramState(workspace, dtype, shape), cut = snapshot(workspace, state);
    await kernel.quantizationSweep({ ...state, ...kind });
    for (const [begin, end] of [[0, sweepBlock], [sweepBlock, 3 * sweepBlock], [3 * sweepBlock, shape.columns]]) {
      await kernel.quantizationSweep({ ...cut, ...kind, begin, end });
    }
    assert.deepEqual(whole(cut.levels), whole(state.levels), `levels, ${JSON.stringify(kind)}`);
    assert.deepEqual(whole(cut.residual), whole(state.residual), `residual, ${JSON.stringify(kind)}`);
  }
});

agreement("quantizationDescent", "equals the reference where the arithmetic is exact", function* (bench) {
  const { dtype, workspace } = bench;
  for (const shape of shapes) {
    for (const passes of [0, 1, 4]) {
      const changes = workspace.allocate("u32", shape.rows, "changes");
      yield {
        what: `${JSON.stringify(shape)}, ${passes} passes`,
        operands: { ...dyadicState(workspace, dtype, shape), passes, changes },
        outputs: ({ levels, residual, changes }) => [levels, residual, changes],
        exact: true,
      };
    }
  }
});

agreement("quantizationAnnealing", "equals the reference where the arithmetic is exact", function* (bench) {
  const { dtype, workspace } = bench;
  for (const shape of shapes) {
    for (const passes of [0, 1, 3]) {
      const random = createRandom(passes + shape.rows), { gap = 0 } = shape;
      yield {
        what: `${JSON.stringify(shape)}, ${passes} passes`,
        operands: {
          ...dyadicState(workspace, dtype, shape),
          noise: matrixOf(workspace, dtype, passes, shape.columns, () => (random.integer(17) - 8) / 4, gap),
          amplitudes: vectorOf(workspace, dtype, shape.rows, () => random.integer(3) / 2),
          changes: workspace.allocate("u32", shape.rows, "changes"),
        },
        outputs: ({ levels, residual, changes }) => [levels, residual, changes],
        exact: true,
      };
    }
  }
});

conformance("quantizationAnnealing", "without amplitude is the descent, pass by pass", async (bench) => {
  const { dtype, workspace, kernel } = bench, shape = { rows: 70, columns: 130, groups: 2, dead: [4], gap: 1 };
  const { state } = gramState(workspace, dtype, shape);
  await kernel.quantizationSweep(state);
  const other = snapshot(workspace, state), changes = workspace.allocate("u32", shape.rows, "changes");
  const noise = matrixOf(workspace, dtype, 4, shape.columns, () => 1),
    amplitudes = vectorOf(workspace, dtype, 70, () => 0);
  await kernel.quantizationAnnealing({ ...state, noise, amplitudes, changes });
  await kernel.quantizationDescent({ ...other, passes: 4, changes });
  assert.deepEqual([whole(state.levels), whole(state.residual)], [whole(other.levels), whole(other.residual)]);
});

conformance("quantizationAnnealing", "draws levels by the heat bath, and keeps the residual", async (bench) => {
  // Columns that do not interact, targets .2 above a level: the share of draws at the next is that of the normal tail.
  const { dtype, workspace, kernel } = bench, rows = 40, columns = 64, passes = 50, random = createRandom(5);
  const level = matrixOf(workspace, dtype, rows, columns, () => 0);
  const residual = matrixOf(workspace, dtype, rows, columns, () => 0.2);
  let at = 0;
  const coupling = matrixOf(workspace, dtype, columns, columns, () => Number(at++ % (columns + 1) === 1));
  const state = {
    levels: level,
    residual,
    coupling,
    scales: matrixOf(workspace, dtype, rows, 1, () => 1),
    zeros: matrixOf(workspace, dtype, rows, 1, () => 4),
    maximumCode: 7,
  };
  const amplitudes = vectorOf(workspace, dtype, rows, () => 0.5), changes = workspace.allocate("u32", rows, "changes");
  let above = 0, changed = 0;
  for (let pass = 0; pass < passes; pass++) {
    const noise = matrixOf(workspace, dtype, 1, columns, random.normal);
    await kernel.quantizationAnnealing({ ...state, noise, amplitudes, changes });
    above += elements(level).filter((value) => value === 1).length / (rows * columns * passes);
    changed += (await workspace.read(changes)).reduce((sum, count) => sum + count);
  }
  // P(.2 + .5 n > .5) - P(.2 + .5 n > 1.5) = Phi(-.6) - Phi(-2.6). All rows share the noise: 3200 draws.
  assert.ok(Math.abs(above - 0.2696) < 0.03, `${above}`);
  assert.ok(changed > 0);
  elements(residual).forEach((value, k) => assert.ok(Math.abs(value + elements(level)[k] - 0.2) < 1e-4));
});

conformance("quantizationDescent", "ends where no single level can be improved", async (bench) => {
  const { dtype, workspace, kernel, epsilon } = bench;
  const shape = { rows: 30, columns: 60, groups: 3, dead: [7], gap: 1 };
  const { state, weights, gram } = gramState(workspace, dtype, shape);
  await kernel.quantizationSweep(state);
  const changes = workspace.allocate("u32", shape.rows, "changes");
  assert.equal(await kernel.quantizationDescent({ ...state, passes: 1000, changes }), 0);
  const before = elements(state.levels);
  assert.equal(await kernel.quantizationDescent({ ...state, passes: 1, changes }), 0);
  assert.deepEqual(elements(state.levels), before, "a minimum stays as it is");

  const { rows, columns, groups } = shape;
  const error = errorOf(state, weights), scales = elements(state.scales), zeros = elements(state.zeros);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let derivative = 0;
      for (let k = 0; k < columns; k++) derivative += error[i * columns + k] * gram[k * columns + j];
      const group = i * groups + j % groups;
      for (let code = 0; code <= state.maximumCode; code++) {
        const step = scales[group] * (before[i * columns + j] - (code - zeros[group]));
        const change = 2 * step * derivative + step * step * gram[j * columns + j];
        assert.ok(change >= -1e4 * epsilon, `row ${i}, column ${j}, code ${code}: ${change}`);
      }
    }
  }
});

conformance("quantizationDescent", "keeps the level on a tie", async ({ dtype, workspace, kernel }) => {
  // Targets half way between two levels: rounding half to even would move the odd ones.
  const one = (values: number[], columns = values.length): MatrixOperand => {
    const array = workspace.allocate(dtype, values.length, "tie");
    workspace.write(array, values);
    return { array, rows: values.length / columns, columns };
  };
  const levels = one([1, 2, 3, 1, 0, -1]), residual = one([-0.5, 0.5, 0.5, 0.5, -0.5, 0.5]);
  const coupling = one(Array.from({ length: 36 }, (_, k) => Number(k % 7 === 0)), 6);
  const changes = workspace.allocate("u32", 1, "changes");
  const state = { levels, residual, coupling, scales: one([1]), zeros: one([4]), maximumCode: 7, passes: 9, changes };
  assert.equal(await kernel.quantizationDescent(state), 0);
  assert.deepEqual(elements(levels), [1, 2, 3, 1, 0, -1]);
  assert.deepEqual(await workspace.read(changes), new Uint32Array(1));
});

/** `W - What`, row after row. */
function errorOf({ levels, scales, columnGroups }: QuantizationState, weights: readonly number[]): number[] {
  const groups = columnGroups && (columnGroups as HostArray<"u32">).view;
  const level = elements(levels), scale = elements(scales);
  return weights.map((weight, k) => {
    const row = Math.floor(k / levels.columns), group = groups ? groups[k % levels.columns] : 0;
    return weight - scale[row * scales.columns + group] * level[k];
  });
}

/** `(W - What) M` in f64. */
function residualOf(state: QuantizationState, weights: readonly number[]): number[] {
  const { rows, columns } = state.levels;
  const error = errorOf(state, weights), coupling = elements(state.coupling);
  const residual = new Array<number>(rows * columns).fill(0);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < columns; k++) residual[i * columns + k] += error[i * columns + j] * coupling[j * columns + k];
    }
  }
  return residual;
}
