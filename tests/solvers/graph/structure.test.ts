import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  graphComponents,
  isPositiveDefinite,
  logDeterminant,
  nearestPositiveDefinite,
  OptionError,
  type SparseMatrix,
} from "../../../mod.ts";
import { small } from "./data.ts";
import { createRandom } from "../../../solvers/core/random.ts";

/** `log det` by dense elimination without pivoting, NaN where a pivot is not positive. */
function eliminate(matrix: Float64Array, size: number): number {
  const rest = matrix.slice();
  let sum = 0;
  for (let k = 0; k < size; k++) {
    const pivot = rest[k * (size + 1)];
    if (!(pivot > 0)) return NaN;
    sum += Math.log(pivot);
    for (let i = k + 1; i < size; i++) {
      const factor = rest[i * size + k] / pivot;
      for (let j = k; j < size; j++) rest[i * size + j] -= factor * rest[k * size + j];
    }
  }
  return sum;
}

/** The nonzero entries of a square matrix. */
function sparseOf(dense: Float64Array, size: number): SparseMatrix {
  const at = Array.from(dense.keys()).filter((k) => dense[k] !== 0);
  const indptr = new Uint32Array(size + 1);
  at.forEach((k) => indptr[Math.floor(k / size) + 1]++);
  for (let i = 0; i < size; i++) indptr[i + 1] += indptr[i];
  const data = Float64Array.from(at, (k) => dense[k]), indices = Uint32Array.from(at, (k) => k % size);
  return { format: "csr", shape: [size, size], indptr, indices, data };
}

/** Ones on the diagonal and one value on some edges. */
function unitDiagonal(size: number, edges: readonly (readonly [number, number])[], value: number): SparseMatrix {
  const rows = Array.from({ length: size }, (_, i) => [{ column: i, value: 1 }]);
  for (const [i, j] of edges) {
    rows[i].push({ column: j, value });
    rows[j].push({ column: i, value });
  }
  const indptr = new Uint32Array(size + 1);
  rows.forEach((row, i) => indptr[i + 1] = indptr[i] + row.length);
  const entries = rows.flatMap((row) => row.sort((a, b) => a.column - b.column));
  const indices = Uint32Array.from(entries, ({ column }) => column);
  return {
    format: "csr",
    shape: [size, size],
    indptr,
    indices,
    data: Float64Array.from(entries, (entry) => entry.value),
  };
}

describe("the graph of a precision matrix", () => {
  it("has components, a determinant and definiteness", () => {
    assert.deepEqual(graphComponents(small(-1)), {
      count: 2,
      labels: new Uint32Array([0, 0, 1]),
      sizes: new Uint32Array([2, 1]),
    });
    assert.ok(Math.abs(logDeterminant(small(-1)) - Math.log(9)) < 1e-12);
    assert.ok(
      isPositiveDefinite(small(-1)) && !isPositiveDefinite(small(-2.5)) && Number.isNaN(logDeterminant(small(2.5))),
    );
  });

  it("has the determinant of dense elimination, whatever the pattern", () => {
    for (const [size, degree] of [[1, 0], [2, 1], [9, 2], [40, 1.5], [60, 6], [30, 29]]) {
      const random = createRandom(size);
      const dense = new Float64Array(size * size);
      for (let i = 0; i < size; i++) {
        dense[i * (size + 1)] = 1 + random.uniform();
        for (let j = 0; j < i; j++) {
          if (random.uniform() * size < degree) dense[i * size + j] = dense[j * size + i] = random.normal();
        }
      }
      for (const shift of [0, degree, 3 * degree]) {
        const shifted = dense.map((value, at) => at % (size + 1) === 0 ? value + shift : value);
        const expected = eliminate(shifted, size);
        const found = logDeterminant(sparseOf(shifted, size));
        if (Number.isNaN(expected)) assert.ok(Number.isNaN(found), `${size}, ${shift}: ${found}`);
        else assert.ok(Math.abs(found - expected) < 1e-9 * size, `${size}, ${shift}: ${found}, ${expected}`);
      }
      const repaired = nearestPositiveDefinite(sparseOf(dense, size), { leastEigenvalue: 0.01 });
      assert.ok(isPositiveDefinite(repaired));
    }
  });

  it("has the determinant of a long chain and of a large star, whose dense matrices would not fit", () => {
    // A chain's determinants follow d_k = a d_(k-1) - b^2 d_(k-2); a star's is that of its hub once the leaves are
    // gone.
    const size = 50_000, entry = -0.4;
    let ratio = 1, chain = 0;
    for (let k = 1; k < size; k++) {
      ratio = 1 - entry ** 2 / ratio;
      chain += Math.log(ratio);
    }
    const links = Array.from({ length: size - 1 }, (_, k) => [k, k + 1] as const);
    assert.ok(Math.abs(logDeterminant(unitDiagonal(size, links, entry)) - chain) < 1e-6);
    const rays = Array.from({ length: size - 1 }, (_, k) => [0, k + 1] as const);
    const star = unitDiagonal(size, rays, 0.5 / Math.sqrt(size - 1));
    assert.ok(Math.abs(logDeterminant(star) - Math.log(0.75)) < 1e-9);
    assert.ok(!isPositiveDefinite(unitDiagonal(size, rays, 1.01 / Math.sqrt(size - 1))));
  });

  it("is repaired by the least shift of the component that needs it", () => {
    assert.deepEqual(nearestPositiveDefinite(small(-1)).data, small(-1).data);
    const repaired = nearestPositiveDefinite(small(-2.5), { leastEigenvalue: 0.1 });
    // Eigenvalues of the pair are 2 - 2.5 and 2 + 2.5: 0.6 is missing.
    [2.6, -2.5, -2.5, 2.6, 3].forEach((value, i) => assert.ok(Math.abs(repaired.data[i] - value) < 1e-7));
    assert.ok(isPositiveDefinite(repaired));
    assert.throws(() => nearestPositiveDefinite(small(1), { leastEigenvalue: 0 }), OptionError);
  });
});
