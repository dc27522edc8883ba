import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { fromRows, InputError, type Matrix, matrix, type SparseMatrix } from "../../mod.ts";
import { drawHeatMap, drawPartialCorrelations, type HeatMapOptions } from "../../pictures/mod.ts";
import { checkPicture, type Element } from "./xml.ts";

const title = "Loadings";

/** The cells of a picture, row by row: their colours, strengths and tooltips. */
function cells(elements: readonly Element[]): { colour: string; strength: number; text: string }[] {
  return elements.flatMap(({ name, attributes }, at) =>
    name === "rect" && elements[at + 1]?.name === "title"
      ? [{ colour: attributes.class, strength: Number(attributes["fill-opacity"]), text: elements[at + 1].text }]
      : []
  );
}

describe("drawHeatMap", () => {
  it("colours by sign and magnitude, and tells names and values", () => {
    const picture = drawHeatMap(fromRows([[0.5, -1], [0, 0.25]]), {
      title,
      rows: ["a & b", "<c>"],
      columns: ["d", "e"],
    });
    assert.deepEqual(cells(checkPicture(picture)), [
      { colour: "positive", strength: 0.5, text: "a &amp; b, d: 0.5" },
      { colour: "negative", strength: 1, text: "a &amp; b, e: −1" },
      { colour: "positive", strength: 0, text: "&lt;c&gt;, d: 0" },
      { colour: "positive", strength: 0.25, text: "&lt;c&gt;, e: 0.25" },
    ]);
  });

  it("colours from the least value up where asked to", () => {
    const strengths = cells(checkPicture(drawHeatMap(fromRows([[-2, 0, 2]]), { title, scale: "sequential" })))
      .map(({ strength }) => strength);
    assert.deepEqual(strengths, [0, 0.5, 1]);
  });

  it("keeps long names inside, names fewer rows where cells are small, and is the same again", () => {
    const large = matrix(150, 120, Float64Array.from({ length: 150 * 120 }, (_, i) => Math.sin(i)));
    const names = (count: number) => Array.from({ length: count }, (_, i) => `a name of length ${"x".repeat(i % 20)}`);
    const options = { title, rows: names(150), columns: names(120) };
    const elements = checkPicture(drawHeatMap(large, options));
    assert.equal(cells(elements).length, 150 * 120);
    const rows = elements.filter(({ name, attributes }) => name === "text" && attributes["text-anchor"] === "end")
      .map(({ attributes }) => Number(attributes.y));
    for (const [i, y] of rows.entries()) assert.ok(i === 0 || y - rows[i - 1] >= 12);
    assert.equal(drawHeatMap(large, options), drawHeatMap(large, options));
  });

  it("draws equal values, a single entry, and leaves out what is not finite", () => {
    for (const scale of ["diverging", "sequential"] as const) {
      for (const data of [[3], [3, 3], [0, 0], [NaN, 1], [NaN], [Infinity, 1e-300]]) {
        const picture = checkPicture(drawHeatMap(matrix(1, data.length, Float64Array.from(data)), { title, scale }));
        const finite = data.filter(Number.isFinite).length, drawn = cells(picture);
        assert.equal(drawn.length, finite);
        const grey = picture.filter(({ name, attributes }) => name === "rect" && attributes.class === "muted");
        assert.equal(grey.length, data.length - finite);
      }
    }
  });

  it("names what it cannot draw", () => {
    const pair = fromRows([[1, 2]]);
    const wrong: [string, Matrix, Partial<HeatMapOptions>][] = [
      ["values", matrix(0, 3), {}],
      ["rows", pair, { rows: ["a", "b"] }],
      ["columns", pair, { columns: ["a"] }],
      ["limit", pair, { limit: 0 }],
      ["scale", pair, { scale: "rainbow" as "sequential" }],
    ];
    for (const [argument, values, options] of wrong) {
      assert.throws(
        () => drawHeatMap(values, { title, ...options }),
        (error) => error instanceof InputError && error.argument === argument,
      );
    }
  });
});

describe("drawPartialCorrelations", () => {
  it("draws -t_ij / sqrt(t_ii t_jj) on both sides of an empty diagonal", () => {
    const precision: SparseMatrix = {
      format: "csr",
      shape: [3, 3],
      indptr: new Uint32Array([0, 2, 4, 5]),
      indices: new Uint32Array([0, 1, 0, 1, 2]),
      data: new Float64Array([4, 1, 1, 1, 3]),
    };
    const drawn = cells(checkPicture(drawPartialCorrelations(precision, ["a", "b", "c"])));
    assert.deepEqual(drawn.map(({ text }) => text), [
      "a, b: −0.5",
      "a, c: 0",
      "b, a: −0.5",
      "b, c: 0",
      "c, a: 0",
      "c, b: 0",
    ]);
  });
});
