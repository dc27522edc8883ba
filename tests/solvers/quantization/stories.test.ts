import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { dequantize, matrix, quantizeLayer, type QuantizeOptions } from "../../../mod.ts";
import {
  calibrate,
  type Layer,
  perplexityOf,
  readLines,
  readStories,
  type StoriesModel,
} from "../../fixtures/stories.ts";
import { needsData } from "../../support/data.ts";

/** Mean relative error over the 35 linear layers, from an independent implementation in f64. */
const reference = {
  rtn: { 4: 0.00866, 3: 0.04024, 2: 0.20775 },
  gptq: { 4: 0.00581, 3: 0.02661, 2: 0.14195 },
  "gptq in activation order": { 4: 0.0054, 3: 0.02482, 2: 0.13241 },
  quantease: { 4: 0.00525, 3: 0.02397, 2: 0.12772 },
  "quantease with 1 % outliers": { 4: 0.00493, 3: 0.02246, 2: 0.1196 },
};

const settings: Record<keyof typeof reference, QuantizeOptions> = {
  rtn: { method: "rtn" },
  gptq: { method: "gptq" },
  "gptq in activation order": { method: "gptq", activationOrder: true },
  quantease: { method: "quantease" },
  "quantease with 1 % outliers": { method: "quantease", outliers: { fraction: 0.01 } },
};

describe("quantizeLayer on the 35 layers of stories260K", needsData("stories260k"), () => {
  let model: StoriesModel, layers: Layer[];

  before(async () => {
    model = await readStories();
    layers = await calibrate(model, await readLines("calibration"));
  });

  async function meanOf(options: QuantizeOptions) {
    let relativeError = 0, passes = 0, violations = 0;
    for (const { weights, gram } of layers) {
      const layer = await quantizeLayer(weights, gram, options);
      relativeError += layer.relativeError / layers.length;
      passes += layer.passes / layers.length;
      violations += layer.violations ?? 0;
    }
    return { relativeError, passes, violations };
  }

  it("the model is read right: tokens and unquantised perplexity", async () => {
    const tokens = (await readLines("calibration")).map((story) => model.encode(story).length);
    assert.equal(tokens.reduce((sum, count) => sum + count), 4262);
    assert.equal(layers.length, 35);
    assert.equal(perplexityOf(model, await readLines("evaluation")).toFixed(5), "5.36341");
  });

  for (const name of Object.keys(reference) as (keyof typeof reference)[]) {
    // The reference keeps the best iterate of the layer, QuantEase here that of each row.
    const below = name === "quantease" ? 0.015 : 0.005;
    it(`${name} reproduces the reference's error within 0.5 %, or is a little below it`, async () => {
      for (const bits of [4, 3, 2] as const) {
        const { relativeError } = await meanOf({ ...settings[name], bits });
        const expected = reference[name][bits];
        const ratio = relativeError / expected;
        assert.ok(ratio < 1.005 && ratio > 1 - below, `${bits} bits: ${relativeError}, not ${expected}`);
      }
    });
  }

  it("auto beats every other method on grids that cover the range, at coordinate-wise minima", async () => {
    for (const [bits, bound] of [[4, 0.00494], [3, 0.0226], [2, 0.1207]] as const) {
      const { relativeError, violations } = await meanOf({ bits, grid: "range" });
      assert.ok(relativeError <= bound, `${bits} bits: ${relativeError}`);
      assert.equal(violations, 0);
    }
  });

  it("auto on searched grids is below an independent search with six refits, at coordinate-wise minima", async () => {
    for (const [bits, bound] of [[4, 0.0047], [3, 0.0181], [2, 0.0692]] as const) {
      const { relativeError, violations } = await meanOf({ bits });
      assert.ok(relativeError <= bound, `${bits} bits: ${relativeError}`);
      assert.equal(violations, 0);
      const outliers = await meanOf({ bits, outliers: { fraction: 0.01 } });
      assert.ok(outliers.relativeError < 0.97 * relativeError, `${bits} bits, outliers: ${outliers.relativeError}`);
    }
  });

  it("chooses the same codes in single and in double precision, but for one in a thousand", async () => {
    for (const options of [{ method: "quantease" }, { method: "gptq" }] as const) {
      let same = 0, count = 0;
      for (const { weights, gram } of layers) {
        const double = matrix(...weights.shape, Float64Array.from(weights.data));
        const { codes } = await quantizeLayer(weights, gram, { ...options, bits: 3 });
        const expected = await quantizeLayer(double, gram, { ...options, bits: 3, backend: "reference" });
        codes.forEach((code, at) => code === expected.codes[at] && same++);
        count += codes.length;
      }
      assert.ok(same / count >= 0.999, `${options.method}: ${same} of ${count}`);
    }
  });

  it("the model with 4 bits a weight still tells stories: perplexity", async () => {
    const tensors = new Map(model.tensors);
    for (const { name, weights, gram } of layers) {
      tensors.set(name, dequantize(await quantizeLayer(weights, gram, { bits: 4 })));
    }
    const perplexity = perplexityOf({ ...model, tensors }, await readLines("evaluation"));
    assert.ok(perplexity > 5.36341 && perplexity < 5.8, `${perplexity}`);
  });
});
