import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { OptionError, ShapeError, type SparseMatrix } from "../../mod.ts";
import { toSvg } from "../../pictures/mod.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { checkPicture } from "./xml.ts";

/** A symmetric matrix with unit diagonal, its edges given as `[i, j, value]`. */
function graph(size: number, edges: readonly (readonly [number, number, number])[]): SparseMatrix {
  const rows = Array.from({ length: size }, (_, i) => new Map([[i, 1]]));
  for (const [i, j, value] of edges) {
    rows[i].set(j, value);
    rows[j].set(i, value);
  }
  const sorted = rows.map((row) => [...row].sort(([a], [b]) => a - b));
  const indptr = new Uint32Array(size + 1);
  sorted.forEach((row, i) => indptr[i + 1] = indptr[i] + row.length);
  return {
    format: "csr",
    shape: [size, size],
    indptr,
    indices: Uint32Array.from(sorted.flat(), ([column]) => column),
    data: Float64Array.from(sorted.flat(), ([, value]) => value),
  };
}

const random = createRandom(4);
const edges = Array.from(
  { length: 60 },
  () => [random.integer(30), random.integer(30), random.uniform() - 0.5] as const,
)
  .filter(([i, j]) => i !== j);
const large = graph(40, edges);

/** The attributes of every element of a kind. */
function elements(picture: string, kind: string): Record<string, string>[] {
  return [...picture.matchAll(new RegExp(`<${kind} ([^>]*)>`, "g"))].map(([, text]) =>
    Object.fromEntries([...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]))
  );
}

/** The lines of edges, without those of the legend. */
function edgesOf(picture: string): Record<string, string>[] {
  return elements(picture, "line").filter((line) => line.class !== "legend");
}

describe("toSvg", () => {
  it("draws a box for each variable and a line for each edge, from box to box", () => {
    const picture = toSvg(graph(3, [[0, 1, -0.5], [1, 2, 0.25]]), { names: ["a<b", "c", "d"] });
    const boxes = elements(picture, "rect").map(({ x, y, width, height }) => [
      Number(x) + Number(width) / 2,
      Number(y) + Number(height) / 2,
    ]);
    const lines = edgesOf(picture);
    assert.equal(boxes.length, 3);
    assert.equal(lines.length, 2);
    for (const { x1, y1, x2, y2 } of lines) {
      for (const [x, y] of [[x1, y1], [x2, y2]]) {
        assert.ok(boxes.some((box) => Math.abs(box[0] - Number(x)) <= 0.2 && Math.abs(box[1] - Number(y)) <= 0.2));
      }
    }
    assert.match(picture, />a&lt;b - c: 0\.500</);
    assert.doesNotMatch(picture, /a<b/);
  });

  it("dashes the negative, and widens the strong", () => {
    const [weak, strong] = edgesOf(toSvg(graph(3, [[0, 1, -0.8], [1, 2, 0.2]])));
    assert.ok(weak["stroke-dasharray"] && !strong["stroke-dasharray"]);
    assert.ok(Number(strong["stroke-width"]) > Number(weak["stroke-width"]));
  });

  it("keeps all boxes apart and inside the picture", () => {
    const groups = Array.from({ length: 40 }, (_, i) => `group ${i % 8}`);
    const picture = toSvg(large, { names: groups.map((_, i) => "variable ".repeat(i % 3) + i), groups });
    checkPicture(picture);
    const boxes = elements(picture, "rect").map(({ x, y, width, height }) => [x, y, width, height].map(Number));
    const [left, top, width, height] = elements(picture, "svg")[0].viewBox.split(" ").map(Number);
    assert.equal(boxes.length, 40 + 8);
    for (const [i, [x, y, w, h]] of boxes.entries()) {
      assert.ok(x >= left && y >= top && x + w <= left + width && y + h <= top + height, `box ${i}`);
      for (const [a, b, c, d] of boxes.slice(0, i)) {
        assert.ok(x >= a + c || a >= x + w || y >= b + d || b >= y + h, `box ${i} overlaps another`);
      }
    }
  });

  it("sets isolated variables below the rest", () => {
    const boxes = elements(toSvg(graph(4, [[0, 1, 0.5], [1, 2, 0.5]])), "rect").map(({ y }) => Number(y));
    assert.ok(boxes[3] > Math.max(...boxes.slice(0, 3)));
  });

  it("draws joined variables nearer than others", () => {
    const chain = graph(6, Array.from({ length: 5 }, (_, i) => [i, i + 1, 0.4] as const));
    const boxes = elements(toSvg(chain), "rect").map(({ x, y }) => [Number(x), Number(y)]);
    const distance = (i: number, j: number) => Math.hypot(boxes[i][0] - boxes[j][0], boxes[i][1] - boxes[j][1]);
    for (let i = 0; i + 2 < 6; i++) assert.ok(distance(i, i + 2) > 1.5 * distance(i, i + 1));
  });

  it("gives the same picture again, and pictures of nothing", () => {
    assert.equal(toSvg(large), toSvg(large));
    assert.equal(edgesOf(toSvg(graph(0, []))).length, 0);
    checkPicture(toSvg(graph(0, [])));
    checkPicture(toSvg(graph(3, [])));
    assert.equal(elements(toSvg(graph(1, [])), "rect").length, 1);
  });

  it("has a title, and a legend of what lines and fills mean", () => {
    const chain = graph(3, [[0, 1, -0.8], [1, 2, 0.2]]);
    const picture = toSvg(chain, { title: "Cells & signals", groups: ["membrane", "nucleus", "membrane"] });
    const found = checkPicture(picture), texts = found.filter(({ name }) => name === "text").map(({ text }) => text);
    assert.ok(texts.includes("Cells &amp; signals"));
    assert.ok(texts.includes("positive partial correlation, to 0.80"), texts.join());
    assert.ok(texts.includes("negative partial correlation, to -0.20"));
    assert.match(found[0].attributes["aria-label"], /^Cells &amp; signals: 3 variables and 2 edges/);
    const fills = elements(picture, "rect").map(({ fill }) => fill);
    assert.deepEqual([fills[0], fills[1]], [fills[2], fills[4]]);
    assert.equal(fills[3], fills[0]);
    assert.doesNotMatch(toSvg(graph(2, [[0, 1, -0.5]])), />negative/);
  });

  it("draws the strongest edges where there are too many, and says how many it left out", () => {
    const picture = toSvg(large, { edges: 10 }), found = edgesOf(picture);
    assert.equal(found.length, 10);
    const count = elements(toSvg(large), "line").length -
      elements(toSvg(large), "line").filter((line) => line.class).length;
    assert.match(picture, new RegExp(`the 10 strongest of ${count} edges`));
    const widths = found.map((line) => Number(line["stroke-width"]));
    const others = edgesOf(toSvg(large)).map((line) => Number(line["stroke-width"])).sort((a, b) => b - a);
    assert.equal(Math.min(...widths), others[9]);
    assert.doesNotMatch(toSvg(large), /strongest/);
    assert.throws(() => toSvg(large, { edges: -1 }), OptionError);
  });

  it("counts variables without an edge where there are many", () => {
    const picture = toSvg(graph(300, [[0, 1, 0.5]]));
    assert.equal(elements(picture, "rect").length, 2);
    assert.match(picture, /298 variables without an edge/);
    checkPicture(picture);
  });

  it("refuses names and groups that do not fit", () => {
    assert.throws(
      () => toSvg(large, { names: ["a"] }),
      (error) => error instanceof ShapeError && error.argument === "names",
    );
    assert.throws(() => toSvg(large, { groups: ["a"] }), ShapeError);
    assert.throws(() => toSvg(large, { groups: Array.from({ length: 40 }, (_, i) => `${i}`) }), OptionError);
  });
});
