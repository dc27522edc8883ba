/** Products on a WebGPU device in every way they can be cut and stored, for tests. */

import assert from "node:assert/strict";
import type { WebgpuWorkspace } from "../../../kernels/engine/webgpu/workspace.ts";
import { referenceKernels } from "../../support/kernels.ts";
import type { HostArray, MatrixOperand } from "../../../kernels/contract.ts";
import { product } from "../../../kernels/webgpu/dense/gemm_product.ts";
import { type Tile, tileColumns, tileRows } from "../../../kernels/webgpu/dense/gemm_tiles.ts";
import { createRandom } from "../../../solvers/core/random.ts";

/** A matrix in JavaScript's memory. */
export type HostMatrix = MatrixOperand & { readonly array: HostArray<"f32"> };

/** How a product is cut, and how its operands lie: `A`, `B` and `C` in turn. */
export interface Way {
  readonly parts?: number;
  readonly aligned?: readonly boolean[];
  /** Stored in f16. */
  readonly halves?: readonly boolean[];
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly beta?: number;
  readonly upperOnly?: boolean;
}

/** A matrix taken to the device. */
export function onDevice<D extends "f16" | "f32">(device: WebgpuWorkspace, matrix: HostMatrix, dtype: D) {
  const array = device.allocate(dtype, matrix.array.length, matrix.array.label);
  device.write(array, matrix.array.view);
  return { ...matrix, array };
}

/** A matrix of small whole numbers, with others between its rows; its rows begin at multiples of four if `aligned`. */
function digits(rows: number, columns: number, aligned: boolean, seed: number): HostMatrix {
  const offset = aligned ? 4 : 1, stride = columns + (aligned ? 8 : 3), random = createRandom(seed);
  const view = Float32Array.from({ length: offset + rows * stride }, () => random.integer(9) - 4);
  const array: HostArray<"f32"> = { dtype: "f32", length: view.length, label: "digits", address: 0, view };
  return { array, rows, columns, offset, stride };
}

/** Compares one product with the reference on the device, to the bit; above the diagonal alone with `upperOnly`. */
export async function checkProduct(
  device: WebgpuWorkspace,
  tile: Tile,
  {
    parts = 1,
    aligned = [false, false, false],
    halves = [false, false],
    transposeA = false,
    transposeB = false,
    beta = 0,
    upperOnly = false,
  }: Way,
): Promise<void> {
  // One tile lies inside, and the others at every edge; the last slice of the depth is not whole.
  const size = (whole: number, aligned: boolean) => whole + (aligned ? 4 : 3);
  const rows = size(tileRows(tile), aligned[0]);
  const columns = size(tileColumns(tile), aligned[1] || aligned[2]);
  const depth = size(parts === 1 ? 16 : 64, aligned[0] || aligned[1]);
  const a = digits(transposeA ? depth : rows, transposeA ? rows : depth, aligned[0], 1);
  const b = digits(transposeB ? columns : depth, transposeB ? depth : columns, aligned[1], 2);
  const c = digits(rows, columns, aligned[2], 3);
  const operands = { a, b, c, transposeA, transposeB, alpha: -2, beta };
  const storage = (half: boolean) => half ? "f16" : "f32";
  const twins = {
    a: onDevice(device, a, storage(halves[0])),
    b: onDevice(device, b, storage(halves[1])),
    c: onDevice(device, c, "f32"),
  };
  const cut = { tile, parts };
  await device.run({ dispatches: product({ ...operands, ...twins }, device.scratch, { cut, upperOnly }) });
  const got = await device.read(twins.c.array), want = c.array.view;
  referenceKernels.gemm(operands);
  if (upperOnly) {
    for (let i = 1; i < rows; i++) {
      const row = c.offset! + i * c.stride!;
      for (let j = 0; j < Math.min(i, columns); j++) got[row + j] = want[row + j];
    }
  }
  const what = JSON.stringify({
    rows,
    columns,
    depth,
    parts,
    aligned,
    halves,
    transposeA,
    transposeB,
    beta,
    upperOnly,
  });
  // Zeros are equal whatever their sign.
  const wrong = got.findIndex((value, i) => value !== want[i]);
  assert.equal(wrong, -1, `${what}, element ${wrong}: ${got[wrong]}, expected ${want[wrong]}`);
  for (const { array } of Object.values(twins)) device.free(array);
}
