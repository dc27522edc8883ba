import assert from "node:assert/strict";
import { openWorkspace, type Workspace } from "../../../kernels/engine/mod.ts";
import { families } from "../../../kernels/families/mod.ts";
import type {
  FloatDtype,
  MatrixOperand,
  QuantizationCandidate,
  QuantizationChoiceArguments,
  QuantizationCodesArguments,
  VectorOperand,
} from "../../../kernels/contract.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement, sumTolerance } from "../agreement.ts";
import { type Bench, conformance } from "../grid.ts";
import { elements, matrixOf, vectorOf, viewOf } from "../operands.ts";
import { dyadicState, gramState, type Shape, smallShapes, stepMagnitude } from "./states.ts";

// Around the turns of the kernels (4 columns, 128 threads).
const shapes: readonly Shape[] = [
  ...smallShapes,
  { rows: 9, columns: 63, groups: 4, dead: [62] },
  { rows: 13, columns: 64, gap: 3 },
  { rows: 6, columns: 127, groups: 7 },
  { rows: 17, columns: 129, groups: 5, dead: [5, 64, 128] },
  { rows: 70, columns: 259, groups: 2, gap: 1 },
];

/** Rows enough to be cut into pieces. */
const large: Shape = { rows: 1700, columns: 61, groups: 4, gap: 2 };

/** Objectives and what they are summed from. */
const widestOf = ({ backend }: Bench): FloatDtype => backend === "webgpu" ? "f32" : "f64";

/** All elements of the arrays, those between rows included, and zeros without their sign. */
function whole(...operands: readonly (MatrixOperand | VectorOperand)[]): number[][] {
  return operands.map((operand) => Array.from(viewOf(operand), (value) => value + 0));
}

/** A state on few-bit binary fractions, with targets, curvatures and a buffer for the objectives. */
function dyadicRows(workspace: Workspace, dtype: FloatDtype, widest: FloatDtype, shape: Shape) {
  const { rows, columns, gap = 0 } = shape, random = createRandom(5 + rows);
  return {
    ...dyadicState(workspace, dtype, shape),
    targets: matrixOf(workspace, dtype, rows, columns, () => (random.integer(65) - 32) / 8, gap),
    curvatures: vectorOf(workspace, widest, columns, () => random.integer(4) / 4),
    objectives: vectorOf(workspace, widest, rows, () => 3),
  };
}

/** The start of a layer after a pass, with its weights for targets; the Gram matrix gives the curvatures. */
async function layerRows(bench: Bench, shape: Shape) {
  const { dtype, workspace, reference } = bench, { rows, columns, gap = 0 } = shape;
  const { state, weights, gram } = gramState(workspace, dtype, shape);
  await reference.quantizationSweep(state);
  const stride = columns + gap;
  let next = 0, nextDiagonal = 0;
  const targets = matrixOf(workspace, dtype, rows, columns, () => {
    const at = next++ - 1, row = Math.floor(at / stride), column = at % stride;
    return at < 0 || column >= columns ? NaN : weights[row * columns + column];
  }, gap);
  const curvatures = vectorOf(workspace, widestOf(bench), columns, () => {
    const j = nextDiagonal++ - 1;
    return j < 0 ? NaN : gram[j * (columns + 1)];
  });
  return { ...state, targets, curvatures, objectives: vectorOf(workspace, widestOf(bench), rows, () => NaN), gram };
}

/** Two states of some rows whose objectives are chosen to fall in every order. */
function twoStates({ dtype, workspace, ...bench }: Bench, { rows, columns, gap = 0 }: Shape) {
  const widest = widestOf({ dtype, workspace, ...bench }), random = createRandom(rows + columns);
  const pairs = [[1, 2], [2, 1], [1, 1], [Infinity, 1], [1, Infinity], [-1, 0], [0, -1], [Infinity, Infinity]];
  const candidate = (side: number, gap: number): QuantizationCandidate => {
    let row = -1;
    return {
      levels: matrixOf(workspace, dtype, rows, columns, random.normal, gap),
      residual: matrixOf(workspace, dtype, rows, columns, random.normal, 2 * gap),
      objectives: vectorOf(workspace, widest, rows, () => row++ < 0 ? 7 : pairs[row % pairs.length][side]),
    };
  };
  return { best: candidate(0, gap), reached: candidate(1, gap + 1) };
}

const wholeCandidate = ({ levels, residual, objectives }: QuantizationCandidate) => whole(levels, residual, objectives);

/** Rows `[from, to)` of everything that has rows, and the rest as it is. */
function rowsOf<T extends object>(operands: T, from: number, to: number, rowless: readonly (keyof T)[] = []): T {
  return Object.fromEntries(
    Object.entries(operands).map(([key, value]) => {
      if (rowless.includes(key as keyof T) || typeof value !== "object") return [key, value];
      if ("stride" in value) return [key, { ...value, rows: to - from, offset: value.offset + from * value.stride }];
      if ("array" in value) return [key, { ...value, length: to - from, offset: value.offset + from }];
      return [key, value];
    }),
  ) as T;
}

const cuts: readonly (readonly [number, number])[] = [[0, 3], [3, 20], [20, 21], [21, large.rows]];
const rowless = ["coupling", "curvatures", "columnGroups", "gram"] as const;

/** The kernels on one thread; a device's are compared with themselves. */
async function onOneThread(
  { backend, dtype, kernel }: Bench,
  run: (kernel: Bench["kernel"]) => Promise<void>,
): Promise<void> {
  if (backend === "webgpu") return await run(kernel);
  const single = await openWorkspace({ families, backend: "wasm", dtype, flops: 0 });
  try {
    await run(single.kernels);
  } finally {
    single.release();
  }
}

agreement("quantizationErrors", "equals the reference where the arithmetic is exact", function* (bench) {
  for (const shape of shapes) {
    const operands = dyadicRows(bench.workspace, bench.dtype, widestOf(bench), shape);
    yield { what: JSON.stringify(shape), operands, outputs: ({ targets }) => [targets], exact: true };
  }
});

agreement("quantizationErrors", "is within a few roundings of the reference", async function* (bench) {
  for (const shape of shapes) {
    const { gram: _, ...operands } = await layerRows(bench, shape), { columns, groups = 1 } = shape;
    const targets = elements(operands.targets), levels = elements(operands.levels), scales = elements(operands.scales);
    const magnitude = (at: number) =>
      Math.abs(targets[at]) +
      Math.abs(scales[Math.floor(at / columns) * groups + at % columns % groups] * levels[at]);
    yield { what: JSON.stringify(shape), operands, outputs: ({ targets }) => [targets], magnitude };
  }
});

conformance("quantizationErrors", "rounds once, or on a device a few times", async (bench) => {
  const { backend, kernel, dtype } = bench;
  const round = dtype === "f32" ? Math.fround : (x: number) => x;
  for (const shape of shapes) {
    const { rows: _, columns, groups = 1 } = shape, rows = await layerRows(bench, shape);
    const targets = elements(rows.targets), levels = elements(rows.levels), scales = elements(rows.scales);
    await kernel.quantizationErrors(rows);
    elements(rows.targets).forEach((error, at) => {
      const column = at % columns, row = Math.floor(at / columns);
      const weight = scales[row * groups + column % groups] * levels[at], exact = targets[at] - weight;
      const tolerance = sumTolerance(0, dtype) * (Math.abs(targets[at]) + Math.abs(weight));
      if (backend === "webgpu") assert.ok(Math.abs(error - exact) <= tolerance, `${error} instead of ${exact}`);
      else assert.equal(error, round(exact), `element ${at} of ${JSON.stringify(shape)}`);
    });
  }
});

conformance("quantizationErrors", "gives a row the same bits in any range and on any threads", async (bench) => {
  const cut = await layerRows(bench, large), single = await layerRows(bench, large);
  for (const [from, to] of cuts) await bench.kernel.quantizationErrors(rowsOf(cut, from, to, rowless));
  await onOneThread(bench, async (kernel) => await kernel.quantizationErrors(single));
  assert.deepEqual(whole(cut.targets), whole(single.targets));
});

agreement("quantizationObjectives", "equals the reference where the arithmetic is exact", function* (bench) {
  for (const shape of shapes) {
    const operands = dyadicRows(bench.workspace, bench.dtype, widestOf(bench), shape);
    yield { what: JSON.stringify(shape), operands, outputs: ({ objectives }) => [objectives], exact: true };
  }
});

agreement("quantizationObjectives", "sums in f64 where there is f64, whatever the state", async function* (bench) {
  for (const shape of shapes) {
    const { gram: _, ...operands } = await layerRows(bench, shape);
    const targets = elements(operands.targets), levels = elements(operands.levels), scales = elements(operands.scales);
    const residual = elements(operands.residual), curvatures = viewOf(operands.curvatures).subarray(1);
    const { columns, groups = 1 } = shape;
    const magnitudes = Float64Array.from({ length: shape.rows }, (_, i) => {
      let magnitude = 0;
      for (let j = 0, at = i * columns; j < columns; j++, at++) {
        const weight = scales[i * groups + j % groups] * levels[at];
        magnitude += (Math.abs(targets[at]) + Math.abs(weight)) * Math.abs(residual[at]) * curvatures[j];
      }
      return magnitude;
    });
    const outputs = ({ objectives }: typeof operands) => [objectives];
    yield { what: JSON.stringify(shape), operands, outputs, terms: columns, magnitude: (i: number) => magnitudes[i] };
  }
});

conformance("quantizationObjectives", "is the quadratic form of the errors", async (bench) => {
  const { kernel, dtype } = bench;
  for (const shape of shapes) {
    const { columns, groups = 1 } = shape, rows = await layerRows(bench, shape);
    await kernel.quantizationObjectives(rows);
    const targets = elements(rows.targets), levels = elements(rows.levels), scales = elements(rows.scales);
    viewOf(rows.objectives).subarray(1).forEach((objective, i) => {
      const error = Array.from(
        { length: columns },
        (_, j) => targets[i * columns + j] - scales[i * groups + j % groups] * levels[i * columns + j],
      );
      let form = 0, slack = 0;
      for (let j = 0; j < columns; j++) {
        for (let k = 0; k < columns; k++) form += error[j] * rows.gram[j * columns + k] * error[k];
        // The residual is that far from the errors' product with the coupling: see the sweep's own test.
        slack += Math.abs(error[j]) * rows.gram[j * (columns + 1)];
      }
      const off = Math.abs(objective - form);
      assert.ok(
        off <= sumTolerance(columns, dtype) * stepMagnitude * slack,
        `row ${i} of ${JSON.stringify(shape)}: off by ${off}`,
      );
    });
  }
});

conformance("quantizationObjectives", "gives a row the same bits in any range and on any threads", async (bench) => {
  const cut = await layerRows(bench, large), single = await layerRows(bench, large);
  for (const [from, to] of cuts) await bench.kernel.quantizationObjectives(rowsOf(cut, from, to, rowless));
  await onOneThread(bench, async (kernel) => await kernel.quantizationObjectives(single));
  assert.deepEqual(viewOf(cut.objectives).subarray(1), viewOf(single.objectives).subarray(1));
});

agreement("quantizationCodes", "is the reference's to the bit", function* ({ dtype, workspace }) {
  for (const shape of [...shapes, large]) {
    const { rows, columns } = shape, { levels, zeros, columnGroups } = dyadicState(workspace, dtype, shape);
    const codes = workspace.allocate("u32", rows * Math.ceil(columns / 4), "codes");
    const outputs = ({ codes }: QuantizationCodesArguments) => [codes];
    yield { what: JSON.stringify(shape), operands: { levels, zeros, columnGroups, codes }, outputs };
  }
});

conformance(
  "quantizationCodes",
  "packs l + z, every row from a word of its own",
  async ({ dtype, workspace, kernel }) => {
    const random = createRandom(3);
    for (const shape of [...shapes, large]) {
      for (const maximumCode of [3, 255]) {
        const { rows, columns, groups = 1, gap = 0 } = shape, width = Math.ceil(columns / 4);
        const { columnGroups } = dyadicState(workspace, dtype, shape);
        const zeros = matrixOf(workspace, dtype, rows, groups, () => random.integer(maximumCode + 1), gap);
        const levels = matrixOf(workspace, dtype, rows, columns, random.normal, gap), zero = elements(zeros);
        // A word too many, to see that nothing comes there.
        const wanted = new Uint8Array(4 * (rows * width + 1)).fill(255, 4 * rows * width);
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            const code = wanted[4 * i * width + j] = random.integer(maximumCode + 1);
            viewOf(levels)[levels.offset! + i * levels.stride! + j] = code - zero[i * groups + j % groups];
          }
        }
        const codes = workspace.allocate("u32", rows * width + 1, "codes");
        workspace.write(codes, new Uint32Array(codes.length).fill(2 ** 32 - 1));
        await kernel.quantizationCodes({ levels, zeros, columnGroups, codes });
        const words = await workspace.read(codes);
        assert.deepEqual(new Uint8Array(words.buffer), wanted, `${JSON.stringify(shape)}, ${maximumCode}`);
      }
    }
  },
);

agreement("quantizationChoice", "is the reference's to the bit", function* (bench) {
  for (const shape of [...shapes, large]) {
    const outputs = ({ best, reached }: QuantizationChoiceArguments) =>
      [best, reached].flatMap(({ levels, residual, objectives }) => [levels, residual, objectives]);
    yield { what: JSON.stringify(shape), operands: twoStates(bench, shape), outputs };
  }
});

conformance(
  "quantizationChoice",
  "leaves in both states the row of lower objective, and the first on a tie",
  async (bench) => {
    const { kernel } = bench;
    for (const shape of [...shapes, large]) {
      const { best, reached } = twoStates(bench, shape);
      const [levels, others] = [elements(best.levels), elements(reached.levels)];
      const [kept, found] = [best, reached].map(({ objectives }) => Array.from(viewOf(objectives)).slice(1));
      await kernel.quantizationChoice({ best, reached });
      assert.deepEqual(elements(best.levels), elements(reached.levels));
      assert.deepEqual(elements(best.residual), elements(reached.residual));
      const chosen = levels.map((level, at) => {
        const row = Math.floor(at / shape.columns);
        return found[row] < kept[row] ? others[at] : level;
      });
      assert.deepEqual(elements(best.levels), chosen);
      assert.deepEqual(Array.from(viewOf(best.objectives)).slice(1), kept.map((value, i) => Math.min(value, found[i])));
    }
  },
);

conformance("quantizationChoice", "gives a row the same bits in any range and on any threads", async (bench) => {
  const cut = twoStates(bench, large), single = twoStates(bench, large);
  for (const [from, to] of cuts) {
    await bench.kernel.quantizationChoice({ best: rowsOf(cut.best, from, to), reached: rowsOf(cut.reached, from, to) });
  }
  await onOneThread(bench, async (kernel) => await kernel.quantizationChoice(single));
  assert.deepEqual(wholeCandidate(cut.best), wholeCandidate(single.best));
  assert.deepEqual(wholeCandidate(cut.reached), wholeCandidate(single.reached));
});
