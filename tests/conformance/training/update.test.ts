import assert from "node:assert/strict";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement } from "../agreement.ts";
import { awkwardLengths, type Bench, conformance } from "../grid.ts";
import { elements, matrixOf, vectorOf, viewOf } from "../operands.ts";

function vectors({ workspace, dtype }: Bench, length: number) {
  const random = createRandom(length);
  const normal = () => vectorOf(workspace, dtype, length, random.normal);
  const positive = () => vectorOf(workspace, dtype, length, random.uniform);
  return { normal, positive };
}

agreement("sgdUpdate", "agrees with the reference", function* (bench) {
  for (const length of awkwardLengths) {
    for (const nesterov of [false, true]) {
      const { normal } = vectors(bench, length);
      yield {
        what: `${length} elements${nesterov ? ", Nesterov" : ""}`,
        operands: {
          parameters: normal(),
          gradient: normal(),
          velocity: normal(),
          learningRate: 0.1,
          momentum: 0.9,
          weightDecay: 0.01,
          scale: 0.5,
          nesterov,
        },
        outputs: ({ parameters, velocity }) => [parameters, velocity],
        magnitude: 12,
      };
    }
  }
});

agreement("adamwUpdate", "agrees with the reference", function* (bench) {
  for (const length of awkwardLengths) {
    const { normal, positive } = vectors(bench, length);
    yield {
      what: `${length} elements`,
      operands: {
        parameters: normal(),
        gradient: normal(),
        firstMoment: normal(),
        secondMoment: positive(),
        learningRate: 0.01,
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
        weightDecay: 0.1,
        scale: 1,
        step: 3,
      },
      outputs: ({ parameters, firstMoment, secondMoment }) => [parameters, firstMoment, secondMoment],
      terms: 12,
      magnitude: 12,
    };
  }
});

agreement("pairwiseSum", "agrees with the reference", function* (bench) {
  const random = createRandom(1), { workspace, dtype, widest } = bench;
  for (const [rows, columns] of [[1, 5], [2, 3], [3, 17], [5, 4], [8, 1], [16, 1025], [7, 2100]]) {
    for (const shares of [false, true]) {
      yield {
        what: `${rows} x ${columns}${shares ? ", by shares" : ""}`,
        operands: {
          terms: matrixOf(workspace, dtype, rows, columns, random.normal, 1),
          shares: shares ? vectorOf(workspace, widest, rows, random.uniform) : undefined,
        },
        outputs: ({ terms }) => [{ ...terms, rows: 1 }],
        working: ({ terms }) => [terms.array],
        terms: rows,
        magnitude: 4 * rows,
      };
    }
  }
});

conformance(
  "pairwiseSum",
  "sums aligned blocks and their sums to the same bits",
  async ({ workspace, dtype, kernel }) => {
    const random = createRandom(2);
    for (const rows of [3, 6, 8, 13]) {
      const terms = matrixOf(workspace, dtype, rows, 37, random.normal), before = viewOf(terms).slice();
      await kernel.pairwiseSum({ terms });
      const whole = elements(terms).slice(0, 37);
      viewOf(terms).set(before);
      const sums: number[] = [];
      for (let first = 0; first < rows; first += 4) {
        const block = { ...terms, rows: Math.min(4, rows - first), offset: 1 + first * 37 };
        await kernel.pairwiseSum({ terms: block });
        sums.push(...elements({ ...block, rows: 1 }));
      }
      const blocks = matrixOf(workspace, dtype, sums.length / 37, 37, () => 0);
      viewOf(blocks).set(sums, 1);
      await kernel.pairwiseSum({ terms: blocks });
      assert.deepEqual(elements(blocks).slice(0, 37), whole);
    }
  },
);
