import type { Workspace } from "../../kernels/engine/mod.ts";
import type { MatrixOperand } from "../../kernels/contract.ts";
import { throughSteps } from "../core/steps.ts";
import { symmetricEigen } from "../spectral/eigen.ts";
import { allocateMatrix, type Pause } from "../spectral/operands.ts";
import { gramByParts, productByParts } from "../spectral/products.ts";
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
export async function createGramIterate(
  workspace: Workspace,
  given: Entries,
  rankLimit: number,
  pause: Pause,
): Promise<Iterate> {
  const turned = given.shape[1] > given.shape[0];
  const entries = turned ? await throughSteps(transposed(given), pause) : given, [rows, columns] = entries.shape;
  const most = (columns + 1) >> 1;
  let x = allocateMatrix(workspace, "f64", rows, columns, "filled matrix");
  let y = allocateMatrix(workspace, "f64", rows, columns, "matrix of low rank");
  const spare = workspace.allocate("f64", rows * most, "products with eigenvectors");
  const gram = allocateMatrix(workspace, "f64", columns, columns, "Gram matrix");
  const scaled = allocateMatrix(workspace, "f64", columns, columns, "scaled eigenvectors");
  const low = () => workspace.view(y.array);
  let found = new Float64Array(0), marked = new Float64Array(0);
  // Right singular vectors of the matrix of low rank, one a row.
  let basis: MatrixOperand | undefined, violations = 0;
  const fill = () => {
    violations = fillEntries(workspace.view(x.array), columns, entries);
  };
  fill();

  async function decompose(a: MatrixOperand, pause: Pause) {
    await gramByParts(workspace, a, gram, pause);
    await pause();
    const { values, vectors } = await symmetricEigen(workspace, gram, pause);
    return { values: values.map((value) => Math.sqrt(Math.max(0, value))), vectors };
  }

  /** `X = X E`, a block of rows after another. */
  async function multiply(e: MatrixOperand, pause: Pause): Promise<void> {
    const height = Math.floor(rows * most / columns), to = workspace.view(x.array), from = workspace.view(spare);
    for (let begin = 0; begin < rows; begin += height) {
      const block = { offset: begin * columns, rows: Math.min(height, rows - begin), columns };
      await productByParts(workspace, { a: { ...x, ...block }, b: e, c: { ...block, offset: 0, array: spare } }, pause);
      to.set(from.subarray(0, block.rows * columns), block.offset);
      await pause();
    }
  }

  return {
    async largest(pause) {
      const { values, vectors } = await decompose(x, pause);
      workspace.free(vectors.array);
      return values[0];
    },
    async step(shrinkage, pause, momentum = 0) {
      // Until it is done the matrix of low rank is that of the step before.
      const { values, vectors } = await decompose(x, pause), { shares, kept } = sharesOf(values, shrinkage, rankLimit);
      const from = workspace.view(vectors.array), to = workspace.view(scaled.array);
      for (let i = 0, at = 0; i < kept; i++) {
        for (const end = at + columns; at < end; at++) to[at] = shares[i] * from[at];
      }
      const right = { ...vectors, rows: kept }, weighted = { ...scaled, rows: kept };
      if (kept <= most) {
        const narrow = { array: spare, rows, columns: kept };
        await productByParts(workspace, { a: x, b: right, c: narrow, transposeB: true }, pause);
        await pause();
        await productByParts(workspace, { a: narrow, b: weighted, c: x }, pause);
      } else {
        // The Gram matrix is not needed any more.
        await productByParts(workspace, { a: weighted, b: right, c: gram, transposeA: true }, pause);
        await multiply(gram, pause);
      }
      await pause();
      if (basis) workspace.free(basis.array);
      [x, y, basis] = [y, x, right];
      found = Float64Array.from({ length: kept }, (_, i) => shares[i] * values[i]);
      const before = violations;
      // The array of the filled matrix has that of low rank from before.
      const target = workspace.view(x.array), now = low();
      if (momentum === 0) target.set(now);
      else for (let at = 0; at < now.length; at++) target[at] = now[at] + momentum * (now[at] - target[at]);
      fill();
      return values.reduce((sum, value) => sum + shrinkage.cost(value), shrinkage.price * before);
    },
    mark() {
      if (marked.length === 0) marked = new Float64Array(rows * columns);
      marked.set(low());
    },
    change() {
      const now = low();
      let sum = 0;
      for (let at = 0; at < now.length; at++) sum += (now[at] - marked[at]) ** 2;
      return Promise.resolve(Math.sqrt(sum / now.length));
    },
    at(rowsOf, columnsOf) {
      const now = low(), values = new Float64Array(rowsOf.length);
      const [i, j] = turned ? [columnsOf, rowsOf] : [rowsOf, columnsOf];
      for (let e = 0; e < values.length; e++) values[e] = now[i[e] * columns + j[e]];
      return values;
    },
    async factors(pause) {
      // Y Q^T for its right singular vectors: left ones, as long as its singular values.
      const count = basis?.rows ?? 0, images = allocateMatrix(workspace, "f64", rows, count, "images");
      if (count > 0) await productByParts(workspace, { a: y, b: basis!, c: images, transposeB: true }, pause);
      const source = workspace.view(images.array), q = basis && workspace.view(basis.array);
      const lengths = new Float64Array(count);
      for (let at = 0; at < source.length;) for (let k = 0; k < count; k++) lengths[k] += source[at++] ** 2;
      lengths.forEach((square, k) => lengths[k] = Math.sqrt(square));
      const order = Array.from(lengths.keys()).sort((k, l) => lengths[l] - lengths[k] || k - l);
      const kept = order.filter((k) => lengths[k] > rounding * lengths[order[0]]), rank = kept.length;
      const left = new Float64Array(rows * rank), right = new Float64Array(columns * rank);
      kept.forEach((k, to) => {
        const root = Math.sqrt(lengths[k]);
        for (let i = 0; i < rows; i++) left[i * rank + to] = source[i * count + k] / root;
        for (let j = 0; j < columns; j++) right[j * rank + to] = q![k * columns + j] * root;
      });
      workspace.free(images.array);
      const values = Float64Array.from(kept, (k) => lengths[k]);
      return turned ? { left: right, right: left, values } : { left, right, values };
    },
    async restore(factors: Factors, pause) {
      const count = factors.values.length,
        [tall, wide] = turned ? [factors.right, factors.left] : [factors.left, factors.right];
      const a = allocateMatrix(workspace, "f64", rows, count, "factor");
      workspace.write(a.array, tall);
      if (basis) workspace.free(basis.array);
      // Its columns are orthogonal, and as long as the roots of the singular values.
      basis = allocateMatrix(workspace, "f64", count, columns, "right singular vectors");
      const right = workspace.view(basis.array), root = factors.values.map((value) => value > 0 ? Math.sqrt(value) : 1);
      const put = (power: number) => {
        for (let k = 0; k < count; k++) {
          for (let j = 0; j < columns; j++) right[k * columns + j] = wide[j * count + k] * root[k] ** power;
        }
      };
      put(0);
      await productByParts(workspace, { a, b: basis, c: y }, pause);
      put(-1);
      workspace.free(a.array);
      found = Float64Array.from(factors.values);
      workspace.view(x.array).set(low());
      fill();
    },
    values: () => found,
    release() {
      for (const array of [x.array, y.array, spare, gram.array, scaled.array]) workspace.free(array);
      if (basis) workspace.free(basis.array);
    },
  };
}
