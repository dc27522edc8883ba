import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as jax from "@jax-js/jax";
import { networkLoss, sam, type Vector } from "../../../mod.ts";
import { spirals } from "./data.ts";

const { X, labels } = spirals(60, 3, 1), hidden = 8;
const model = await networkLoss(X, labels, { loss: "softmax", hidden: [hidden] });
const { numpy: np } = jax;
await jax.init("cpu");
jax.defaultDevice("cpu");

/** Where each tensor begins: weights and biases of two layers. */
const begins = [0, 2 * hidden, 3 * hidden, 6 * hidden, 6 * hidden + 3];

/** Mean cross-entropy of a perceptron; operations consume their operands, and `ref` keeps one. */
function meanLoss(w1: jax.Array, b1: jax.Array, w2: jax.Array, b2: jax.Array, x: jax.Array, oneHot: jax.Array) {
  const scores = np.dot(np.tanh(np.dot(x, w1).add(b1)), w2).add(b2);
  return np.mean(np.sum(jax.nn.logSoftmax(scores, 1).mul(oneHot), 1)).neg();
}

const withGradients = jax.valueAndGrad(meanLoss, { argnums: [0, 1, 2, 3] });

/** The gradient over some samples by automatic differentiation. */
async function byAutodiff(parameters: Vector, batch: Uint32Array | null, out: Vector): Promise<number> {
  const samples = batch ?? Uint32Array.from(labels.keys());
  const tensor = (values: ArrayLike<number>, rows: number, columns: number) =>
    np.array(Float32Array.from(values), { dtype: np.float32 }).reshape(rows === 0 ? [columns] : [rows, columns]);
  const part = (i: number) => parameters.subarray(begins[i], begins[i + 1]);
  const x = Array.from(samples, (i) => [X.data[2 * i], X.data[2 * i + 1]]).flat();
  const oneHot = Array.from(samples, (i) => [0, 1, 2].map((label) => Number(label === labels[i]))).flat();
  const [loss, gradients] = withGradients(
    tensor(part(0), 2, hidden),
    tensor(part(1), 0, hidden),
    tensor(part(2), hidden, 3),
    tensor(part(3), 0, 3),
    tensor(x, samples.length, 2),
    tensor(oneHot, samples.length, 3),
  );
  for (const [i, gradient] of gradients.entries()) out.set(await gradient.data(), begins[i]);
  return (await loss.data())[0];
}

describe("sam over a library of automatic differentiation", () => {
  it("has the gradients of our own networks", async () => {
    const w = model.initial(3), ours = new Float64Array(model.size), theirs = new Float64Array(model.size);
    const batch = Uint32Array.of(0, 7, 21, 40), loss = await model.gradient(w, batch, ours);
    assert.ok(Math.abs(await byAutodiff(w, batch, theirs) - loss) < 1e-6);
    ours.forEach((value, k) => assert.ok(Math.abs(value - theirs[k]) < 1e-6, `${k}: ${theirs[k]}, ours ${value}`));
  });

  it("takes the steps that our own gradients give", async () => {
    const batches = Array.from({ length: 4 }, (_, j) => Uint32Array.from({ length: 15 }, (_, i) => 4 * i + j));
    const train = async (gradient: Parameters<typeof sam>[0]["gradient"], rho: number, epochs: number) => {
      const w = Float64Array.from(model.initial(3)), optimizer = sam({ gradient, rho, microBatches: 3 });
      for (let epoch = 0; epoch < epochs; epoch++) for (const batch of batches) await optimizer.step(w, batch);
      optimizer.release();
      return w;
    };
    const theirs = await train(byAutodiff, 0.1, 2), ours = await train(model.gradient, 0.1, 2);
    theirs.forEach((value, k) => assert.ok(Math.abs(value - ours[k]) < 1e-4, `${k}: ${value}, ours ${ours[k]}`));
  });
});
