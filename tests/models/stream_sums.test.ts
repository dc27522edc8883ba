import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dequantize, matrix, type QuantizationMethod } from "../../mod.ts";
import { withWorkspace } from "../../kernels/engine/mod.ts";
import { createStreamSums } from "../../models/stream_sums.ts";
import { forwardRequest } from "../../models/forward.ts";
import { createRandom } from "../../solvers/core/random.ts";
import type { StreamMismatch } from "../../solvers/quantization/moved.ts";
import { quantizeTowards } from "../../solvers/quantization/quantize.ts";
import { makeMovedLayer, type MovedLayer, products } from "../support/moved_layers.ts";

/** What the outputs are added to is off by a mixture of the inputs, a shift, and noise [tokens, rows]. */
function mismatch({ after, weights: { shape: [rows, columns] } }: MovedLayer) {
  const { normal } = createRandom(9),
    mixing = Float64Array.from({ length: rows * columns }, normal),
    [tokens] = after.shape;
  return matrix(
    tokens,
    rows,
    Float64Array.from({ length: tokens * rows }, (_, at) => {
      const t = Math.floor(at / rows), i = at % rows;
      let sum = 0.5 + normal();
      for (let j = 0; j < columns; j++) sum += mixing[i * columns + j] * after.data[t * columns + j];
      return 0.3 * sum;
    }),
  );
}

/** `||w X_a + share d - what X~||^2`, summed over the rows, from the inputs themselves. */
function lossOf({ weights, before, after, original: { share } }: MovedLayer, off: typeof before, what: typeof before) {
  const [rows, columns] = weights.shape, [tokens] = after.shape;
  let sum = 0, norm = 0;
  for (let t = 0; t < tokens; t++) {
    for (let i = 0; i < rows; i++) {
      let target = share * off.data[t * rows + i], output = 0;
      for (let j = 0; j < columns; j++) {
        const x = after.data[t * columns + j];
        target += weights.data[i * columns + j] * (x + share * (before.data[t * columns + j] - x));
        output += what.data[i * columns + j] * x;
      }
      sum += (target - output) ** 2;
      norm += target ** 2;
    }
  }
  return { sum, norm };
}

/** The sums, by plain loops. */
function plainSums({ before, after }: MovedLayer, off: typeof before): StreamMismatch {
  const apart = matrix(...after.shape, Float64Array.from(after.data, (value, at) => before.data[at] - value));
  const squares = new Float64Array(off.shape[1]);
  off.data.forEach((value, at) => squares[at % squares.length] += value * value);
  return { quantized: products(off, after), apart: products(off, apart), squares };
}

describe("quantizeTowards with what outputs are added to", () => {
  it("reports the error of what it stands for, and makes up for what is off", async () => {
    for (const share of [0.5, 1]) {
      const layer = makeMovedLayer({ rows: 5, columns: 12, seed: 3, share }), off = mismatch(layer);
      const stream = plainSums(layer, off), { weights, gram, original } = layer;
      for (const method of ["rtn", "gptq", "quantease", "auto"] as QuantizationMethod[]) {
        const options = { bits: 3, method, original } as const;
        const quantized = await quantizeTowards(weights, gram, options, stream);
        const { sum, norm } = lossOf(layer, off, dequantize(quantized));
        assert.ok(
          Math.abs(quantized.objective - sum) <= 1e-9 * norm,
          `${method}: ${quantized.objective}, in truth ${sum}`,
        );
        assert.ok(Math.abs(quantized.relativeError - sum / norm) <= 1e-9, method);
        if (method === "rtn") continue;
        const alone = lossOf(layer, off, dequantize(await quantizeTowards(weights, gram, options)));
        assert.ok(sum < 0.9 * alone.sum, `${method}, share ${share}: ${sum} with, ${alone.sum} without`);
      }
    }
  });
});

describe("createStreamSums", () => {
  it("sums what plain loops sum, over batches", async () => {
    const layer = makeMovedLayer({ rows: 5, columns: 12, seed: 5 }), off = mismatch(layer), [tokens] = off.shape;
    const narrow = ({ data }: { readonly data: ArrayLike<number> }) => Float32Array.from(data);
    const [before, after, quantizedStream] = [
      narrow(layer.before),
      narrow(layer.after),
      new Float32Array(off.data.length),
    ];
    const originalStream = narrow(off);
    const wide = (data: Float32Array, width: number) => matrix(tokens, width, Float64Array.from(data));
    const truth = plainSums({ ...layer, before: wide(before, 12), after: wide(after, 12) }, wide(originalStream, 5));
    await withWorkspace(forwardRequest(1e6, { backend: "auto" }), async (workspace) => {
      let pauses = 0;
      const sums = createStreamSums(workspace, 5, 12, () => Promise.resolve(pauses++));
      for (const [begin, end] of [[0, 40], [40, tokens]]) {
        const part = (x: Float32Array, inputs: Float32Array) => ({
          x: x.subarray(begin * 5, end * 5),
          inputs: inputs.subarray(begin * 12, end * 12),
        });
        await sums.add(part(originalStream, before), part(quantizedStream, after));
      }
      const found = sums.take();
      for (const name of ["quantized", "apart"] as const) {
        found[name].data.forEach((value, at) => assert.ok(Math.abs(value - truth[name].data[at]) < 1e-6, name));
      }
      found.squares.forEach((value, i) => assert.ok(Math.abs(value - truth.squares[i]) <= 1e-12 * value));
      assert.ok(pauses >= 4);
    });
  });
});
