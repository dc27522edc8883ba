import { it } from "node:test";
import assert from "node:assert/strict";
import { capabilities } from "../../../kernels/engine/mod.ts";
import {
  cutProduct,
  partDepth,
  type Tile,
  tileColumns,
  tileRows,
  tiles,
} from "../../../kernels/webgpu/dense/gemm_tiles.ts";
import { product } from "../../../kernels/webgpu/dense/gemm_product.ts";
import { withDevice } from "../../support/device.ts";
import { checkProduct } from "./device_products.ts";

const nameOf = (tile: Tile) => `${tileRows(tile)} x ${tileColumns(tile)}`;

it("cutProduct takes large tiles for large products, small ones and parts for small ones", () => {
  const chosen = (rows: number, columns: number, depth: number) => {
    const { tile, parts } = cutProduct(rows, columns, depth);
    return [nameOf(tile), parts];
  };
  assert.deepEqual(chosen(4096, 4096, 4096), ["128 x 128", 1]);
  assert.deepEqual(chosen(1500, 1500, 1500), ["64 x 64", 1]);
  assert.deepEqual(chosen(300, 300, 64), ["32 x 32", 1]);
  assert.deepEqual(chosen(8, 100000, 64), ["8 x 128", 1]);
  assert.deepEqual(chosen(100000, 8, 64), ["128 x 8", 1]);
  const [gram, parts] = chosen(64, 64, 100000);
  assert.equal(gram, "64 x 64");
  assert.ok(parts as number >= 64, `${parts} parts`);
});

it("cutProduct leaves no part empty, and bounds their number and memory", () => {
  const sizes = [1, 7, 8, 9, 64, 129, 1000, 5000], depths = [0, 1, 127, 128, 255, 256, 257, 3000, 1e6];
  for (const rows of sizes) {
    for (const columns of sizes) {
      for (const depth of depths) {
        const { parts } = cutProduct(rows, columns, depth), what = `${rows} x ${columns} x ${depth}: ${parts} parts`;
        assert.ok(Number.isInteger(parts) && parts >= 1, what);
        assert.ok(parts === 1 || (parts - 1) * partDepth(depth, parts) < depth, what);
        assert.ok(parts * partDepth(depth, parts) >= depth, what);
        assert.ok(parts === 1 || parts * rows * columns <= 1 << 22, what);
        if (depth < 256) assert.equal(parts, 1, what);
      }
    }
  }
});

const both = [false, true];

// The texts of the tiles differ in numbers alone, and software adapters take seconds for a long one: the smallest tile
// stands for all in how operands lie.
for (const tile of tiles) {
  it(`gemm on webgpu is exact on whole numbers by tiles of ${nameOf(tile)}, inside, at edges and in parts`, (context) =>
    withDevice(context, ["gemm"], async (device) => {
      await checkProduct(device, tile, { aligned: [true, true, true] });
      await checkProduct(device, tile, { transposeA: true, transposeB: true, parts: 3, beta: 3 });
    }));
}

const smallest = tiles.find((tile) => nameOf(tile) === "32 x 32")!;
const shortest = tiles.find((tile) => tileRows(tile) === 8)!;

it("gemm on webgpu is exact on whole numbers however operands lie", (context) =>
  withDevice(context, ["gemm"], async (device) => {
    for (const transposeA of both) {
      for (const transposeB of both) {
        await checkProduct(device, smallest, { transposeA, transposeB, aligned: [true, false, true] });
        await checkProduct(device, smallest, {
          transposeA,
          transposeB,
          aligned: [false, true, false],
          parts: 3,
          beta: 3,
        });
      }
    }
  }));

it("gemm on webgpu is exact on whole numbers above the diagonal", (context) =>
  withDevice(context, ["gemm"], async (device) => {
    for (const parts of [1, 4]) {
      for (const aligned of [[false, false, false], [true, true, true]]) {
        await checkProduct(device, smallest, { parts, aligned, transposeA: true, upperOnly: true, beta: 3 });
      }
    }
  }));

it("gemm on webgpu takes more rows of tiles than a device takes workgroups in one dimension", async (context) => {
  const { runtime } = await capabilities();
  if (runtime !== "deno") return context.skip("once is enough: some software devices take more than a minute");
  await withDevice(context, ["gemm"], async (device) => {
    const rows = 65535 * tileRows(shortest) + 11, columns = 3;
    const a = { array: device.allocate("f32", rows, "A"), rows, columns: 1 };
    const b = { array: device.allocate("f32", columns, "B"), rows: 1, columns };
    const c = { array: device.allocate("f32", rows * columns, "C"), rows, columns };
    const left = Float32Array.from({ length: rows }, (_, i) => i % 1021);
    device.write(a.array, left);
    device.write(b.array, [1, -2, 3]);
    await device.run({ dispatches: product({ a, b, c }, device.scratch, { cut: { tile: shortest, parts: 1 } }) });
    const found = await device.read(c.array);
    assert.ok(found.every((value, at) => value === left[Math.floor(at / columns)] * [1, -2, 3][at % columns]));
  });
});
