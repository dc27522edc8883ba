import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { DataError, InputError } from "../../mod.ts";
import { type Curve, type CurvesOptions, drawCurves } from "../../pictures/mod.ts";
import { checkPicture, type Element } from "./xml.ts";

const title = "Errors & <costs>";
const curve: Curve = { name: 'a "b" <c>', x: [1, 10, 100], y: [3, 1, 2], deviations: [0.5, 0.2, 0.4], marked: 1 };

/** The numbers beside an axis, and where they are: those of a left axis end at it. */
function ticks(elements: readonly Element[], axis: "x" | "y"): { value: number; at: number }[] {
  const anchor = axis === "y" ? "end" : "middle";
  return elements
    .filter(({ name, attributes }) =>
      name === "text" && attributes.class === "muted" && attributes["text-anchor"] === anchor
    )
    .map(({ text, attributes }) => ({ value: Number(text.replace("−", "-")), at: Number(attributes[axis]) }));
}

function circles(elements: readonly Element[]): { x: number; y: number; radius: number }[] {
  return elements.filter(({ name }) => name === "circle")
    .map(({ attributes: { cx, cy, r } }) => ({ x: Number(cx), y: Number(cy), radius: Number(r) }));
}

describe("drawCurves", () => {
  it("draws points where the numbers on both axes say", () => {
    const elements = checkPicture(drawCurves([curve], { title, x: { label: "penalty", scale: "log" } }));
    const [low, , high] = ticks(elements, "x");
    assert.deepEqual([low.value, high.value], [1, 100]);
    const below = ticks(elements, "y").sort((a, b) => a.value - b.value), first = below[0], last = below.at(-1)!;
    assert.ok(last.value > first.value && last.at < first.at);
    const points = circles(elements).sort((a, b) => a.x - b.x);
    points.forEach(({ x, y }, i) => {
      assert.ok(Math.abs(x - (low.at + (high.at - low.at) * Math.log10(curve.x[i]) / 2)) <= 0.2);
      // The baseline of a number is 0.35 letters below its line.
      const wanted = first.at + (last.at - first.at) * (curve.y[i] - first.value) / (last.value - first.value);
      assert.ok(Math.abs(y - (wanted - 0.35 * 12)) <= 0.2, `${y} ${wanted}`);
    });
    assert.deepEqual(points.map(({ radius }) => radius > 4), [false, true, false]);
    assert.ok(elements.some(({ name, text }) => name === "text" && text === "penalty"));
  });

  it("names the curves where there are several, and escapes their names", () => {
    const other = { name: "other", x: [1, 2], y: [1, 2] };
    const legend = (curves: Curve[]) =>
      checkPicture(drawCurves(curves, { title })).filter(({ name }) => name === "text").map(({ text }) => text);
    assert.ok(legend([curve, other]).includes("a &quot;b&quot; &lt;c&gt;") && legend([curve, other]).includes("other"));
    assert.ok(!legend([other]).includes("other"));
    legend(Array.from({ length: 20 }, (_, i) => ({ ...other, name: `a rather long name ${i}` })));
  });

  it("has gaps where values cannot be drawn", () => {
    const path = (y: number[], options: Partial<CurvesOptions> = {}) =>
      checkPicture(drawCurves([{ name: "gap", x: [1, 2, 3, 4, 5], y }], { title, ...options }))
        .find(({ name }) => name === "path")!.attributes.d;
    assert.equal(path([1, 2, 3, 4, 5]).split("M").length, 2);
    assert.equal(path([1, 2, Infinity, 4, 5]).split("M").length, 3);
    assert.equal(path([1, 2, 0, 4, 5], { y: { scale: "log" } }).split("M").length, 3);
  });

  it("draws one point, equal values, huge and tiny values", () => {
    for (const scale of ["linear", "log"] as const) {
      for (const y of [[7], [7, 7], [1e-12, 2e-12], [1e300, 1e308], [123456, 123457], [1e-200, 1e200]]) {
        for (const deviations of [undefined, y]) {
          const options = { title, x: { label: "x", scale }, y: { label: "y", scale } };
          const picture = drawCurves([{ name: "curve", x: y.map((_, i) => i + 1), y, deviations }], options);
          const numbers = ticks(checkPicture(picture), "y").map(({ value }) => value);
          assert.ok(numbers.length >= 1 && numbers.length <= 15 && numbers.every(Number.isFinite), `${y} ${numbers}`);
          assert.equal(new Set(numbers).size, numbers.length, `${numbers}`);
          assert.equal(picture, drawCurves([{ name: "curve", x: y.map((_, i) => i + 1), y, deviations }], options));
        }
      }
    }
  });

  it("names what it cannot draw", () => {
    const wrong: [Curve[], string, Partial<CurvesOptions>?][] = [
      [[], "curves"],
      [[curve, { ...curve, x: [], y: [] }], "curves[1].x"],
      [[{ ...curve, y: [1] }], "curves[0].y"],
      [[{ ...curve, deviations: [1] }], "curves[0].deviations"],
      [[{ ...curve, marked: 3 }], "curves[0].marked"],
      [[curve], "width", { width: 10 }],
      [[curve], "height", { height: NaN }],
    ];
    for (const [curves, argument, options] of wrong) {
      assert.throws(
        () => drawCurves(curves, { title, ...options }),
        (error) =>
          error instanceof InputError && error.argument === argument &&
          error.message.includes(`"${argument.split(".")[0]}`),
        argument,
      );
    }
    const negative = { name: "negative", x: [1], y: [-1] };
    assert.throws(() => drawCurves([negative], { title, y: { scale: "log" } }), DataError);
  });
});
