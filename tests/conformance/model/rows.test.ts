import assert from "node:assert/strict";
import type { Activation } from "../../../kernels/contract.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement } from "../agreement.ts";
import { conformance } from "../grid.ts";
import { elements, matrixOf, vectorOf, viewOf } from "../operands.ts";

const shapes = [[0, 3, 0], [1, 1, 0], [2, 3, 1], [3, 4, 0], [5, 7, 2], [4, 64, 0], [33, 129, 3]] as const;

agreement("normalizeRows", "agrees centred or not, with a bias or none, in place", function* ({ dtype, workspace }) {
  for (const [rows, columns, gap] of shapes) {
    for (const [centered, biased, offset] of [[true, true, 3], [false, false, 0], [true, false, -1e3]] as const) {
      const random = createRandom(rows + columns),
        x = matrixOf(workspace, dtype, rows, columns, () => offset + random.normal(), gap);
      const y = centered && biased ? x : matrixOf(workspace, dtype, rows, columns, random.normal, gap + 1);
      const weight = vectorOf(workspace, dtype, columns, random.normal);
      const bias = biased ? vectorOf(workspace, dtype, columns, random.normal) : undefined;
      yield {
        what: `${rows} x ${columns}, ${centered ? "centred" : "not centred"} at ${offset}`,
        operands: { x, y, weight, ...bias && { bias }, epsilon: 1e-5, centered },
        outputs: ({ y }) => [y],
        // Of rows that are their own mean, what is left of a difference is scaled up by 1 / sqrt(epsilon).
        magnitude: 40,
      };
    }
  }
});

conformance("normalizeRows", "gives rows of mean 0 and variance 1", async ({ dtype, workspace, kernel }) => {
  const random = createRandom(1), x = matrixOf(workspace, dtype, 6, 50, () => 5 + 3 * random.normal());
  const weight = vectorOf(workspace, dtype, 50, () => 1);
  await kernel.normalizeRows({ x, y: x, weight, epsilon: 1e-12, centered: true });
  const values = elements(x);
  for (let i = 0; i < 6; i++) {
    const row = values.slice(i * 50, i * 50 + 50), sum = row.reduce((sum, value) => sum + value, 0);
    const squares = row.reduce((sum, value) => sum + value * value, 0);
    assert.ok(Math.abs(sum) < 1e-4 && Math.abs(squares - 50) < 1e-3, `${sum}, ${squares}`);
  }
});

agreement("addBias", "adds to every row", function* ({ dtype, workspace }) {
  for (const [rows, columns, gap] of shapes) {
    const random = createRandom(rows), x = matrixOf(workspace, dtype, rows, columns, random.normal, gap);
    yield {
      what: `${rows} x ${columns}`,
      operands: { x, bias: vectorOf(workspace, dtype, columns, random.normal) },
      outputs: ({ x }) => [x],
    };
  }
});

const activations: readonly Activation[] = ["silu", "gelu", "gelu-tanh", "relu"];

agreement("activate", "agrees far out and near zero, gated or not", function* ({ dtype, workspace }) {
  for (const activation of activations) {
    for (const [rows, columns, gap] of shapes) {
      const random = createRandom(columns), scales = [1e-4, 0.3, 2, 9, 60];
      const x = matrixOf(workspace, dtype, rows, columns, () => scales[random.integer(5)] * random.normal(), gap);
      const factor = columns % 2 ? matrixOf(workspace, dtype, rows, columns, random.normal, 1) : undefined;
      const inputs = elements(x), factors = factor && elements(factor);
      yield {
        what: `${activation}, ${rows} x ${columns}`,
        operands: { activation, x, ...factor && { factor } },
        outputs: ({ x }) => [x],
        terms: 20,
        magnitude: (k) => Math.abs(inputs[k] * (factors ? factors[k] : 1)),
      };
    }
  }
});

agreement("tokenLosses", "agrees for large logits and equal ones", function* ({ dtype, workspace }) {
  for (const [rows, columns, gap] of shapes) {
    for (const scale of [0, 1, 80]) {
      const random = createRandom(columns), shift = scale * random.normal();
      const logits = matrixOf(workspace, dtype, rows, columns, () => shift + scale * random.normal(), gap);
      const targets = workspace.allocate("u32", rows, "targets");
      workspace.write(targets, Array.from({ length: rows }, () => random.integer(columns)));
      yield {
        what: `${rows} x ${columns}, scale ${scale}`,
        operands: { logits, targets, losses: vectorOf(workspace, "f64", rows, random.normal) },
        outputs: ({ losses }) => [losses],
        terms: 10,
        precision: "f32",
        magnitude: 1 + 2 * scale,
      };
    }
  }
});

conformance("tokenLosses", "turns into probabilities that sum to one", async ({ dtype, workspace, kernel }) => {
  const random = createRandom(7), columns = 11, line = Array.from({ length: columns }, random.normal);
  let at = -1;
  // A row for each target, all of the same logits.
  const logits = matrixOf(workspace, dtype, columns, columns, () => at++ < 0 ? 0 : line[(at - 1) % columns]);
  const targets = workspace.allocate("u32", columns, "targets"), losses = vectorOf(workspace, "f64", columns, () => 0);
  workspace.write(targets, Array.from({ length: columns }, (_, k) => k));
  await kernel.tokenLosses({ logits, targets, losses });
  const sum = Array.from(viewOf(losses).slice(1)).reduce((sum, loss) => sum + Math.exp(-loss), 0);
  assert.ok(Math.abs(sum - 1) < 1e-5, `${sum}`);
});
