import type { MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import type { Vector } from "../core/matrix.ts";
import { allocateMatrix, type Pause } from "../spectral/operands.ts";
import { innerProducts } from "../spectral/products.ts";
import { createSubspace } from "../spectral/subspace.ts";
import type { Filled } from "./filled.ts";
import type { Iterate } from "./iterate.ts";
import { sharesOf } from "./shrinkage.ts";

/** What is left of a singular value, as a share of the largest, below which it is dropped. */
const negligible = 1e-7;

/** Steps of iteration to a few digits of the largest singular value. */
const warmUp = 12;

/** Vectors beside those of the rank, so that one that grows is seen. */
const spare = 6;

/** How many singular values are iterated, and of what. */
interface SubspaceLayout {
  /** Most singular values that are kept. */
  readonly rankLimit: number;
  /** Vectors that are iterated. */
  readonly width: number;
  readonly seed: number;
}

/** Factors of one step. */
interface Pair {
  left: MatrixOperand;
  readonly right: MatrixOperand;
  /** Columns that are not zero. */
  kept: number;
  /** Sum of the squares of their product, once it was asked for. */
  squares?: number;
}

/**
 * The largest singular values alone, by one warm step of subspace iteration each: a matrix of low rank `left right^T`,
 * and the filled one by its products. What is dropped of a singular value `s` of the smoothed rank is below
 * `s^3 / 2 width^2`. A step costs O(entries width + (rows + columns) width^2), and O(rows columns width) where the matrix
 * is held whole.
 *
 * @param workspace In JavaScript's memory, wherever the filled matrix is.
 */
export function createSubspaceIterate(
  workspace: Workspace,
  filled: Filled,
  { rankLimit, width, seed }: SubspaceLayout,
): Iterate {
  const { rows, columns } = filled;
  const subspace = createSubspace(workspace, "f64", [rows, columns], width, seed);
  const matrix = (height: number, label: string) => allocateMatrix(workspace, "f64", height, width, label);
  // Of this step, of the one before and of the one that was marked, which may be the same; all others are free.
  let now = pairOfFactors(), earlier = now, marked = now;
  const pairs = [now];
  const [one, other] = [0, 1].map(() => allocateMatrix(workspace, "f64", width, width, "products of factors"));
  let active = width, ready = false, low = new Float64Array(0), violations = 0;
  const narrow = (factor: MatrixOperand, count: number) => ({ ...factor, columns: count, stride: width });
  const refill = async (pause?: Pause) => {
    violations = await filled.refill(narrow(now.left, now.kept), narrow(now.right, now.kept), pause);
  };
  function pairOfFactors(): Pair {
    return { left: matrix(rows, "left factor"), right: matrix(columns, "right factor"), kept: 0 };
  }
  const start = async (pause: Pause) => {
    if (!ready) await refill(pause);
    ready = true;
  };

  /** Begins the factors of another step. */
  function nextPair(): Pair {
    let next = pairs.find((pair) => pair !== now && pair !== marked);
    if (!next) pairs.push(next = pairOfFactors());
    [earlier, now] = [now, next];
    next.squares = undefined;
    return next;
  }

  // For momentum alone: the factors of the extrapolated matrix.
  let wide: readonly [MatrixOperand, MatrixOperand] | undefined;
  /** Factors of `Y + momentum (Y - Y before)`: those of both, side by side. */
  function extrapolated(momentum: number): readonly [MatrixOperand, MatrixOperand] {
    wide ??= [rows, columns].map((height) =>
      allocateMatrix(workspace, "f64", height, 2 * width, "factors of both steps")
    ) as [MatrixOperand, MatrixOperand];
    const { kept } = now, before = earlier.kept, both = kept + before;
    ([[now.left, earlier.left], [now.right, earlier.right]] as const).forEach((of, side) => {
      const to = workspace.view(wide![side].array), [a, b] = of.map(({ array }) => workspace.view(array));
      const [own, other] = side === 0 ? [1 + momentum, -momentum] : [1, 1];
      copyColumns(a, width, kept, () => own, to, 2 * width);
      copyColumns(b, width, before, () => other, to, 2 * width, kept);
    });
    return [{ ...wide[0], columns: both, stride: 2 * width }, { ...wide[1], columns: both, stride: 2 * width }];
  }

  return {
    async largest(pause) {
      await start(pause);
      for (let step = 0; step < warmUp; step++) await subspace.step(filled, pause);
      return subspace.values[0];
    },
    async step(shrinkage, pause, momentum = 0) {
      await start(pause);
      await filled.aim?.(shrinkage.level / subspace.values[0], pause);
      await subspace.step(filled, pause, active);
      const { values } = subspace, { shares, kept } = sharesOf(values, shrinkage, rankLimit, negligible);
      const next = nextPair();
      next.kept = kept;
      low = Float64Array.from({ length: kept }, (_, k) => shares[k] * values[k]);
      await subspace.image(shares, narrow(next.right, kept));
      next.left = subspace.exchangeLeft(next.left);
      await pause();
      const before = violations;
      if (momentum > 0) violations = await filled.refill(...extrapolated(momentum), pause);
      else await refill(pause);
      // Where many more vectors are iterated than are kept, most of them go, and come back when they are needed.
      active = Math.min(width, Math.max(kept + spare, 2 * (kept + spare) >= active ? active : 0));
      return values.reduce((sum, value) => sum + shrinkage.cost(value), shrinkage.price * before);
    },
    mark() {
      marked = now;
    },
    async change() {
      if (now === marked) return 0;
      // ||A B^T - C D^T||^2 by products of the factors, of which the left ones are orthonormal or balanced.
      const form = async (a: MatrixOperand, b: MatrixOperand, c: MatrixOperand, d: MatrixOperand) => {
        if (a.columns === 0 || c.columns === 0) return 0;
        const p = { ...one, rows: a.columns, columns: c.columns, stride: width };
        const q = { ...other, rows: a.columns, columns: c.columns, stride: width };
        await innerProducts(workspace, a, c, p);
        await innerProducts(workspace, b, d, q);
        const x = workspace.view(one.array), y = workspace.view(other.array);
        let sum = 0;
        for (let i = 0; i < a.columns; i++) {
          for (let j = i * width; j < i * width + c.columns; j++) sum += x[j] * y[j];
        }
        return sum;
      };
      const factorsOf = ({ left, right, kept }: Pair) => [narrow(left, kept), narrow(right, kept)] as const;
      const squaresOf = async (pair: Pair) => pair.squares ??= await form(...factorsOf(pair), ...factorsOf(pair));
      const sum = await squaresOf(now) - 2 * await form(...factorsOf(now), ...factorsOf(marked)) +
        await squaresOf(marked);
      return Math.sqrt(Math.max(0, sum) / (rows * columns));
    },
    at(rowsOf, columnsOf) {
      const { left, right, kept } = now;
      return productsAt(workspace.view(left.array), workspace.view(right.array), width, kept, rowsOf, columnsOf);
    },
    factors() {
      // Columns of the left factor are orthonormal, those of the right one orthogonal: their lengths are the values.
      const { left, right, kept } = now, values = new Float64Array(kept);
      const a = workspace.view(left.array), b = workspace.view(right.array);
      addSquares(b, width, values);
      values.forEach((square, k) => values[k] = Math.sqrt(square));
      const copy = (view: Float32Array | Float64Array, height: number, factorOf: (k: number) => number) => {
        const target = new Float64Array(height * kept);
        copyColumns(view, width, kept, factorOf, target, kept);
        return target;
      };
      return Promise.resolve({
        left: copy(a, rows, (k) => Math.sqrt(values[k])),
        right: copy(b, columns, (k) => values[k] > 0 ? 1 / Math.sqrt(values[k]) : 0),
        values,
      });
    },
    async restore(factors, pause) {
      const kept = Math.min(width, factors.values.length), next = nextPair();
      next.kept = kept;
      low = factors.values.slice(0, kept);
      const put = (values: Float64Array, matrix: MatrixOperand, power: number) => {
        const view = workspace.view(matrix.array), rank = factors.values.length;
        view.fill(0);
        for (let i = 0; i < matrix.rows; i++) {
          for (let k = 0; k < kept; k++) view[i * width + k] = values[i * rank + k] * factors.values[k] ** power;
        }
      };
      put(factors.left, next.left, -0.5);
      put(factors.right, next.right, 0.5);
      subspace.startFrom(narrow(next.right, kept));
      active = width;
      ready = true;
      await refill(pause);
    },
    values: () => low,
    release() {
      filled.release();
      subspace.release();
      const own = [...pairs.flatMap(({ left, right }) => [left, right]), ...wide ?? [], one, other];
      for (const { array } of own) workspace.free(array);
    },
  };
}

/** Copies the first columns of rows of `width` elements, times their factors, into rows of another width, from `first` on. */
function copyColumns(
  source: Vector,
  width: number,
  count: number,
  factorOf: (column: number) => number,
  target: Vector,
  targetWidth: number,
  first = 0,
): void {
  const factors = Float64Array.from({ length: count }, (_, k) => factorOf(k));
  for (let from = 0, to = first; from < source.length; from += width, to += targetWidth) {
    for (let k = 0; k < count; k++) target[to + k] = factors[k] * source[from + k];
  }
}

/** Elements of a product of factors with rows of `width` elements, of which `count` are not zero. */
function productsAt(
  left: Vector,
  right: Vector,
  width: number,
  count: number,
  rows: Uint32Array,
  columns: Uint32Array,
): Float64Array {
  const values = new Float64Array(rows.length);
  for (let e = 0; e < values.length; e++) {
    let sum = 0;
    for (let k = 0, i = rows[e] * width, j = columns[e] * width; k < count; k++) sum += left[i + k] * right[j + k];
    values[e] = sum;
  }
  return values;
}

/** Adds the squares of the first columns of rows of `width` elements. */
function addSquares(source: Vector, width: number, sums: Float64Array): void {
  for (let from = 0; from < source.length; from += width) {
    for (let k = 0; k < sums.length; k++) sums[k] += source[from + k] ** 2;
  }
}
