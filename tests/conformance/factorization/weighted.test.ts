import assert from "node:assert/strict";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement } from "../agreement.ts";
import { type Bench, conformance } from "../grid.ts";
import { elements, matrixOf, vectorOf, viewOf } from "../operands.ts";

function problemOf({ workspace, dtype }: Bench, rows: number, columns: number, rank: number) {
  const random = createRandom(rows + columns + rank);
  // Components that hardly overlap, so that errors do not grow from sweep to sweep.
  let place = -1;
  const overlap = () => {
    const at = place++, t = Math.floor(at / (columns + 1)), j = at % (columns + 1);
    return j % rank === t ? 1 + random.uniform() : 0.1 * random.uniform();
  };
  return {
    x: matrixOf(workspace, dtype, rows, columns, () => random.normal() + 1, 1),
    weights: matrixOf(workspace, dtype, rows, columns, () => random.integer(3) / 2, 2),
    components: matrixOf(workspace, dtype, rank, columns, overlap, 1),
    factor: matrixOf(workspace, dtype, rank, rows, random.uniform, 1),
    losses: vectorOf(workspace, "f64", rows, random.normal),
  };
}

agreement("weightedSweep", "agrees with the reference", function* (bench) {
  for (const [rows, columns, rank] of [[0, 3, 1], [1, 1, 1], [2, 3, 2], [5, 33, 3], [4, 700, 6], [300, 40, 5]]) {
    for (const sweeps of [0, 1, 2]) {
      yield {
        what: `${rows} x ${columns}, rank ${rank}, ${sweeps} sweeps`,
        operands: { ...problemOf(bench, rows, columns, rank), sweeps },
        outputs: ({ factor, losses }) => [factor, losses],
        terms: 32 + (bench.dtype === "f64" ? columns : columns / 16),
        magnitude: 64,
        precision: bench.dtype,
      };
    }
  }
});

conformance("weightedSweep", "lowers the weighted residuals, and leaves what has no weight", async (bench) => {
  const rows = 6, columns = 25, rank = 3, operands = problemOf(bench, rows, columns, rank);
  const { x, weights, components, factor } = operands;
  const [X, M, H] = [x, weights, components].map(elements);
  const loss = () => {
    const W = elements(factor);
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let e = X[i * columns + j];
        for (let t = 0; t < rank; t++) e -= W[t * rows + i] * H[t * columns + j];
        sum += M[i * columns + j] * e * e;
      }
    }
    return sum;
  };
  let last = loss();
  for (let sweep = 0; sweep < 5; sweep++) {
    await bench.kernel.weightedSweep(operands);
    const next = loss(), told = Array.from(viewOf(operands.losses).slice(1)).reduce((sum, loss) => sum + loss, 0);
    assert.ok(Math.abs(told - next) <= 20 * bench.epsilon * last, `${told} of ${next}`);
    assert.ok(next <= last * (1 + 20 * bench.epsilon), `${next} after ${last}`);
    last = next;
  }
  bench.workspace.write(weights.array, new Float64Array(weights.array.length));
  const before = elements(factor);
  await bench.kernel.weightedSweep(operands);
  assert.deepEqual(elements(factor), before);
});
