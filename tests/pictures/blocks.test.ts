import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DataError, matrix, OptionError, ShapeError } from "../../mod.ts";
import { drawBars, drawColumns, drawHeatMap, drawImages, drawScatter } from "../../pictures/mod.ts";
import { checkPicture, type Element } from "./xml.ts";

const title = "A title of several words that a narrow picture has in two lines";
const number = (text: string) => Number(text.replace("−", "-"));
const named = (elements: readonly Element[], name: string) => elements.filter((element) => element.name === name);
const inside = ({ attributes }: Element, elements: readonly Element[]) => {
  const [, , width, height] = elements[0].attributes.viewBox.split(" ").map(Number);
  const [x, y] = [attributes.x ?? attributes.cx, attributes.y ?? attributes.cy].map(Number);
  return x >= 0 && y >= 0 && x <= width && y <= height;
};

describe("drawBars", () => {
  const names = ["dose", "a name of so many letters that it cannot stand beside a bar, but is told whole", "age"];
  const elements = checkPicture(drawBars([2, -1, 0.5], { title, names, deviations: [0.5, 0, 0.25], width: 400 }));
  const bars = named(elements, "rect");

  it("draws lengths in proportion, from a common zero, with colours by sign", () => {
    const [a, b, c] = bars.map(({ attributes: { x, width } }) => ({ left: Number(x), width: Number(width) }));
    assert.ok(Math.abs(a.width / b.width - 2) < 0.02 && Math.abs(a.width / c.width - 4) < 0.05);
    assert.ok(Math.abs(a.left - c.left) < 0.2 && Math.abs(b.left + b.width - a.left) < 0.2);
    assert.deepEqual(bars.map(({ attributes }) => attributes.class), ["positive", "negative", "positive"]);
  });

  it("shortens a long name in its middle, and tells it whole", () => {
    const texts = named(elements, "text").map(({ text }) => text);
    assert.ok(texts.includes("dose") && texts.some((text) => /^a name.*….*whole$/.test(text)), texts.join());
    assert.ok(named(elements, "title").some(({ text }) => text === names[1]));
    assert.ok(
      elements.filter(({ name }) => name === "text" || name === "rect").every((part) => inside(part, elements)),
    );
  });

  it("leaves out what is not finite, and refuses what it cannot draw", () => {
    assert.equal(named(checkPicture(drawBars([1, NaN, 2], { title })), "rect").length, 2);
    assert.throws(() => drawBars([], { title }), ShapeError);
    assert.throws(() => drawBars([1], { title, names: [] }), ShapeError);
    assert.throws(() => drawBars([1], { title, width: 100 }), OptionError);
    assert.throws(
      () => drawBars([NaN], { title }).length > 0 && drawScatter([{ name: "", x: [NaN], y: [1] }], { title }),
      DataError,
    );
  });
});

describe("drawColumns", () => {
  it("draws heights in proportion, and names as far as there is room", () => {
    const counts = Array.from({ length: 256 }, (_, i) => i);
    const elements = checkPicture(drawColumns(counts, { title, width: 300, x: { label: "code" } }));
    const heights = named(elements, "rect").map(({ attributes }) => Number(attributes.height));
    assert.ok(Math.abs(heights[200] / heights[100] - 2) < 0.02);
    const places = named(elements, "text").filter(({ attributes }) =>
      attributes.class === "muted" && attributes["text-anchor"] === "middle"
    )
      .map(({ attributes: { x }, text }) => ({ x: Number(x), half: 0.31 * 12 * text.length }));
    for (const [i, { x, half }] of places.slice(1).entries()) assert.ok(x - half >= places[i].x + places[i].half);
    assert.ok(places.length > 5);
  });
});

describe("drawScatter", () => {
  it("draws points where they are, on equal axes with the diagonal, and names them where they do not collide", () => {
    const x = [0, 1, 1.01, 10], y = [0, 1, 1, 10], names = ["zero", "first of two", "second of two", "ten"];
    const elements = checkPicture(drawScatter([{ name: "p", x, y, names, labelled: true }], { title, diagonal: true }));
    const points = named(elements, "circle").map(({ attributes: { cx, cy } }) => [Number(cx), Number(cy)]);
    const slope = (points[3][1] - points[0][1]) / (points[3][0] - points[0][0]);
    assert.ok(Math.abs((points[1][1] - points[0][1]) / (points[1][0] - points[0][0]) - slope) < 0.02);
    const diagonal = named(elements, "line").find(({ attributes }) => attributes["stroke-dasharray"])!.attributes;
    assert.deepEqual([diagonal.x1, diagonal.y1, diagonal.x2, diagonal.y2].map(Number), [...points[0], ...points[3]]);
    const boxes = named(elements, "text").filter(({ text }) => names.includes(text)).map(({ text, attributes }) => {
      const left = Number(attributes.x), y = Number(attributes.y);
      return [left, left + 0.62 * 12 * text.length, y - 10, y + 3];
    });
    assert.ok(boxes.length >= 3);
    for (const [i, a] of boxes.entries()) {
      for (const b of boxes.slice(0, i)) assert.ok(a[1] <= b[0] || b[1] <= a[0] || a[3] <= b[2] || b[3] <= a[2]);
    }
  });

  it("has a legend for several series, and leaves out what an axis cannot show", () => {
    const series = ["a", "b"].map((name) => ({ name, x: [1, 2, 0], y: [1, NaN, 3] }));
    const elements = checkPicture(drawScatter(series, { title, x: { scale: "log" } }));
    assert.equal(named(elements, "circle").length, 2 + 2);
    assert.ok(["a", "b"].every((name) => named(elements, "text").some(({ text }) => text === name)));
    assert.throws(() => drawScatter([], { title }), ShapeError);
    assert.throws(() => drawScatter([{ name: "a", x: [1], y: [1, 2] }], { title }), ShapeError);
  });
});

describe("drawImages", () => {
  it("draws every pixel once, its strength by its value, within the frame of its image", () => {
    const values = Float64Array.of(0, 1, 0.5, -1, NaN, 0.5, 2, 2, 2, 2, 2, 2);
    const elements = checkPicture(
      drawImages(matrix(2, 6, values), { title, shape: [2, 3], scale: "diverging", names: ["a", "b"] }),
    );
    const cells = named(elements, "path").map(({ attributes: { class: colour, d, ...rest } }) => ({
      colour,
      strength: Number(rest["fill-opacity"]),
      area: [...d.matchAll(/h(\d+)v1/g)].reduce((sum, [, run]) => sum + Number(run), 0),
    }));
    assert.deepEqual(cells, [
      { colour: "negative", strength: 1, area: 1 },
      { colour: "positive", strength: 0.5, area: 2 },
      { colour: "positive", strength: 1, area: 1 },
      { colour: "positive", strength: 1, area: 6 },
    ]);
    assert.equal(named(elements, "rect").length, 2);
    assert.ok(named(elements, "rect").every((frame) => inside(frame, elements)));
  });

  it("puts many images in rows, and refuses what is no image", () => {
    const elements = checkPicture(
      drawImages(matrix(30, 4, new Float64Array(120).fill(1)), { title, shape: [2, 2], width: 300 }),
    );
    const rows = new Set(named(elements, "rect").map(({ attributes }) => attributes.y));
    assert.ok(rows.size > 5 && named(elements, "rect").every((frame) => inside(frame, elements)));
    assert.throws(() => drawImages(matrix(1, 5), { title, shape: [2, 2] }), ShapeError);
    assert.throws(() => drawImages(matrix(1, 4), { title, shape: [2, 2], names: [] }), ShapeError);
    assert.throws(() => drawImages(matrix(1, 4), { title, shape: [2, 2], limit: 0 }), OptionError);
  });
});

describe("drawHeatMap", () => {
  it("fits a width, and writes numbers into cells that have room for them", () => {
    const values = matrix(2, 3, Float64Array.of(1, -0.5, 0.25, 0, 12345.678, 1e-9));
    const elements = checkPicture(drawHeatMap(values, { title, numbers: true }));
    const texts = named(elements, "text").map(({ text }) => text);
    assert.ok(texts.includes("−0.5") && texts.includes("0.25"), texts.join());
    const narrow = checkPicture(drawHeatMap(matrix(4, 40), { title, width: 320 }));
    assert.ok(number(narrow[0].attributes.width) <= 320);
    assert.ok(named(narrow, "text").filter(({ attributes }) => attributes["font-weight"]).length > 1);
  });
});
