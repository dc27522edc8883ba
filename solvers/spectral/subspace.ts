import type { FloatDtype, MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { createRandom, type Random } from "../core/random.ts";
import { atOnce, inRanges, type Steps, throughSteps } from "../core/steps.ts";
import { symmetricEigen } from "./eigen.ts";
import { allocateMatrix, type Pause } from "./operands.ts";
import { orthonormalize } from "./orthonormalize.ts";
import { gramByParts } from "./products.ts";

/** A matrix of which only products are known. */
export interface LinearOperator {
  readonly rows: number;
  readonly columns: number;
  /** `y = A x` for `x` [columns, k]. */
  times(x: MatrixOperand, y: MatrixOperand, pause?: Pause): Promise<void>;
  /** `y = A^T x` for `x` [rows, k]. */
  transposeTimes(x: MatrixOperand, y: MatrixOperand, pause?: Pause): Promise<void>;
}

/** The largest singular values of a matrix that changes little from step to step, and their vectors. */
export interface SingularSubspace {
  /** Estimates from below, from the largest to the smallest. */
  readonly values: Float64Array;
  /** Left singular vectors as columns [rows, width], orthonormal. */
  readonly left: MatrixOperand;
  /** Right singular vectors as columns [columns, width], of unit length; random ones where a value is 0. */
  readonly right: MatrixOperand;
  /** Writes the first columns of `A^T left`, right singular vectors times the values, each times its scale. */
  image(scales: Float64Array, target: MatrixOperand): Promise<void>;
  /**
   * One step of subspace iteration from the right vectors of the last one, with a Rayleigh-Ritz projection; of the first
   * `active` vectors alone, where that is given: the other values become 0.
   */
  step(operator: LinearOperator, pause?: Pause, active?: number): Promise<void>;
  /** Hands `left` over, whose place another array of its shape takes until the next step. */
  exchangeLeft(other: MatrixOperand): MatrixOperand;
  /** Takes the columns of a matrix for the first right vectors. */
  startFrom(vectors: MatrixOperand): void;
  /** Frees its memory. */
  release(): void;
}

/**
 * Subspace iteration for the `width` largest singular values (Halko, Martinsson & Tropp 2011), warm from step to step:
 * each costs a product with the matrix and one with its transpose, and O((rows + columns) width^2).
 */
export function createSubspace(
  workspace: Workspace,
  dtype: FloatDtype,
  [rows, columns]: readonly [number, number],
  width: number,
  seed = 0,
): SingularSubspace {
  const { kernels } = workspace;
  const matrix = (length: number, label: string) => allocateMatrix(workspace, dtype, length, width, label);
  const right = matrix(columns, "right vectors");
  let left = matrix(rows, "left vectors"), turned = matrix(rows, "basis");
  const product = matrix(columns, "product");
  const gram = allocateMatrix(workspace, "f64", width, width, "Gram matrix of an image");
  const rotation = allocateMatrix(workspace, dtype, width, width, "rotation");
  const scaled = allocateMatrix(workspace, dtype, width, width, "scaled rotation");
  const values = new Float64Array(width), random = createRandom(seed);
  const start = workspace.view(right.array);
  let started = false;

  function* startAnew(): Steps<void> {
    yield* inRanges(start.length, 20, (begin, end) => fillNormal(start, random, begin, end));
  }

  /** Vectors of the last step. */
  let found = 0;
  async function image(scales: Float64Array, target: MatrixOperand): Promise<void> {
    const count = Math.min(found, target.columns), from = workspace.view(rotation.array);
    const to = workspace.view(scaled.array);
    for (let k = 0, at = 0; k < count; k++) for (let j = 0; j < found; j++, at++) to[at] = scales[k] * from[at];
    const vectors = { ...scaled, rows: count, columns: found }, own = { ...product, columns: found, stride: width };
    await kernels.gemm({ a: own, b: vectors, transposeB: true, c: { ...target, columns: count } });
  }

  /** Columns of unit length for the next step; those that have vanished begin anew. */
  async function normalize(): Promise<void> {
    const vanished = (value: number) => !(value > 1e-12 * values[0]);
    await image(values.map((value) => vanished(value) ? 0 : 1 / value), { ...right, columns: found, stride: width });
    for (let j = 0; j < found; j++) {
      if (vanished(values[j])) { for (let at = j; at < start.length; at += width) start[at] = random.normal(); }
    }
  }

  return {
    values,
    get left() {
      return left;
    },
    right,
    image,
    async step(operator, pause, active = width) {
      const first = (whole: MatrixOperand) => ({ ...whole, columns: active, stride: width });
      const target = first(product), square = { ...gram, rows: active, columns: active };
      if (!started) await throughSteps(startAnew(), pause ?? (() => Promise.resolve()));
      started = true;
      await operator.times(first(right), first(turned), pause);
      await pause?.();
      // `left` is free until the end of the step, and may become the basis, which then turns into the other.
      const { basis } = await orthonormalize(workspace, first(turned), first(left));
      if (basis.array === left.array) [left, turned] = [turned, left];
      await operator.transposeTimes(basis, target, pause);
      await pause?.();
      await gramByParts(workspace, target, square, pause);
      const eigen = await symmetricEigen(workspace, square, pause);
      const vectors = { ...rotation, rows: active, columns: active };
      workspace.write(rotation.array, workspace.view(eigen.vectors.array));
      await kernels.gemm({ a: basis, b: vectors, transposeB: true, c: first(left) });
      workspace.free(eigen.vectors.array);
      for (let j = 0; j < width; j++) values[j] = j < active ? Math.sqrt(Math.max(0, eigen.values[j])) : 0;
      found = active;
      await normalize();
    },
    exchangeLeft(other) {
      const own = left;
      left = other;
      return own;
    },
    startFrom(vectors) {
      if (!started) atOnce(startAnew());
      started = true;
      const source = workspace.view(vectors.array), { offset = 0, stride = vectors.columns } = vectors;
      for (let j = 0; j < Math.min(width, vectors.columns); j++) {
        for (let i = 0; i < columns; i++) start[i * width + j] = source[offset + i * stride + j];
      }
    },
    release() {
      for (const { array } of [right, left, turned, product, gram, rotation, scaled]) workspace.free(array);
    },
  };
}

function fillNormal(target: Float32Array | Float64Array, random: Random, begin: number, end: number): void {
  for (let at = begin; at < end; at++) target[at] = random.normal();
}
