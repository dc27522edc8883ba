import { it } from "node:test";
import assert from "node:assert/strict";
import { cutProduct, partDepth, type Tile, tileColumns, tileRows, tiles } from "../../kernels/webgpu/gemm_tiles.ts";
import { checkProduct, type Way, withDevice } from "./device_products.ts";

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

const mixed = [[true, false, true], [false, true, false]];

for (const tile of tiles) {
  // A shader for each way takes its time in software: the texts of the tiles differ in numbers alone.
  const layouts = tile === tiles[0] || tile === tiles[3]
    ? [...mixed, [true, true, true], [false, false, false]]
    : mixed;
  it(`gemm on webgpu is exact on whole numbers by tiles of ${nameOf(tile)}, however operands lie`, (context) =>
    withDevice(context, async (device) => {
      const check = (way: Way) => checkProduct(device, tile, way);
      for (const transposeA of both) {
        for (const transposeB of both) {
          for (const aligned of layouts) await check({ transposeA, transposeB, aligned });
          await check({ transposeA, transposeB, parts: 3, beta: 3 });
        }
      }
      for (const parts of [1, 4]) {
        for (const aligned of both) {
          const layout = { parts, aligned: [aligned, aligned, aligned], transposeA: true };
          await check({ ...layout, upperOnly: true, beta: 3 });
          await check({ ...layout, beta: -1 });
        }
      }
    }));
}
