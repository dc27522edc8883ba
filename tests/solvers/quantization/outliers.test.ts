import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dequantize, matrix, quantizeLayer, toDense } from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { lossOf, makeLayer } from "../../support/layers.ts";
import { products } from "../../support/moved_layers.ts";

const made = makeLayer({ rows: 24, columns: 50, seed: 21 });
const { weights, gram } = made;

describe("quantizeLayer with outliers", () => {
  it("keeps as many as asked, or auto no more, over the whole layer or as whole columns, sorted within each row", async () => {
    for (const method of ["quantease", "auto"] as const) {
      const some = await quantizeLayer(weights, gram, { bits: 3, method, outliers: { fraction: 0.02 } });
      const count = some.outliers!.data.length;
      assert.ok(count <= 24 && count >= (method === "auto" ? 20 : 24), `${method}: ${count}`);
      assert.equal(some.outliers!.indptr.length, 25);
      assert.equal(some.outliers!.indptr[24], count);
      const columns = await quantizeLayer(weights, gram, {
        bits: 3,
        method,
        outliers: { fraction: 0.04, structured: true },
      });
      assert.deepEqual([new Set(columns.outliers!.indices).size, columns.outliers!.data.length], [2, 48]);
      const { indptr, indices } = some.outliers!;
      for (let i = 0; i < 24; i++) {
        for (let k = indptr[i] + 1; k < indptr[i + 1]; k++) assert.ok(indices[k] > indices[k - 1], `row ${i}`);
      }
    }
  });

  it("reports the error of the weights that dequantize returns, which are grid plus outliers", async () => {
    for (const structured of [false, true]) {
      const layer = await quantizeLayer(weights, gram, {
        bits: 3,
        groupSize: 10,
        outliers: { fraction: 0.04, structured },
      });
      const dense = dequantize(layer), outliers = toDense(layer.outliers!).data;
      const loss = lossOf(made, dense);
      assert.ok(Math.abs(layer.objective - loss) <= 1e-9 * loss, `${layer.objective} instead of ${loss}`);
      dense.data.forEach((weight, at) => {
        const group = Math.floor(at / 50) * 5 + layer.groupIndex![at % 50];
        const onGrid = layer.scales.data[group] * (layer.codes[at] - layer.zeros.data[group]);
        assert.equal(weight, onGrid + outliers[at]);
      });
    }
  });

  it("tells of no objective that codes have not reached, whatever auto begins with", async () => {
    for (const initial of ["weights", "rtn", "gptq"] as const) {
      for (const structured of [false, true]) {
        let told = Infinity;
        const { objective } = await quantizeLayer(weights, gram, {
          bits: 3,
          initial,
          outliers: { fraction: 0.06, structured },
          onProgress({ stage, objective = Infinity }) {
            if (stage === "outliers") told = Math.min(told, objective);
          },
        });
        // Annealing comes after.
        assert.ok(told >= objective && told < 10 * objective, `${initial}, ${structured}: ${told}, ${objective}`);
      }
    }
  });

  it("lowers the error, the more outliers the more, and free ones more than whole columns", async () => {
    const errorOf = async (fraction: number, structured = false) =>
      (await quantizeLayer(weights, gram, { bits: 3, method: "quantease", outliers: { fraction, structured } }))
        .relativeError;
    const [none, few, many, columns] = [
      await errorOf(0),
      await errorOf(0.02),
      await errorOf(0.1),
      await errorOf(0.1, true),
    ];
    assert.ok(many < few && few < none && many < columns && columns < none, `${[none, few, many, columns]}`);
    const auto = await quantizeLayer(weights, gram, { bits: 3, outliers: { fraction: 0.1 } });
    assert.ok(auto.relativeError < many, `${auto.relativeError} against ${many}`);
  });

  it("is above itself without outliers in no row, or with whole columns in no layer, of inputs of a few samples", async () => {
    let emptied = 0;
    for (let seed = 0; seed < 40; seed++) {
      const random = createRandom(seed), rows = 3, columns = 4 + random.integer(12), samples = 1 + seed % 3;
      const normal = (length: number) => Float64Array.from({ length }, random.normal);
      const inputs = matrix(samples, columns, normal(samples * columns)), gram = products(inputs, inputs);
      const weights = matrix(rows, columns, normal(rows * columns));
      const plain = await quantizeLayer(weights, gram, { bits: 3 });
      for (const structured of [false, true]) {
        const layer = await quantizeLayer(weights, gram, { bits: 3, outliers: { fraction: 0.1, structured } });
        const loss = lossOf({ weights, gram }, dequantize(layer)), what = `seed ${seed}, structured ${structured}`;
        assert.ok(Math.abs(layer.objective - loss) <= 1e-9 * loss + 1e-12, `${what}: ${layer.objective}, not ${loss}`);
        assert.ok(layer.objective <= plain.objective + 1e-12, `${what}: ${layer.objective}, ${plain.objective}`);
        assert.equal(layer.violations, 0, what);
        if (structured) continue;
        layer.rowObjectives.forEach((objective, i) => {
          assert.ok(objective <= plain.rowObjectives[i] + 1e-12, `${what}: ${objective}, ${plain.rowObjectives[i]}`);
        });
        const { indptr, data } = layer.outliers ?? { indptr: [], data: [] };
        assert.ok(data.length <= Math.round(0.1 * rows * columns), what);
        for (let i = 0; i < rows; i++) if (!(indptr[i + 1] > indptr[i])) emptied++;
      }
    }
    assert.ok(emptied > 0);
  });

  it("never rises from turn to turn where it stays on the grid: no thresholding step raises the objective", async () => {
    for (const seed of [1, 2, 3]) {
      const { weights, gram } = makeLayer({ rows: 16, columns: 40, seed, decay: 1.5 });
      const { trace } = await quantizeLayer(weights, gram, {
        bits: 3,
        method: "quantease",
        relaxEvery: 0,
        iterations: 30,
        outliers: { fraction: 0.03 },
      });
      for (let t = 1; t < trace.length; t++) {
        assert.ok(trace[t] <= trace[t - 1] * (1 + 1e-12), `turn ${t}: ${trace[t]} > ${trace[t - 1]}`);
      }
      assert.ok(trace.at(-1)! < 0.99 * trace[0]);
    }
  });

  it("is plain quantisation where the fraction rounds to no outlier", async () => {
    const plain = await quantizeLayer(weights, gram, { bits: 3 });
    const none = await quantizeLayer(weights, gram, { bits: 3, outliers: { fraction: 1e-6 } });
    assert.deepEqual(none.codes, plain.codes);
    assert.equal(none.outliers, undefined);
  });

  it("stays valid where the time limit cuts it short", async () => {
    const layer = await quantizeLayer(weights, gram, { bits: 3, timeLimitMs: 0, outliers: { fraction: 0.02 } });
    assert.equal(layer.status, "time-limit");
    const loss = lossOf(made, dequantize(layer));
    assert.ok(Math.abs(layer.objective - loss) <= 1e-9 * loss);
  });
});
