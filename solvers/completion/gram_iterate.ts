import type { Workspace } from "../../kernels/engine/mod.ts";
import { symmetricEigen } from "../spectral/eigen.ts";
import { allocateMatrix } from "../spectral/operands.ts";
import { type Entries, transposed } from "./entries.ts";
import { fillEntries } from "./fill.ts";
import type { Factors, Iterate } from "./iterate.ts";
import { sharesOf } from "./shrinkage.ts";

/** Shares of the largest singular value below which another is rounding of the Gram matrix. */
const rounding = 1e-8;

/**
 * The whole matrix, with its longer side as rows, by the eigenvectors of the Gram matrix of its columns: with
 * `X^T X = Q diag(s^2) Q^T`, `Y = X Q diag(share(s)) Q^T`, exact for all singular values. O(rows columns^2) a step.
 */
export function createGramIterate(workspace: Workspace, given: Entries, rankLimit: number): Iterate {
  const { kernels } = workspace, turned = given.shape[1] > given.shape[0];
  const entries = turned ? transposed(given) : given, [rows, columns] = entries.shape;
  const most = columns >> 1;
  const x = allocateMatrix(workspace, "f64", rows, columns, "filled matrix");
  const y = allocateMatrix(workspace, "f64", rows, columns, "matrix of low rank");
  const product = allocateMatrix(workspace, "f64", rows, most, "products with eigenvectors");
  const gram = allocateMatrix(workspace, "f64", columns, columns, "Gram matrix");
  const scaled = allocateMatrix(workspace, "f64", columns, columns, "scaled eigenvectors");
  const filled = workspace.view(x.array), low = workspace.view(y.array);
  let found = new Float64Array(0), marked = new Float64Array(0);
  let violations = fillEntries(filled, columns, entries);

  async function decompose(a: typeof x, pause: () => Promise<unknown>) {
    await kernels.syrk({ a, c: gram });
    await pause();
    const { values, vectors } = await symmetricEigen(workspace, gram, pause);
    return { values: values.map((value) => Math.sqrt(Math.max(0, value))), vectors };
  }

  return {
    async largest(pause) {
      const { values, vectors } = await decompose(x, pause);
      workspace.free(vectors.array);
      return values[0];
    },
    async step(shrinkage, pause) {
      const { values, vectors } = await decompose(x, pause), { shares, kept } = sharesOf(values, shrinkage, rankLimit);
      const from = workspace.view(vectors.array), to = workspace.view(scaled.array);
      for (let i = 0, at = 0; i < kept; i++) {
        for (const end = at + columns; at < end; at++) to[at] = shares[i] * from[at];
      }
      const right = { ...vectors, rows: kept }, weighted = { ...scaled, rows: kept };
      if (kept <= most) {
        const narrow = { ...product, columns: kept };
        await kernels.gemm({ a: x, b: right, c: narrow, transposeB: true });
        await kernels.gemm({ a: narrow, b: weighted, c: y });
      } else {
        // The Gram matrix is not needed any more.
        await kernels.gemm({ a: weighted, b: right, c: gram, transposeA: true });
        await pause();
        await kernels.gemm({ a: x, b: gram, c: y });
      }
      workspace.free(vectors.array);
      await pause();
      found = Float64Array.from({ length: kept }, (_, i) => shares[i] * values[i]);
      filled.set(low);
      const before = violations;
      violations = fillEntries(filled, columns, entries);
      return values.reduce((sum, value) => sum + shrinkage.cost(value), shrinkage.price * before);
    },
    mark() {
      if (marked.length === 0) marked = new Float64Array(low.length);
      marked.set(low);
    },
    change() {
      let sum = 0;
      for (let at = 0; at < low.length; at++) sum += (low[at] - marked[at]) ** 2;
      return Promise.resolve(Math.sqrt(sum / low.length));
    },
    at(rowsOf, columnsOf) {
      const [i, j] = turned ? [columnsOf, rowsOf] : [rowsOf, columnsOf];
      return Float64Array.from(i, (row, e) => low[row * columns + j[e]]);
    },
    async factors() {
      const { values, vectors } = await decompose(y, () => Promise.resolve());
      let count = 0;
      while (count < columns && values[count] > rounding * values[0]) count++;
      const q = workspace.view(vectors.array), left = new Float64Array(rows * count);
      const right = new Float64Array(columns * count);
      // The array of the filled matrix would do, but for the entries in it.
      const images = allocateMatrix(workspace, "f64", rows, count, "images");
      await kernels.gemm({ a: y, b: { ...vectors, rows: count }, c: images, transposeB: true });
      const source = workspace.view(images.array);
      for (let k = 0; k < count; k++) {
        const root = Math.sqrt(values[k]);
        for (let i = 0; i < rows; i++) left[i * count + k] = source[i * count + k] / root;
        for (let j = 0; j < columns; j++) right[j * count + k] = q[k * columns + j] * root;
      }
      for (const { array } of [images, vectors]) workspace.free(array);
      const singular = values.slice(0, count);
      return turned ? { left: right, right: left, values: singular } : { left, right, values: singular };
    },
    async restore(factors: Factors) {
      const count = factors.values.length, { left, right } = factors;
      const put = (values: Float64Array, height: number) => {
        const matrix = allocateMatrix(workspace, "f64", height, count, "factor");
        workspace.write(matrix.array, values);
        return matrix;
      };
      const a = put(turned ? right : left, rows), b = put(turned ? left : right, columns);
      await kernels.gemm({ a, b, c: y, transposeB: true });
      for (const { array } of [a, b]) workspace.free(array);
      found = Float64Array.from(factors.values);
      filled.set(low);
      violations = fillEntries(filled, columns, entries);
    },
    values: () => found,
    release() {
      for (const { array } of [x, y, product, gram, scaled]) workspace.free(array);
    },
  };
}
