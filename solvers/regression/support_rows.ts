/** What supports say of all features, where the kernels run. @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray, VectorOperand } from "../../kernels/contract.ts";
import { DEPENDENT_SHARE } from "../../kernels/contract/l0/constants.ts";
import { distrust } from "../core/certificate.ts";
import type { Pause } from "../core/run.ts";

/** A feature enters or leaves a support: the arguments of the kernel `supportUpdate`. */
export interface SupportChange {
  /** One number a feature. */
  readonly row: Float64Array;
  /** One number a row of the products, or none. */
  readonly shares: Float64Array;
  /** One number a row of the products. */
  readonly factors: Float64Array;
  readonly square: number;
  readonly single: number;
}

/** Products of a support with all features, and two numbers a feature, which follow as the support changes. */
export interface SupportRows {
  /** [capacity, features]; a live view until there is room for more rows. */
  readonly products: Float64Array;
  /** One number a feature, live views: 0 where no more than rounding is left of a curvature. */
  readonly curvatures: Float64Array;
  readonly correlations: Float64Array;
  /** Room for so many rows; the first `used` ones stay. */
  reserve(capacity: number, used: number): void;
  /** Makes the products anew: a matrix [rows, rows] times as many rows of all features. */
  multiply(factor: Float64Array, rows: readonly Float64Array[]): Promise<void>;
  /** O(rows x features). */
  update(change: SupportChange): Promise<void>;
  release(): void;
}

/** What a backward elimination did: the features in the order in which they left, and what the loss gained each time. */
export interface Elimination {
  readonly order: readonly number[];
  readonly costs: readonly number[];
}

/** Multiply-adds of a product for which it is not worth to leave JavaScript, and of kernels between two checkpoints. */
const smallProduct = 1e5, productWork = 1e8, updateWork = 2e7;

/** What the rows of all supports share. */
export interface SupportRowsSource {
  readonly features: number;
  /** A checkpoint: rows that are wanted are computed whatever the time. */
  readonly pause: Pause;
}

/** Room for rows of supports. */
export function createSupportRows(workspace: Workspace, { features, pause }: SupportRowsSource) {
  const { kernels } = workspace;
  /** Where factors and their rows stand during a product, as large as one has needed. */
  let room = { capacity: 0, factor: allocate(0, "factor"), rows: allocate(0, "rows of the support") };

  function allocate(length: number, label: string): DeviceArray<"f64"> {
    return workspace.allocate("f64", length, label);
  }

  function roomFor(count: number): typeof room {
    if (count <= room.capacity) return room;
    const capacity = Math.min(features, Math.max(count, 2 * room.capacity, 16));
    [room.factor, room.rows].forEach((array) => workspace.free(array));
    return room = {
      capacity,
      factor: allocate(capacity * capacity, "factor"),
      rows: allocate(capacity * features, "rows of the support"),
    };
  }

  /** @param whole The curvature of each feature where there is no support. */
  return function openRows(whole: Float64Array): SupportRows {
    const vector = (label: string) => allocate(features, label);
    const row = vector("row"), curvatures = vector("curvatures"), correlations = vector("correlations");
    const wholes = vector("whole curvatures");
    workspace.write(wholes, whole);
    let held = { products: allocate(0, "products"), shares: allocate(0, "shares"), factors: allocate(0, "factors") };
    const operand = (array: DeviceArray<"f64">, offset: number, length: number): VectorOperand => ({
      array,
      offset,
      length,
    });
    return {
      get products() {
        return workspace.view(held.products);
      },
      curvatures: workspace.view(curvatures),
      correlations: workspace.view(correlations),
      reserve(capacity, used) {
        const products = allocate(capacity * features, "products");
        workspace.write(products, workspace.view(held.products).subarray(0, used * features));
        Object.values(held).forEach((array) => workspace.free(array));
        held = { products, shares: allocate(capacity, "shares"), factors: allocate(capacity, "factors") };
      },
      async multiply(factor, rows) {
        const count = rows.length;
        if (count * count * features < smallProduct) return plainProduct(workspace.view(held.products), factor, rows);
        const room = roomFor(count);
        workspace.write(room.factor, factor);
        rows.forEach((row, k) => workspace.write(room.rows, row, k * features));
        const b = { array: room.rows, rows: count, columns: features };
        const together = Math.max(1, Math.floor(productWork / (count * features)));
        for (let first = 0; first < count; first += together) {
          if (first > 0) await pause();
          const some = Math.min(together, count - first);
          await kernels.gemm({
            a: { array: room.factor, columns: count, offset: first * count, rows: some },
            b,
            c: { array: held.products, columns: features, offset: first * features, rows: some },
          });
        }
      },
      async update({ row: given, shares, factors, square, single }) {
        const count = factors.length;
        workspace.write(row, given);
        workspace.write(held.shares, shares);
        workspace.write(held.factors, factors);
        const together = Math.ceil(updateWork / (2 * count + 4));
        for (let first = 0; first < features; first += together) {
          if (first > 0) await pause();
          const columns = Math.min(together, features - first),
            part = (array: DeviceArray<"f64">) => operand(array, first, columns);
          await kernels.supportUpdate({
            products: { array: held.products, offset: first, rows: count, columns, stride: features },
            row: part(row),
            shares: operand(held.shares, 0, shares.length),
            factors: operand(held.factors, 0, count),
            curvatures: part(curvatures),
            correlations: part(correlations),
            whole: part(wholes),
            square,
            single,
            least: DEPENDENT_SHARE,
          });
        }
      },
      release() {
        for (const array of [row, curvatures, correlations, wholes, ...Object.values(held)]) workspace.free(array);
      },
    };
  };
}

/**
 * Backward elimination from all of some features.
 *
 * @param gram Their Gram matrix [features, features], ridge included.
 * @param linear `X^T y`, one number a feature.
 * @returns Nothing where the matrix is not positive definite to rounding.
 */
export async function eliminateBackward(
  workspace: Workspace,
  present: readonly number[],
  gram: readonly Float64Array[],
  linear: Float64Array,
  isAlways: Uint8Array,
): Promise<Elimination | undefined> {
  const count = present.length;
  const matrix = workspace.allocate("f64", count * count, "Gram matrix"),
    order = workspace.allocate("u32", count, "order");
  const vector = (label: string) => ({ array: workspace.allocate("f64", count, label), length: count });
  const costs = vector("costs"), products = vector("X^T y"), stays = workspace.allocate("u8", count, "stays");
  try {
    gram.forEach((row, i) => workspace.write(matrix, row, i * count));
    workspace.write(products.array, linear);
    workspace.write(stays, present.map((feature) => isAlways[feature]));
    const left = await workspace.kernels.backwardElimination({
      gram: { array: matrix, rows: count, columns: count },
      linear: products,
      stays,
      order,
      costs,
    });
    if (left < 0) return undefined;
    const places = Array.from(workspace.view(order).subarray(0, left));
    if (new Set(places).size < left || places.some((place) => !(place < count))) {
      throw distrust("a backward elimination drops features that are not there");
    }
    return {
      order: places.map((place) => present[place]),
      costs: Array.from(workspace.view(costs.array).subarray(0, left)),
    };
  } finally {
    for (const array of [matrix, order, costs.array, products.array, stays]) workspace.free(array);
  }
}

/** A square matrix times as many rows. */
function plainProduct(products: Float64Array, factor: Float64Array, rows: readonly Float64Array[]): void {
  const count = rows.length;
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < count; k++) setOrAdd(products, factor[i * count + k], rows[k], i * rows[k].length, k === 0);
  }
}

function setOrAdd(target: Float64Array, scale: number, values: Float64Array, to: number, isFirst: boolean): void {
  if (isFirst) { for (let j = 0; j < values.length; j++) target[to + j] = scale * values[j]; }
  else for (let j = 0; j < values.length; j++) target[to + j] += scale * values[j];
}
