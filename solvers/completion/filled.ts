/** A matrix of low rank with the observed entries filled in, and its products. @module */

import type { DeviceArray, FloatDtype, MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { throughSteps } from "../core/steps.ts";
import { allocateMatrix, type Pause } from "../spectral/operands.ts";
import { innerProducts, productByParts } from "../spectral/products.ts";
import { sparseEntriesInSteps, sparseOperands } from "../spectral/sparse.ts";
import type { LinearOperator } from "../spectral/subspace.ts";
import type { Entries } from "./entries.ts";
import { fillEntries, pullToBin } from "./fill.ts";

/** Multiply-adds with entries between two checkpoints, and fewest columns that are worth a pass over them. */
const partWork = 2 ** 26, leastColumns = 8;

/** How the filled matrix is held: its products, and what follows a new matrix of low rank. */
export interface Filled extends LinearOperator {
  /** Fills the entries into `left right^T`; gives what violations of bins cost. */
  refill(left: MatrixOperand, right: MatrixOperand, pause?: Pause): Promise<number>;
  /** Told before a step of which share of the largest singular value its level is. */
  aim?(share: number, pause: Pause): Promise<void>;
  release(): void;
}

/** The filled matrix itself. @param before Its elements to begin with; zeros where they are left out. */
export async function denseFilled(
  workspace: Workspace,
  entries: Entries,
  pause: Pause,
  before?: ArrayLike<number>,
): Promise<Filled> {
  const [rows, columns] = entries.shape;
  const x = allocateMatrix(workspace, "f64", rows, columns, "filled matrix"), view = workspace.view(x.array);
  const filling = entries.bins ? undefined : await fillingOf(workspace, "f64", entries, pause);
  if (before) view.set(before);
  return {
    rows,
    columns,
    times: (v, y, pause) => productByParts(workspace, { a: x, b: v, c: y }, pause),
    transposeTimes: (u, y, pause) => productByParts(workspace, { a: x, b: u, c: y, transposeA: true }, pause),
    async refill(left, right, pause) {
      await productByParts(workspace, { a: left, b: right, c: x, transposeB: true }, pause);
      if (!filling) return fillEntries(view, columns, entries);
      await workspace.kernels.sparseFill({ ...filling.lists, y: x });
      return 0;
    },
    release() {
      workspace.free(x.array);
      filling?.release();
    },
  };
}

/** The entries where the kernels run. */
async function fillingOf(workspace: Workspace, dtype: FloatDtype, entries: Entries, pause: Pause) {
  const { indptr, columns, values, weights } = entries, arrays: DeviceArray[] = [];
  const put = async <D extends "u32" | FloatDtype>(dtype: D, list: ArrayLike<number>, label: string) => {
    const array = workspace.allocate(dtype, list.length, label);
    workspace.write(array, list);
    arrays.push(array);
    await pause();
    return array;
  };
  const vector = async (list: Float64Array, label: string) => ({
    array: await put(dtype, list, label),
    length: list.length,
  });
  return {
    lists: {
      pattern: {
        indptr: await put("u32", indptr, "starts of rows"),
        indices: await put("u32", columns, "columns of entries"),
      },
      values: await vector(values, "observed values"),
      ...(weights && { shares: await vector(weights, "weights") }),
    },
    release: () => arrays.forEach((array) => workspace.free(array)),
  };
}

/** Levels, as shares of the largest singular value, down to which the rounding of f32 does not show. */
const leastOnDevice = 1e-3;

/**
 * The filled matrix on a device: products of the whole matrix are made there, in f32, and what they give is refined on the
 * host. Below a small share of the largest singular value it is held by the host, in f64.
 */
export async function deviceFilled(
  workspace: Workspace,
  entries: Entries,
  width: number,
  pause: Pause,
): Promise<Filled> {
  const [rows, columns] = entries.shape, { host } = workspace;
  const x = allocateMatrix(workspace, "f32", rows, columns, "filled matrix");
  const filling = await fillingOf(workspace, "f32", entries, pause);
  // Of both steps where there is momentum.
  const tall = allocateMatrix(workspace, "f32", rows, 2 * width, "left vectors");
  const wide = allocateMatrix(workspace, "f32", columns, 2 * width, "right vectors");
  let exact: Filled | undefined;
  /** The elements of an operand of the host, row by row. */
  const send = (from: MatrixOperand, to: MatrixOperand): MatrixOperand => {
    const { offset = 0, stride = from.columns } = from, source = host.view(from.array);
    const packed = new Float32Array(from.rows * from.columns);
    for (let i = 0, at = 0; i < from.rows; i++) {
      for (let k = offset + i * stride, end = k + from.columns; k < end; k++) packed[at++] = source[k];
    }
    workspace.write(to.array, packed);
    return { array: to.array, rows: from.rows, columns: from.columns };
  };
  const fetch = async (from: MatrixOperand, to: MatrixOperand) => {
    const { offset = 0, stride = to.columns } = to, target = host.view(to.array);
    const packed = await workspace.read(from.array, 0, to.rows * to.columns);
    for (let i = 0, at = 0; i < to.rows; i++) {
      for (let k = offset + i * stride, end = k + to.columns; k < end; k++) target[k] = packed[at++];
    }
  };
  const product = async (v: MatrixOperand, y: MatrixOperand, transposeA: boolean, pause?: Pause) => {
    const [source, target] = transposeA ? [tall, wide] : [wide, tall], c = { ...target, columns: y.columns };
    await workspace.kernels.gemm({ a: x, b: send(v, source), c, transposeA });
    await fetch(c, y);
    await pause?.();
  };
  const free = () => {
    for (const { array } of [x, tall, wide]) workspace.free(array);
    filling.release();
  };
  return {
    rows,
    columns,
    times: (v, y, pause) => exact ? exact.times(v, y, pause) : product(v, y, false, pause),
    transposeTimes: (u, y, pause) => exact ? exact.transposeTimes(u, y, pause) : product(u, y, true, pause),
    async refill(left, right, pause) {
      if (exact) return await exact.refill(left, right, pause);
      if (left.columns === 0) workspace.write(x.array, new Float32Array(rows * columns));
      else {
        const [a, b] = [send(left, tall), send(right, wide)];
        await workspace.kernels.gemm({ a, b, c: x, transposeB: true });
      }
      await workspace.kernels.sparseFill({ ...filling.lists, y: x });
      return 0;
    },
    async aim(share, pause) {
      if (exact || share >= leastOnDevice) return;
      const whole = await workspace.read(x.array);
      exact = await denseFilled(host, entries, pause, whole);
      free();
    },
    release() {
      if (exact) exact.release();
      else free();
    },
  };
}

/** `X = left right^T + R`, where `R` is what that lacks of the entries: nothing of rows times columns is formed. */
export async function sparseFilled(
  workspace: Workspace,
  entries: Entries,
  width: number,
  pause: Pause,
): Promise<Filled> {
  const [rows, columns] = entries.shape, { kernels } = workspace, count = entries.values.length;
  const pattern = await throughSteps(sparseEntriesInSteps(workspace, entries), pause);
  const vector = (label: string) => ({ array: workspace.allocate("f64", count, label), length: count });
  const observed = vector("observed values"), residual = vector("residuals");
  const { matrix, transpose } = sparseOperands(pattern, residual);
  // Of both steps where there is momentum.
  const small = allocateMatrix(workspace, "f64", 2 * width, width, "small product");
  if (!entries.bins) workspace.write(observed.array, entries.values);
  else workspace.view(observed.array).fill(0);
  const view = workspace.view(residual.array);
  let factors: readonly [MatrixOperand, MatrixOperand] | undefined;
  const product = async (
    s: typeof matrix,
    outer: MatrixOperand,
    inner: MatrixOperand,
    v: MatrixOperand,
    y: MatrixOperand,
    pause?: Pause,
  ) => {
    // Some columns at a time.
    const together = Math.max(leastColumns, Math.floor(partWork / Math.max(1, count)));
    for (let begin = 0; begin < v.columns; begin += together) {
      if (begin > 0) await pause?.();
      const some = (of: MatrixOperand) => ({
        ...of,
        stride: of.stride ?? of.columns,
        offset: (of.offset ?? 0) + begin,
        columns: Math.min(together, of.columns - begin),
      });
      await kernels.sparseProduct({ s, x: some(v), y: some(y) });
    }
    await pause?.();
    if (inner.columns === 0) return;
    const c = { ...small, rows: inner.columns, columns: v.columns };
    await innerProducts(workspace, inner, v, c);
    await kernels.gemm({ a: outer, b: c, c: y, beta: 1 });
  };
  return {
    rows,
    columns,
    times: (v, y, pause) => product(matrix, factors![0], factors![1], v, y, pause),
    transposeTimes: (u, y, pause) => product(transpose, factors![1], factors![0], u, y, pause),
    async refill(left, right) {
      factors = [left, right];
      await kernels.sampledProduct({ pattern: pattern.rows, left, right, values: residual, base: observed, alpha: -1 });
      const { weights, bins } = entries;
      let cost = 0;
      if (bins) {
        for (let e = 0; e < count; e++) {
          const { pull, left } = pullToBin(entries, e, -view[e]);
          view[e] = -pull;
          cost += left;
        }
      } else if (weights) { for (let e = 0; e < count; e++) view[e] *= weights[e]; }
      return cost;
    },
    release() {
      const { rows, columns } = pattern;
      const lists = [rows.indptr, rows.indices, columns.indptr, columns.indices, columns.positions];
      for (const array of [...lists, observed.array, residual.array, small.array]) workspace.free(array);
    },
  };
}
