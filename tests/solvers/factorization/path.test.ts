import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  archetypalNmfPath,
  type ArchetypalPathPoint,
  type Matrix,
  OptionError,
  type SparseMatrix,
} from "../../../mod.ts";
import { archetypalSamples } from "./data.ts";

describe("archetypalNmfPath", () => {
  it("goes over ranks and prices; errors on held-out samples fall to the true rank, and there starts agree", async () => {
    const { X } = archetypalSamples([120, 20, 3], 0.02), points: ArchetypalPathPoint[] = [];
    const options = { ranks: [2, 3, 4], lambdas: [0.5, 2], stabilityStarts: 2, tolerance: 1e-6 };
    for await (const point of archetypalNmfPath(X, options)) points.push(point);
    assert.deepEqual(points.map(({ rank, lambda }) => [rank, lambda]), [[2, 2], [2, 0.5], [3, 2], [3, 0.5], [4, 2], [
      4,
      0.5,
    ]]);
    const [two, three, four] = [0, 2, 4].map((at) => points[at]);
    assert.ok(two.validationError! > 5 * three.validationError!, "two are too few");
    assert.ok(four.validationError! > three.validationError! / 2, "four are hardly better");
    assert.ok(three.instability! < four.instability!, `${three.instability}, ${four.instability}`);
    assert.equal(three.weights.shape[0], 96);
  });

  it("keeps sparse samples sparse, and says of them what it says of dense ones", async () => {
    const { X: full } = archetypalSamples([30, 12, 3], 0.1);
    const X = { ...full, data: full.data.map((value, at) => at % 3 ? 0 : value) }, [rows, columns] = X.shape;
    const errors = async (samples: Matrix | SparseMatrix) => {
      const found: number[] = [];
      for await (const point of archetypalNmfPath(samples, { ranks: [1, 3] })) found.push(point.validationError!);
      return found;
    };
    const dense = await errors(X);
    for (const format of ["csr", "csc"] as const) {
      const lines = format === "csr" ? rows : columns, width = format === "csr" ? columns : rows;
      const indptr = [0], indices: number[] = [], data: number[] = [];
      for (let line = 0; line < lines; line++) {
        for (let k = 0; k < width; k++) {
          const value = X.data[format === "csr" ? line * columns + k : k * columns + line];
          if (value !== 0) data.push(value) && indices.push(k);
        }
        indptr.push(data.length);
      }
      const sparse = await errors({
        format,
        shape: [rows, columns],
        indptr: Uint32Array.from(indptr),
        indices: Uint32Array.from(indices),
        data: Float64Array.from(data),
      });
      sparse.forEach((error, at) =>
        assert.ok(Math.abs(error - dense[at]) <= 1e-4 * dense[at], `${error}, ${dense[at]}`)
      );
    }
  });

  it("leaves out the validation where nothing is held out, and refuses ranks that are none", async () => {
    const { X } = archetypalSamples([12, 5, 2], 0.1);
    for await (const point of archetypalNmfPath(X, { ranks: [2], holdout: 0, density: 0.5 })) {
      assert.equal(point.validationError, undefined);
      assert.ok(point.nonzeroCount <= 5);
    }
    await assert.rejects(archetypalNmfPath(X, { ranks: [1.5] }).next(), OptionError);
    await assert.rejects(archetypalNmfPath(X, { ranks: [13] }).next(), OptionError);
  });
});
