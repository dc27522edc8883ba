import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { createRandom, matrix, ShapeError } from "../../mod.ts";
import { drawReliability } from "../../pictures/mod.ts";
import { checkPicture } from "./xml.ts";

describe("drawReliability", () => {
  it("draws a curve for each level, near the diagonal where predictions are reliable", () => {
    const random = createRandom(1), count = 4000, probabilities = matrix(count, 3), levels = new Uint32Array(count);
    for (let k = 0; k < count; k++) {
      const a = random.uniform(), b = (1 - a) * random.uniform(), draw = random.uniform();
      probabilities.data.set([a, b, 1 - a - b], 3 * k);
      levels[k] = draw < a ? 0 : draw < a + b ? 1 : 2;
    }
    const elements = checkPicture(
      drawReliability(probabilities, levels, { title: "Reliability", levels: ["no", "so", "yes"] }),
    );
    const circles = elements.filter(({ name }) => name === "circle");
    assert.equal(circles.length, 30);
    for (const name of ["no", "so", "yes", "reliable", "predicted probability", "observed frequency"]) {
      assert.ok(elements.some(({ text }) => text === name), name);
    }
    // On a common scale of both axes the points of reliable predictions fall on a line.
    const [x, y] = ["cx", "cy"].map((at) => circles.map(({ attributes }) => Number(attributes[at])));
    const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length,
      [mx, my] = [mean(x), mean(y)];
    const product = (a: number[], b: number[], ma: number, mb: number) =>
      a.reduce((sum, v, k) => sum + (v - ma) * (b[k] - mb), 0);
    const correlation = product(x, y, mx, my) / Math.sqrt(product(x, x, mx, mx) * product(y, y, my, my));
    assert.ok(correlation < -0.99, `${correlation}`);
  });

  it("pools many levels, takes a single entry, and refuses none", () => {
    const many = matrix(50, 8, Float64Array.from({ length: 400 }, () => 1 / 8)),
      levels = Array.from({ length: 50 }, (_, k) => k % 8);
    assert.ok(checkPicture(drawReliability(many, levels, { title: "R" })).some(({ text }) => text === "all levels"));
    checkPicture(drawReliability(matrix(1, 2, Float64Array.of(0.5, 0.5)), [1], { title: "R", width: 260 }));
    assert.throws(() => drawReliability(matrix(1, 2), [], { title: "R" }), ShapeError);
  });
});
