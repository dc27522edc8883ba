import { passParts } from "../../../kernels/contract/factorization/pass.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement } from "../agreement.ts";
import { matrixOf } from "../operands.ts";
import { blockOf } from "./blocks.ts";

agreement("nonnegativePass", "sweeps the weights, and sums what they make of the data", function* (bench) {
  const shapes = [
    [0, 3, 1],
    [1, 1, 1],
    [3, 2, 2],
    [4, 9, 3],
    [17, 33, 4],
    [7, 5, 5],
    [97, 43, 10],
    [300, 40, 3],
    [
      515,
      65,
      7,
    ],
    [260, 1, 2],
    [261, 24, 6],
    [130, 47, 11],
    [40, 8, 16],
  ];
  for (const [rows, columns, rank] of shapes) {
    for (const sweeps of rows === 300 ? [1, 3] : [2]) {
      const random = createRandom(rows + columns), { workspace, dtype } = bench;
      yield {
        what: `${rows} x ${columns}, rank ${rank}, ${sweeps} sweeps`,
        operands: {
          ...blockOf(workspace, dtype, rank, rows),
          x: matrixOf(workspace, dtype, rows, columns, random.uniform, 1),
          // Inner products of about one.
          components: matrixOf(workspace, dtype, rank, columns, () => random.uniform() / columns, 2),
          parts: matrixOf(workspace, dtype, passParts(rows) * rank, columns, () => 0, 1),
          gramParts: matrixOf(workspace, "f64", passParts(rows) * rank, rank, () => 0, 1),
          linear: matrixOf(workspace, dtype, rank, columns, random.normal, 1),
          factorGram: matrixOf(workspace, "f64", rank, rank, random.normal, 1),
          sweeps,
        },
        outputs: ({ factor, linear, factorGram }) => [factor, linear, factorGram],
        working: ({ parts, gramParts }) => [parts.array, gramParts.array],
        terms: rank * sweeps + columns + Math.min(rows, 300),
        magnitude: 16 + 4 * rows,
        precision: dtype,
      };
    }
  }
});
