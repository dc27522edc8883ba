import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { drawLayers } from "../../pictures/mod.ts";
import { checkPicture } from "./xml.ts";

const layers = [0, 1, 2].flatMap((block) => [
  { name: `model.layers.${block}.self_attn.q_proj`, block, bits: 3, relativeError: 0.01 * (block + 1) },
  { name: `model.layers.${block}.mlp.down_proj`, block, bits: block === 1 ? 4 : 3, relativeError: 0.04 / (block + 1) },
]);

describe("drawLayers", () => {
  const elements = checkPicture(drawLayers(layers, { title: "Layers", width: 400 }));
  const columns = elements.filter(({ name }) => name === "rect");
  const texts = elements.filter(({ name }) => name === "text").map(({ text }) => text);

  it("draws a strip for each kind of layer and a column for each block, in proportion to the errors", () => {
    assert.equal(columns.length, 6);
    const heights = columns.map(({ attributes }) => Number(attributes.height));
    assert.ok(
      Math.abs(heights[2] / heights[0] - 3) < 0.05 && Math.abs(heights[3] / heights[0] - 4) < 0.05,
      `${heights}`,
    );
    for (const text of ["self_attn.q_proj", "mlp.down_proj", "0", "1", "2", "block", "0.02"]) {
      assert.ok(texts.includes(text), text);
    }
  });

  it("tells bits where they differ, and only there", () => {
    assert.equal(texts.filter((text) => text === "4").length, 1);
    const alike = checkPicture(drawLayers(layers.map((layer) => ({ ...layer, bits: 5 }))));
    assert.equal(alike.filter(({ name, text }) => name === "text" && text === "5").length, 0);
  });

  it("keeps many blocks, errors of zero and none, and narrow widths", () => {
    const many = Array.from({ length: 300 }, (_, block) => ({
      name: `h.${block}.a`,
      block,
      bits: block % 2 + 2,
      relativeError: block === 7 ? NaN : 0,
    }));
    const elements = checkPicture(drawLayers(many, { width: 240 }));
    assert.equal(elements.filter(({ name }) => name === "rect").length, 299);
  });

  it("refuses no layers, a block that is none, and a picture too narrow", () => {
    assert.throws(() => drawLayers([]), /expected one or more, received none/);
    assert.throws(() => drawLayers([{ ...layers[0], block: -1 }]), /is of block -1/);
    assert.throws(() => drawLayers(layers, { width: 100 }), /"width": expected a number >= 240/);
  });
});
