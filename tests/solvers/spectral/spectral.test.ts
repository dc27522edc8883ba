import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRandom, memoryUsage } from "../../../mod.ts";
import type { FloatDtype, MatrixOperand } from "../../../kernels/contract.ts";
import { openWorkspace, type Workspace } from "../../../kernels/engine/mod.ts";
import { denseFamily } from "../../../kernels/families/dense.ts";
import { spectralFamily } from "../../../kernels/families/spectral.ts";
import { symmetricEigen } from "../../../solvers/spectral/eigen.ts";
import { allocateMatrix } from "../../../solvers/spectral/operands.ts";
import { orthonormalize } from "../../../solvers/spectral/orthonormalize.ts";
import { sparseEntries, sparseOperands } from "../../../solvers/spectral/sparse.ts";
import { innerProducts } from "../../../solvers/spectral/products.ts";
import { createSubspace, type LinearOperator } from "../../../solvers/spectral/subspace.ts";
import { singularValues } from "../../../solvers/spectral/svd.ts";

const epsilons = { f32: 2 ** -23, f64: 2 ** -52 };

async function within(dtype: FloatDtype, work: (workspace: Workspace) => Promise<void>): Promise<void> {
  const families = [denseFamily, spectralFamily];
  const workspace = await openWorkspace({ families, backend: "wasm", dtype, flops: 0 });
  try {
    await work(workspace);
  } finally {
    workspace.release();
  }
}

function filled(workspace: Workspace, dtype: FloatDtype, rows: number, columns: number, fill: () => number) {
  const matrix = allocateMatrix(workspace, dtype, rows, columns, "filled");
  workspace.write(matrix.array, Array.from({ length: rows * columns }, fill));
  return matrix;
}

const read = (workspace: Workspace, { array }: MatrixOperand) => Array.from(workspace.view(array));

describe("spectral decompositions", () => {
  for (const dtype of ["f32", "f64"] as const) {
    it(`symmetricEigen ${dtype} gives A = V^T diag V with orthonormal rows, also for equal and zero eigenvalues`, () =>
      within(dtype, async (workspace) => {
        for (const n of [1, 2, 3, 24, 25, 64, 133]) {
          for (const kind of ["general", "rank 2", "identity", "zero", "path"] as const) {
            const { normal } = createRandom(n), u = Array.from({ length: 2 * n }, normal);
            const a = new Float64Array(n * n);
            for (let i = 0; i < n; i++) {
              for (let j = 0; j <= i; j++) {
                const value = kind === "general"
                  ? normal()
                  : kind === "rank 2"
                  ? u[i] * u[j] - u[n + i] * u[n + j]
                  : kind === "path"
                  ? Number(i === j + 1)
                  : Number(kind === "identity" && i === j);
                a[i * n + j] = a[j * n + i] = Math.fround(value);
              }
            }
            const given = allocateMatrix(workspace, dtype, n, n, "given");
            workspace.write(given.array, a);
            const { values, vectors } = await symmetricEigen(workspace, given);
            const v = read(workspace, vectors), size = Math.max(1, Math.hypot(...a));
            for (let i = 0; i + 1 < n; i++) assert.ok(values[i] >= values[i + 1], `${kind} ${n}: sorted`);
            for (let i = 0; i < n; i++) {
              for (let j = 0; j < n; j++) {
                let rebuilt = -a[i * n + j], product = i === j ? -1 : 0;
                for (let k = 0; k < n; k++) {
                  rebuilt += v[k * n + i] * values[k] * v[k * n + j];
                  product += v[i * n + k] * v[j * n + k];
                }
                const bound = 10 * Math.sqrt(n) * epsilons[dtype];
                assert.ok(Math.abs(rebuilt) <= bound * size, `${kind} ${n}: A at ${i}, ${j}: ${rebuilt}`);
                assert.ok(Math.abs(product) <= bound, `${kind} ${n}: V V^T at ${i}, ${j}: ${product}`);
              }
            }
            for (const { array } of [given, vectors]) workspace.free(array);
          }
        }
      }));

    it(`symmetricEigen ${dtype} of a matrix times any power of two gives that times its eigenvalues`, () =>
      within(dtype, async (workspace) => {
        for (const n of [2, 24, 40]) {
          for (const rank of [1, 3, n]) {
            const { normal } = createRandom(n), u = Array.from({ length: rank * n }, normal);
            const entries = Array.from({ length: n * n }, (_, at) => {
              let sum = 0;
              for (let k = 0; k < rank; k++) sum += u[k * n + Math.floor(at / n)] * u[k * n + at % n];
              return Math.fround(sum / rank);
            });
            const valuesOf = async (exponent: number) => {
              const given = allocateMatrix(workspace, dtype, n, n, "given");
              workspace.write(given.array, entries.map((value) => value * 2 ** exponent));
              const { values, vectors } = await symmetricEigen(workspace, given);
              for (const { array } of [given, vectors]) workspace.free(array);
              return Array.from(values, (value) => value / 2 ** exponent);
            };
            const plain = await valuesOf(0), size = Math.max(...plain);
            for (const exponent of dtype === "f64" ? [-1000, -460, 460, 1000] : [-100, -60, 60, 110]) {
              const values = await valuesOf(exponent);
              const off = values.reduce((most, value, i) => Math.max(most, Math.abs(value - plain[i])), 0);
              assert.ok(off <= 10 * n * epsilons[dtype] * size, `${n}, rank ${rank}, 2^${exponent}: off by ${off}`);
            }
          }
        }
      }));

    it(`orthonormalize ${dtype} keeps the span, whatever the condition, and tells the rank`, () =>
      within(dtype, async (workspace) => {
        const rows = 60, columns = 6;
        for (const [kind, rank] of [["general", 6], ["scaled", 6], ["near", 6], ["copies", 3], ["zero", 0]] as const) {
          const { normal } = createRandom(3), x = filled(workspace, dtype, rows, columns, normal);
          const view = workspace.view(x.array), spare = allocateMatrix(workspace, dtype, rows, columns, "spare");
          for (let at = 0; at < view.length; at++) {
            const j = at % columns;
            if (kind === "scaled") view[at] *= 10 ** (4 * j - 10);
            if (kind === "near" && j > 0) view[at] = view[at - j] + view[at] * (dtype === "f64" ? 1e-6 : 1e-2);
            if (kind === "copies" && j > 2) view[at] = -2 * view[at - 3];
            if (kind === "zero") view[at] = 0;
          }
          const before = read(workspace, x);
          const found = await orthonormalize(workspace, x, spare);
          assert.equal(found.rank, rank, kind);
          const q = read(workspace, found.basis);
          for (let i = 0; i < columns; i++) {
            for (let j = 0; j < columns; j++) {
              let sum = i === j && i < rank ? -1 : 0;
              for (let k = 0; k < rows; k++) sum += q[k * columns + i] * q[k * columns + j];
              assert.ok(Math.abs(sum) <= 20 * epsilons[dtype], `${kind}: Q^T Q at ${i}, ${j}: ${sum}`);
            }
            // What the projection leaves of a column is rounding.
            const rest = Array.from({ length: rows }, (_, k) => before[k * columns + i]);
            const length = Math.hypot(...rest);
            for (let j = 0; j < columns; j++) {
              let sum = 0;
              for (let k = 0; k < rows; k++) sum += q[k * columns + j] * before[k * columns + i];
              for (let k = 0; k < rows; k++) rest[k] -= sum * q[k * columns + j];
            }
            assert.ok(Math.hypot(...rest) <= 1e3 * epsilons[dtype] * length, `${kind}: column ${i}`);
          }
          for (const { array } of [x, spare]) workspace.free(array);
        }
      }));

    it(`singularValues ${dtype} finds values over ten orders of magnitude, and zeros`, () =>
      within(dtype, async (workspace) => {
        const rows = 7, columns = 30, { normal } = createRandom(4);
        const wanted = [1e5, 300, 20, 20, 1, 1e-3, 0].map((value) => dtype === "f64" ? value : Math.max(value, 0.5));
        wanted[6] = 0;
        const random = filled(workspace, "f64", columns, rows, normal);
        const spare = allocateMatrix(workspace, "f64", columns, rows, "spare");
        const { basis } = await orthonormalize(workspace, random, spare);
        const v = read(workspace, basis), a = allocateMatrix(workspace, dtype, rows, columns, "given");
        const given = Array.from({ length: rows * columns }, (_, at) => {
          const i = Math.floor(at / columns);
          return wanted[i] * v[(at % columns) * rows + i];
        });
        workspace.write(a.array, given);
        const { values, left } = await singularValues(workspace, a);
        const sorted = wanted.toSorted((x, y) => y - x);
        values.forEach((value, i) =>
          assert.ok(Math.abs(value - sorted[i]) <= 1e2 * epsilons[dtype] * (sorted[i] + 1e-5 * sorted[0]), `${value}`)
        );
        const rotated = read(workspace, a), u = read(workspace, left);
        given.forEach((value, at) => {
          const i = Math.floor(at / columns), j = at % columns;
          let sum = 0;
          for (let k = 0; k < rows; k++) sum += u[k * rows + i] * rotated[k * columns + j];
          assert.ok(Math.abs(sum - value) <= 1e2 * epsilons[dtype] * sorted[0]);
        });
      }));
  }

  it("createSubspace finds the largest singular values of a sparse matrix, by rows and by columns", () =>
    within("f64", async (workspace) => {
      const rows = 40, columns = 25, random = createRandom(5), indptr = [0], at: number[] = [], values: number[] = [];
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          if (random.uniform() > 0.3) continue;
          at.push(j);
          values.push(random.normal());
        }
        indptr.push(at.length);
      }
      const lists = { shape: [rows, columns] as const, indptr: new Uint32Array(indptr), columns: new Uint32Array(at) };
      const array = workspace.allocate("f64", values.length, "values");
      workspace.write(array, values);
      const { matrix, transpose } = sparseOperands(sparseEntries(workspace, lists), { array, length: values.length });
      const operator: LinearOperator = {
        rows,
        columns,
        times: async (x, y) => await workspace.kernels.sparseProduct({ s: matrix, x, y }),
        transposeTimes: async (x, y) => await workspace.kernels.sparseProduct({ s: transpose, x, y }),
      };
      const dense = allocateMatrix(workspace, "f64", columns, rows, "dense"), view = workspace.view(dense.array);
      for (let i = 0; i < rows; i++) {
        for (let e = indptr[i]; e < indptr[i + 1]; e++) view[at[e] * rows + i] = values[e];
      }
      const wanted = (await singularValues(workspace, dense)).values;
      const subspace = createSubspace(workspace, "f64", [rows, columns], 8);
      for (let step = 0; step < 200; step++) await subspace.step(operator);
      for (let k = 0; k < 4; k++) {
        assert.ok(Math.abs(subspace.values[k] - wanted[k]) <= 1e-9 * wanted[0], `value ${k}`);
        assert.ok(subspace.values[k] <= wanted[0] * (1 + 1e-12));
      }
    }));

  it("innerProducts of tall matrices are those of wide ones, and are added to what is there", () =>
    within("f64", async (workspace) => {
      const rows = 1500, { normal } = createRandom(8);
      const a = filled(workspace, "f64", rows, 7, normal), b = filled(workspace, "f64", rows, 5, normal);
      for (const other of [undefined, b]) {
        const [c, plain] = [0, 1].map(() => filled(workspace, "f64", 7, other ? 5 : 7, () => 3));
        const whole = { a, c: plain, beta: 0.5 };
        if (other) await workspace.kernels.gemm({ ...whole, b: other, transposeA: true });
        else await workspace.kernels.syrk(whole);
        await innerProducts(workspace, a, other, c, 0.5);
        const wanted = read(workspace, plain);
        read(workspace, c).forEach((value, at) => assert.ok(Math.abs(value - wanted[at]) <= 1e-12 * rows, `at ${at}`));
      }
    }));

  it("leaves no memory behind", async () => {
    await within("f64", () => Promise.resolve());
    const { used } = memoryUsage();
    await within("f64", async (workspace) => {
      const before = memoryUsage().used, { normal } = createRandom(1);
      const x = filled(workspace, "f64", 50, 5, normal), spare = allocateMatrix(workspace, "f64", 50, 5, "spare");
      await orthonormalize(workspace, x, spare);
      const a = allocateMatrix(workspace, "f64", 60, 60, "a");
      const { vectors } = await symmetricEigen(workspace, a);
      for (const { array } of [x, spare, a, vectors]) workspace.free(array);
      assert.ok(memoryUsage().used - before < 1 << 17, "but for the kernels' own");
    });
    assert.ok(memoryUsage().used - used < 1 << 22);
  });
});
