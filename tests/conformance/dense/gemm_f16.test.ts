import { it } from "node:test";
import assert from "node:assert/strict";
import { capabilities, openWorkspace } from "../../../kernels/engine/mod.ts";
import type { WebgpuWorkspace } from "../../../kernels/engine/webgpu/workspace.ts";
import { families } from "../../../kernels/families/mod.ts";
import { referenceKernels } from "../../support/kernels.ts";
import { tiles } from "../../../kernels/webgpu/dense/gemm_tiles.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { checkProduct, type HostMatrix, onDevice } from "./device_products.ts";
import { withDevice } from "../../support/device.ts";

/** Registers a test on a device with f16; skipped, with the reason, where there is none. */
function onHalves(criterion: string, run: (device: WebgpuWorkspace) => Promise<void>): void {
  it(`gemm f16 on webgpu ${criterion}`, async (context) => {
    const { webgpu, webgpuF16 } = await capabilities();
    if (webgpu !== false && !webgpuF16) return context.skip(`${webgpu} has no f16`);
    await withDevice(context, ["gemm"], run);
  });
}

const halfEpsilon = 2 ** -11, epsilon = 2 ** -24;

onHalves("is exact on whole numbers, whichever operands are stored in it", async (device) => {
  const [, , square, small, flat, tall] = tiles;
  for (const halves of [[true, true], [true, false], [false, true]]) {
    for (const aligned of [[true, true, true], [false, false, false]]) {
      await checkProduct(device, small, { halves, aligned });
      await checkProduct(device, small, { halves, aligned, transposeA: true, transposeB: true, parts: 3, beta: 3 });
    }
  }
  for (const tile of [square, flat, tall]) {
    await checkProduct(device, tile, { halves: [true, true], aligned: [true, true, true] });
  }
});

onHalves("errs by one rounding of each element and the error of an f32 sum", async (device) => {
  for (const [rows, columns, depth] of [[5, 7, 3], [64, 64, 64], [33, 130, 257], [12, 20, 1500]]) {
    const random = createRandom(rows);
    const normal = (rows: number, columns: number): HostMatrix => {
      const view = Float32Array.from({ length: rows * columns }, random.normal);
      return { array: { dtype: "f32", length: view.length, label: "normal", address: 0, view }, rows, columns };
    };
    const a = normal(rows, depth),
      b = normal(depth, columns),
      c = normal(rows, columns),
      magnitude = normal(rows, columns);
    const sizes = [a, b].map((matrix) => ({
      ...matrix,
      array: { ...matrix.array, view: matrix.array.view.map(Math.abs) },
    }));
    const twins = { a: onDevice(device, a, "f16"), b: onDevice(device, b, "f16"), c: onDevice(device, c, "f32") };
    await device.kernels.gemm(twins);
    const got = await device.read(twins.c.array);
    referenceKernels.gemm({ a, b, c });
    referenceKernels.gemm({ a: sizes[0], b: sizes[1], c: magnitude });
    let furthest = 0;
    for (let i = 0; i < got.length; i++) {
      const error = Math.abs(got[i] - c.array.view[i]), size = magnitude.array.view[i];
      // (1 + h)^2 - 1 for the products of rounded elements; subnormal ones are out of reach of these numbers.
      const unit = 2 * halfEpsilon + halfEpsilon ** 2 + (depth + 4) * epsilon;
      assert.ok(error <= unit * size, `${rows} x ${columns} x ${depth}, element ${i}: ${got[i]}`);
      furthest = Math.max(furthest, error / size);
    }
    assert.ok(furthest > 4 * epsilon, `${furthest} is too good for f16: it was not stored in it`);
  }
});

onHalves("arrays hold what is rounded to nearest, from any place, and are written in pairs", async (device) => {
  const values = [1, 1 + 2 ** -11, 1 + 3 * 2 ** -11, -65504, 2 ** -24, 65520, NaN];
  const rounded = Float32Array.of(1, 1, 1 + 2 ** -9, -65504, 2 ** -24, Infinity, NaN);
  const array = device.allocate("f16", 7, "halves");
  device.write(array, values);
  for (let offset = 0; offset < 7; offset++) {
    for (let length = 0; length <= 7 - offset; length++) {
      assert.deepEqual(await device.read(array, offset, length), rounded.slice(offset, offset + length));
    }
  }
  device.write(array, [2, 3], 2);
  device.write(array, [4], 6);
  assert.deepEqual(await device.read(array), Float32Array.of(1, 1, 2, 3, 2 ** -24, Infinity, 4));
  for (const [offset, count] of [[1, 2], [0, 3], [5, 1]]) {
    assert.throws(() => device.write(array, new Float32Array(count), offset), {
      name: "RangeError",
      message:
        `Cannot write to "halves": f16 is written in pairs, from an even element on; received ${count} at ${offset}.`,
    });
  }
});

it("arrays of f16 are refused by a host workspace, which says that it has none", async () => {
  const workspace = await openWorkspace({ families, dtype: "f32", flops: 0 });
  try {
    assert.equal(workspace.f16, false);
    assert.throws(() => workspace.allocate("f16", 4, "halves"), {
      name: "TypeError",
      message: 'Cannot hold "halves" in f16: only WebGPU devices can have it.',
    });
  } finally {
    workspace.release();
  }
});
