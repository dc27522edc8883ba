import assert from "node:assert/strict";
import type { Kernels } from "../../../kernels/contract.ts";
import { taskBlockWords, taskFitWords } from "../../../kernels/contract/l0/tasks.ts";
import type { Workspace } from "../../../kernels/engine/mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { type Bench, conformance } from "../grid.ts";

interface Fit {
  readonly size: number;
  readonly ridge: number;
  readonly valueSharing?: number;
  readonly supportSharing?: number;
  readonly common?: boolean;
  readonly start?: readonly (readonly number[])[];
  readonly moves?: number;
}

const tasks = 3;

interface Shape {
  /** Places of a support. */
  readonly capacity?: number;
  /** Whether all tasks but the second have Gram matrices. */
  readonly hasGram?: boolean;
  /** Share of each sample that its features have in common. */
  readonly common?: number;
}

/** Data of three tasks, and fits of it. */
function problem(
  workspace: Workspace,
  features: number,
  seed: number,
  { capacity = 5, hasGram = true, common = 0 }: Shape = {},
) {
  const random = createRandom(seed), counts = [9, 6, 14], shared = Array.from({ length: features }, random.normal);
  const samples: number[] = [],
    gram: number[] = [0],
    blocks: number[] = [],
    linear: number[] = [],
    diagonal: number[] = [];
  const data = counts.map((rows, k) => {
    // The last of seven features is a combination of the first two.
    const X = Array.from({ length: rows }, () => {
      const all = common * random.normal();
      const row = Array.from({ length: features }, () => (all + (1 - common) * random.normal()) / Math.sqrt(rows));
      if (features === 7) row[6] = (row[0] - row[1]) / 2;
      return row;
    });
    const y = X.map((row) =>
      2 * row[0] + row.reduce((sum, x, j) => sum + (j % 3 ? 0 : shared[j]) * x, 0) + 0.1 * random.normal()
    );
    const entry = (i: number, j: number) => X.reduce((sum, row) => sum + row[i] * row[j], 0);
    const l = shared.map((_, j) => X.reduce((sum, row, i) => sum + row[j] * y[i], 0));
    const holds = hasGram && k !== 1;
    blocks.push(samples.length, rows, holds ? 1 + gram.length : 0);
    for (const row of X) for (const x of row) samples.push(x);
    if (holds) gram.push(...shared.flatMap((_, i) => shared.map((_, j) => entry(i, j))));
    l.forEach((value, j) => linear.push(value) && diagonal.push(entry(j, j)));
    return { entry, l };
  });
  const array = (values: number[], label: string) => {
    const found = workspace.allocate("f64", values.length, label);
    workspace.write(found, values);
    return found;
  };
  const matrix = (values: number[], columns: number, label: string) => ({
    array: array(values, label),
    rows: values.length / columns,
    columns,
  });
  const blockArray = workspace.allocate("u32", tasks * taskBlockWords, "blocks");
  workspace.write(blockArray, blocks);
  const operands = {
    tasks,
    features,
    blocks: blockArray,
    samples: array(samples, "samples"),
    gram: array(gram, "gram"),
    linear: matrix(linear, features, "linear"),
    diagonal: matrix(diagonal, features, "diagonal"),
  };
  return {
    data,
    async run(kernels: Kernels, fits: readonly Fit[]) {
      const words = fits.flatMap((
        { size, ridge, valueSharing = 0, supportSharing = 0, common = false, moves = 1000 },
      ) => [0, size, ridge, valueSharing, supportSharing, common ? 1 : 0, 1e-12, moves]);
      const starts = fits.flatMap(({ start }) => Array.from({ length: tasks }, (_, k) => start?.[k] ?? []));
      const counts = workspace.allocate("u32", starts.length, "counts");
      const supports = workspace.allocate("u32", starts.length * capacity, "supports");
      workspace.write(counts, starts.map((one) => one.length));
      starts.forEach((one, k) => workspace.write(supports, one, k * capacity));
      const coefficients = matrix(new Array(starts.length * capacity).fill(0), capacity, "coefficients");
      const fitWords = matrix(words, taskFitWords, "fits");
      const made = await kernels.taskMoves({ ...operands, fits: fitWords, supports, counts, coefficients });
      const found = {
        made,
        words: await workspace.read(fitWords.array),
        counts: await workspace.read(counts),
        supports: await workspace.read(supports),
        coefficients: await workspace.read(coefficients.array),
      };
      for (const one of [counts, supports, coefficients.array, fitWords.array]) workspace.free(one);
      return fits.map((_, fit) => ({
        made,
        left: found.words[fit * taskFitWords + 7],
        tasks: Array.from({ length: tasks }, (_, k) => {
          const at = fit * tasks + k, from = at * capacity, to = from + found.counts[at];
          const places = Array.from(found.supports.subarray(from, to));
          return new Map(places.map((feature, i) => [feature, found.coefficients[from + i]]));
        }),
      }));
    },
  };
}

const fits: readonly Fit[] = [
  { size: 2, ridge: 0.01 },
  { size: 5, ridge: 0.001 },
  { size: 0, ridge: 0, start: [[0], [1], [0]] },
  { size: 2, ridge: 0.02, supportSharing: 0.3, start: [[0, 1, 2], [1], []] },
  { size: 3, ridge: 0.001, supportSharing: 3, valueSharing: 0.5 },
  { size: 3, ridge: 0.01, common: true },
  { size: 2, ridge: 0.01, common: true, start: [[0, 1, 2], [0, 1, 2], [0, 1, 2]] },
  { size: 3, ridge: 0.01, valueSharing: 50, common: true },
  // One of three features that depend on each other leaves at once.
  { size: 3, ridge: 0, start: [[0, 1, 6], [6, 1, 0], [1, 6, 0]], moves: 3 },
  { size: 4, ridge: 0.01, moves: 3 },
  { size: 4, ridge: 0.01, common: true, moves: 2 },
];

/** Compares fits with those of the reference, and the gradients on their supports with zero. */
async function compare(
  { workspace, kernel, reference }: Bench,
  given: readonly Fit[],
  features: number,
  shape?: Shape,
) {
  const { run, data } = problem(workspace, features, features, shape);
  const fitting = given.filter(({ start }) => (start?.flat() ?? []).every((feature) => feature < features));
  const actual = await run(kernel, fitting), expected = await run(reference, fitting);
  actual.forEach((fit, at) => {
    const { size, ridge, valueSharing = 0, common } = fitting[at], what = `${features} features, fit ${at}`;
    assert.equal(fit.made, expected[at].made, what);
    assert.equal(fit.left, expected[at].left, what);
    fit.tasks.forEach((support, k) => {
      assert.deepEqual([...support.keys()], [...expected[at].tasks[k].keys()], what);
      if (fit.left > 0) assert.ok(support.size <= size, what);
      if (common) assert.deepEqual([...support.keys()], [...fit.tasks[0].keys()], what);
      for (const [feature, value] of support) {
        const other = expected[at].tasks[k].get(feature)!;
        assert.ok(Math.abs(value - other) <= 1e-9 * (1 + Math.abs(other)), `${what}: ${value}, ${other}`);
        if (value === 0 && common) continue;
        // The gradient is zero on the support.
        const mean = fit.tasks.reduce((sum, one) => sum + (one.get(feature) ?? 0), 0) / tasks;
        let gradient = ridge * value + valueSharing * (value - mean) - data[k].l[feature];
        for (const [j, b] of support) gradient += data[k].entry(feature, j) * b;
        if (fit.left > 0) assert.ok(Math.abs(gradient) <= 1e-9, `${what}: gradient ${gradient}`);
      }
    });
  });
}

conformance("taskMoves", "finds the supports that the reference finds, fitted to all their tasks", async (bench) => {
  for (const features of [1, 2, 3, 4, 7, 18]) await compare(bench, fits, features);
});

conformance(
  "taskMoves",
  "finds them where features correlate, supports are wide, and moves are many",
  async (bench) => {
    const wide: Fit[] = [4, 8, 13].flatMap((size) =>
      [{}, { supportSharing: 0.02 }, { valueSharing: 0.3 }, { common: true }, { common: true, valueSharing: 2 }].map((
        one,
      ) => ({
        size,
        ridge: 1e-3,
        ...one,
        start: Array.from(
          { length: tasks },
          (_, k) => Array.from({ length: 20 }, (_, i) => 2 * i + (one.common ? 0 : k)),
        ),
      }))
    );
    for (const common of [0, 0.5, 0.9]) await compare(bench, wide, 42, { capacity: 20, common });
  },
);

conformance("taskMoves", "finds them where little is kept of each task", async (bench) => {
  const few = [{ size: 3, ridge: 0.01 }, { size: 3, ridge: 0.01, supportSharing: 0.5 }, {
    size: 2,
    ridge: 0.01,
    common: true,
  }];
  await compare(bench, few, 12_000, { capacity: 30, hasGram: false });
});

conformance("taskMoves", "goes on where its moves have ended", async ({ workspace, kernel }) => {
  const { run } = problem(workspace, 18, 5);
  const [whole] = await run(kernel, [{ size: 5, ridge: 0.01 }]);
  const [half] = await run(kernel, [{ size: 5, ridge: 0.01, moves: 4 }]);
  assert.equal(half.left, 0);
  const [rest] = await run(kernel, [{ size: 5, ridge: 0.01, start: half.tasks.map((task) => [...task.keys()]) }]);
  assert.ok(rest.left > 0);
  const objectives = [whole, rest].map(({ tasks }) => tasks.map((task) => [...task.keys()].sort((a, b) => a - b)));
  assert.deepEqual(objectives[0], objectives[1]);
});
