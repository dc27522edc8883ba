import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { DataError, fromRows, ShapeError, type SparseMatrix, sparsePrecision } from "../../../mod.ts";

const samples = fromRows([[2, 2, 1], [-2, -2, 1], [1, 1, -1], [-1, -1, -1], [3, 2, 0], [-3, -2, 0]]);
const start: SparseMatrix = {
  format: "csr",
  shape: [3, 3],
  indptr: new Uint32Array([0, 2, 4, 5]),
  indices: new Uint32Array([0, 1, 0, 1, 2]),
  data: new Float64Array([2, -1, -1, 2, 1]),
};
const solve = (change: Partial<SparseMatrix>) =>
  sparsePrecision(samples, { lambda0: 0.3, lambda2: 0.1, initial: { ...start, ...change } });

describe("sparse matrices as input", () => {
  it("start a descent in either format", async () => {
    const rows = await solve({}), columns = await solve({ format: "csc" });
    assert.equal(rows.edgeCount, 1);
    assert.equal(rows.objective, columns.objective);
  });

  const wrong: [string, Partial<SparseMatrix>, new (...args: never[]) => Error, RegExp][] = [
    ["another format", { format: "coo" as "csr" }, TypeError, /"initial" must be/],
    ["ordinary arrays", { indices: [0, 1, 0, 1, 2] as unknown as Uint32Array }, TypeError, /indices: Uint32Array/],
    ["too few lines", { indptr: new Uint32Array([0, 2, 5]) }, ShapeError, /an "indptr" of 4 numbers .* have 3 and 5/],
    ["values without indices", { indices: new Uint32Array(4) }, ShapeError, /they have 4 and 4/],
    ["lines that fall back", { indptr: new Uint32Array([0, 4, 2, 5]) }, DataError, /indptr.* falls after line 1/],
    ["an index out of range", { indices: new Uint32Array([0, 1, 0, 3, 2]) }, DataError, /rise below 3 in line 1.* 3/],
    ["an index twice", { indices: new Uint32Array([0, 0, 0, 1, 2]) }, DataError, /rise below 3 in line 0/],
    ["NaN", { data: new Float64Array([2, -1, NaN, 2, 1]) }, DataError, /"data" of "initial" is NaN at 2/],
    ["another size", { shape: [4, 4], indptr: new Uint32Array([0, 2, 4, 5, 5]) }, ShapeError, /is 4 x 4/],
    ["a diagonal of zero", { data: new Float64Array([0, -1, -1, 2, 1]) }, DataError, /its diagonal is 0 at 0/],
  ];
  for (const [what, change, kind, message] of wrong) {
    it(`are refused with ${what}`, async () => {
      await assert.rejects(solve(change), (error: Error) => {
        assert.ok(error instanceof kind, `${error}`);
        assert.match(error.message, message);
        return true;
      });
    });
  }
});
