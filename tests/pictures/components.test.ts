import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { fromRows, matrix, ShapeError } from "../../mod.ts";
import { drawComponents, drawSimplex, drawUse } from "../../pictures/mod.ts";

const wide = matrix(2, 40, Float64Array.from({ length: 80 }, (_, at) => at % 7));

describe("pictures of factorisations", () => {
  it("drawComponents draws images, curves, or a heat map where columns are few", () => {
    const images = drawComponents(wide, { title: "Parts", shape: [5, 8], names: ["nose", "chin"] });
    assert.ok(images.includes("nose") && images.includes("chin") && images.startsWith("<svg"));
    assert.match(drawComponents(wide, { title: "Curves" }), /<path/);
    const few = drawComponents(fromRows([[1, 2, 0]]), { title: "Table", columns: ["rain", "sun", "wind"] });
    assert.ok(few.includes("rain") && few.includes("wind"));
    assert.throws(() => drawComponents(wide, { title: "x", shape: [3, 3] }), ShapeError);
  });

  it("drawSimplex puts pure samples into the corners, and the mean of all into the middle", () => {
    const pure = fromRows([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0.25, 0.25, 0.25, 0.25]]);
    const picture = drawSimplex(pure, { title: "Mixtures", names: ["a", "b", "c", "d"] });
    const places = [...picture.matchAll(/<title>(sample [^<]*)/g)].map(([, text]) => text);
    const corners = ["sample 1: 0, 1", "sample 2: 1, 0", "sample 3: 0, -1", "sample 4: -1, 0", "sample 5: 0, 0"];
    assert.deepEqual(places, corners);
    const grouped = drawSimplex(pure, { title: "Mixtures", groups: ["x", "x", "y", "y", "z"] });
    assert.ok(["x", "y", "z", "archetypes"].every((name) => grouped.includes(`>${name}<`)));
    // The corners are joined, and there are no numbers beside: places have no units.
    assert.match(grouped, /<polygon/);
    assert.doesNotMatch(grouped, />−?0\.5</);
    assert.throws(() => drawSimplex(matrix(3, 1), { title: "x" }), ShapeError);
    assert.throws(() => drawSimplex(pure, { title: "x", names: ["a"] }), ShapeError);
    assert.throws(() => drawSimplex(pure, { title: "x", groups: ["a"] }), ShapeError);
  });

  it("drawUse orders samples by their groups and largest weights, and takes means of many", () => {
    const weights = fromRows([[0.2, 0.8], [0.9, 0.1], [0.6, 0.4], [0, 1]]);
    const picture = drawUse(weights, { title: "Use", names: ["day", "night"] });
    const places = [...picture.matchAll(/<title>day, (\d): ([\d.]+)/g)].map(([, sample, weight]) => [sample, weight]);
    assert.deepEqual(places, [["2", "0.9"], ["3", "0.6"], ["4", "0"], ["1", "0.2"]]);
    const grouped = drawUse(weights, { title: "Use", groups: ["b", "a", "b", "a"] });
    assert.deepEqual([...grouped.matchAll(/>([ab])</g)].map(([, name]) => name), ["a", "b"]);
    const many = matrix(1000, 2, Float64Array.from({ length: 2000 }, (_, at) => at % 2));
    assert.ok(drawUse(many, { title: "Use", most: 10 }).length < 20_000);
    assert.throws(() => drawUse(weights, { title: "x", names: ["a"] }), ShapeError);
  });
});
