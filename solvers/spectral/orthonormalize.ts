import type { MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { symmetricEigen } from "./eigen.ts";
import { allocateMatrix } from "./operands.ts";
import { innerProducts } from "./products.ts";

/** Squared pivots of the scaled Gram matrix below which its factor is not to be trusted. */
const leastPivot = { f32: 1e-5, f64: 1e-10 };

/** Squared pivots from which one round is enough: what it leaves is some hundred times rounding. */
const goodPivot = 0.01;

/** Share of the largest eigenvalue of a scaled Gram matrix below which a direction is rounding. */
const leastShare = { f32: 1e-6, f64: 1e-14 };

/** Orthonormal columns, and how many of them are not zero. */
export interface Orthonormal {
  readonly rank: number;
  /** One of the two operands that were given. */
  readonly basis: MatrixOperand;
}

/**
 * Orthonormal columns with the span of those of `x` [n, k]; `x` and `spare`, of the same shape, are overwritten, and one of
 * them is the answer. CholeskyQR2 (Yamamoto and others 2015): two rounds of a Gram matrix, its Cholesky factor and a
 * product, or one where the columns are nearly orthogonal, as those of a warm subspace are. Where columns depend on one
 * another to rounding, the eigenvectors of the Gram matrix instead (Stathopoulos & Wu 2002), and as many columns as there
 * are directions; the columns after them are zero. O(n k^2).
 */
export async function orthonormalize(
  workspace: Workspace,
  x: MatrixOperand,
  spare: MatrixOperand,
): Promise<Orthonormal> {
  const k = x.columns;
  if (k === 0) return { rank: 0, basis: x };
  const gram = allocateMatrix(workspace, "f64", k, k, "Gram matrix of a basis");
  const change = allocateMatrix(workspace, x.array.dtype, k, k, "change of basis");
  try {
    let rank = k, from = x, to = spare;
    for (let round = 0; round < 2; round++) {
      await innerProducts(workspace, from, undefined, gram);
      const found = await factor(workspace, gram, change);
      rank = found.rank;
      await workspace.kernels.gemm({ a: from, b: change, c: to });
      [from, to] = [to, from];
      if (found.pivot > goodPivot) break;
    }
    return { rank, basis: from };
  } finally {
    for (const { array } of [gram, change]) workspace.free(array);
  }
}

/**
 * Writes the `T` for which `T^T G T` is the identity, or that of the directions there are; gives their number, and the
 * least squared pivot of columns of one length, 0 where they depend on one another.
 */
async function factor(
  workspace: Workspace,
  gram: MatrixOperand,
  change: MatrixOperand,
): Promise<{ readonly rank: number; readonly pivot: number }> {
  const k = gram.columns, { dtype } = change.array;
  const view = workspace.view(gram.array), target = workspace.view(change.array);
  // Columns of one length: what is left of the condition is that of their angles.
  const scales = Float64Array.from(
    { length: k },
    (_, j) => view[j * (k + 1)] > 0 ? 1 / Math.sqrt(view[j * (k + 1)]) : 0,
  );
  for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) view[i * k + j] *= scales[i] * scales[j];
  const whole = view.slice();
  const failed = await workspace.kernels.cholesky({ a: gram });
  let least = failed < 0 ? Infinity : 0;
  for (let j = 0; j < k && failed < 0; j++) least = Math.min(least, view[j * (k + 1)] ** 2);
  target.fill(0);
  if (least > leastPivot[dtype]) {
    // G = R R^T, T = D R^-T: lower triangular.
    const inverse = invertUpper(view, k);
    for (let i = 0; i < k; i++) for (let j = 0; j <= i; j++) target[i * k + j] = scales[i] * inverse[j * k + i];
    return { rank: k, pivot: least };
  }
  view.set(whole);
  const { values, vectors } = await symmetricEigen(workspace, gram);
  const rows = workspace.view(vectors.array);
  let rank = 0;
  while (rank < k && values[rank] > leastShare[dtype] * values[0]) rank++;
  for (let j = 0; j < rank; j++) {
    for (let i = 0; i < k; i++) target[i * k + j] = scales[i] * rows[j * k + i] / Math.sqrt(values[j]);
  }
  workspace.free(vectors.array);
  return { rank, pivot: 0 };
}

/** The inverse of an upper triangular matrix. */
function invertUpper(r: Float32Array | Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let i = n - 1; i >= 0; i--) {
    const row = inverse.subarray(i * n, (i + 1) * n);
    row[i] = 1;
    for (let k = i + 1; k < n; k++) {
      const value = r[i * n + k];
      for (let j = k; j < n; j++) row[j] -= value * inverse[k * n + j];
    }
    for (let j = i; j < n; j++) row[j] /= r[i * (n + 1)];
  }
  return inverse;
}
