import assert from "node:assert/strict";
import { it } from "node:test";
import { createRandom } from "../../../solvers/core/random.ts";
import { colourEdges, tileEdges } from "../../../solvers/graph/colouring.ts";

/** Largest number of edges that meet at a vertex. */
function largestDegree(ends: readonly number[], vertices: number): number {
  const degrees = new Array(vertices).fill(0);
  ends.forEach((end) => degrees[end]++);
  return Math.max(1, ...degrees);
}

it("colourEdges puts every edge in one class, whose edges share no vertex, in few classes", () => {
  const random = createRandom(1);
  const graphs = [[], [0, 1], Array.from({ length: 200 }, (_, k) => [0, k + 1]).flat()];
  for (const vertices of [5, 40, 201]) {
    const ends: number[] = [];
    for (let i = 0; i < vertices; i++) {
      for (let j = i + 1; j < vertices; j++) if (random.uniform() < (vertices < 100 ? 0.9 : 0.1)) ends.push(i, j);
    }
    graphs.push(ends);
  }
  for (const ends of graphs) {
    const { order, classes } = colourEdges(ends, 201);
    assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: ends.length / 2 }, (_, e) => e));
    assert.equal(classes.at(-1) ?? 0, ends.length / 2);
    assert.ok(classes.length <= 2 * largestDegree(ends, 201) - 1);
    let begin = 0;
    for (const end of classes) {
      assert.ok(end > begin);
      const touched = [...order.subarray(begin, end)].flatMap((e) => [ends[2 * e], ends[2 * e + 1]]);
      assert.equal(new Set(touched).size, touched.length);
      begin = end;
    }
  }
});

it("tileEdges takes every edge once, those of a tile of vertices together, in the order given or by first vertex", () => {
  const random = createRandom(2), vertices = 100, ends: number[] = [];
  for (let i = 0; i < vertices; i++) {
    for (let j = i + 1; j < vertices; j++) if (random.uniform() < 0.3) ends.push(i, j);
  }
  // Those that join come last, wherever they are.
  ends.push(...ends.splice(0, 200));
  for (const byVertex of [false, true]) {
    const order = tileEdges(ends, vertices, byVertex);
    const tileOf = (e: number) => `${ends[2 * e] >> 5} ${ends[2 * e + 1] >> 5}`;
    assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: ends.length / 2 }, (_, e) => e));
    const tiles = [...order].map(tileOf);
    assert.equal(tiles.filter((tile, k) => tile !== tiles[k - 1]).length, new Set(tiles).size);
    [...order].forEach((e, k) => {
      if (k === 0 || tiles[k] !== tiles[k - 1]) return;
      const before = order[k - 1], i = ends[2 * e], above = ends[2 * before];
      assert.ok(byVertex ? i > above || (i === above && e > before) : e > before);
    });
  }
});
