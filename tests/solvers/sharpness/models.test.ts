import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  createRandom,
  fromRows,
  kernelRidge,
  type LossModel,
  memoryUsage,
  networkLoss,
  sam,
  sharpness,
} from "../../../mod.ts";
import { eigenvaluesOf, spirals } from "./data.ts";

/** Gradients against central differences of the loss; products against differences of gradients, and symmetric. */
async function checkDerivatives(model: LossModel, batch: Uint32Array | null, what: string): Promise<void> {
  const random = createRandom(7), w = Float64Array.from(model.initial(1), (value) => value + 0.3 * random.normal());
  const { size } = model, g = new Float64Array(size), spare = new Float64Array(size);
  const near = (one: number, other: number, part: string, tolerance = 1e-7) =>
    assert.ok(Math.abs(one - other) <= tolerance * (1 + Math.abs(other)), `${what}, ${part}: ${one} and ${other}`);
  await model.gradient(w, batch, g);
  for (let k = 0; k < size; k += 1 + (size >> 4)) {
    const at = async (step: number) => {
      const moved = w.slice();
      moved[k] += step;
      return await model.gradient(moved, batch, spare);
    };
    near((await at(1e-5) - await at(-1e-5)) / 2e-5, g[k], `gradient ${k}`);
  }
  const [u, v] = [0, 1].map(() => Float64Array.from({ length: size }, random.normal));
  const hu = new Float64Array(size), hv = new Float64Array(size);
  await model.product(w, u, hu);
  await model.product(w, v, hv);
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, k) => sum + value * b[k], 0);
  near(dot(v, hu), dot(u, hv), "symmetry", 1e-12);
  const above = new Float64Array(size), below = new Float64Array(size);
  await model.gradient(w.map((value, k) => value + 1e-6 * u[k]), null, above);
  await model.gradient(w.map((value, k) => value - 1e-6 * u[k]), null, below);
  hu.forEach((value, k) => near((above[k] - below[k]) / 2e-6, value, `product ${k}`, 1e-6));
}

describe("networkLoss", () => {
  const { X, labels } = spirals(150, 3, 1), binary = labels.map((label) => label % 2);
  for (const loss of ["softmax", "logistic", "least-squares"] as const) {
    for (const hidden of [[], [5], [4, 3]]) {
      it(`has the derivatives of ${loss} with ${hidden.length} hidden layers`, async () => {
        const model = await networkLoss(X, loss === "softmax" ? labels : binary, { loss, hidden });
        await checkDerivatives(model, Uint32Array.of(3, 5, 3, 149), `${loss} [${hidden}]`);
        await checkDerivatives(model, null, `${loss} [${hidden}], all`);
        model.release();
      });
    }
  }

  it("has the derivatives of a convolution", async () => {
    const random = createRandom(2),
      images = Array.from({ length: 10 }, () => Array.from({ length: 24 }, random.normal));
    const options = { loss: "softmax", convolution: { shape: [4, 3, 2], channels: [3] }, hidden: [4] } as const;
    const model = await networkLoss(fromRows(images), [0, 1, 2, 0, 1, 2, 0, 1, 2, 0], options);
    await checkDerivatives(model, Uint32Array.of(1, 2, 9), "convolution");
    model.release();
  });

  it("is minimised by sam, and knows where it is flat", async () => {
    const model = await networkLoss(X, binary, { loss: "logistic", hidden: [8] }),
      w = model.initial();
    const optimizer = sam({
      gradient: model.gradient,
      rho: 0.05,
      base: { learningRate: 0.3 },
      segments: model.segments,
    });
    const first = await optimizer.step(w, null);
    let last = first;
    for (let step = 0; step < 60; step++) last = await optimizer.step(w, null);
    optimizer.release();
    assert.ok(last.loss < 0.8 * first.loss, `${first.loss}, then ${last.loss}`);
    const exact = await sharpness({ ...model, parameters: w }), { gradient } = model;
    const differences = await sharpness({ gradient, parameters: w });
    const apart = Math.abs(exact.largestEigenvalue - differences.largestEigenvalue);
    assert.ok(apart < 1e-6 * exact.largestEigenvalue, `${exact.largestEigenvalue}, ${differences.largestEigenvalue}`);
    model.release();
  });

  it("refuses what it cannot use, and frees its memory", async () => {
    const before = memoryUsage().used;
    const refuses = (promise: Promise<unknown>, message: RegExp) => assert.rejects(promise, { message });
    await refuses(networkLoss(X, [1], { loss: "softmax" }), /"targets" has 1 element,/);
    await refuses(networkLoss(X, labels, { loss: "logistic" }), /"targets" is 2 at 2/);
    await refuses(networkLoss(X, new Float64Array(150).fill(0.5), { loss: "softmax" }), /"targets" is 0\.5 at 0/);
    await refuses(networkLoss(X, new Float64Array(150), {} as never), /"loss"/);
    await refuses(networkLoss(X, new Float64Array(150), { loss: "softmax", hidden: [2.5] }), /hidden\[0\]/);
    const model = await networkLoss(X, new Float64Array(150), { loss: "least-squares" });
    await refuses(model.gradient(new Float64Array(2), null, new Float64Array(3)), /"parameters" has 2/);
    await refuses(model.gradient(new Float64Array(3), Uint32Array.of(150), new Float64Array(3)), /sample 150/);
    model.release();
    await refuses(model.gradient(new Float64Array(3), null, new Float64Array(3)), /released/);
    await Promise.resolve();
    assert.ok(before === 0 || memoryUsage().used <= before);
  });
});

describe("kernelRidge", () => {
  it("has its derivatives, its minimum, and eigenvalues of K^2 / n + ridge K", async () => {
    const random = createRandom(3), points = Array.from({ length: 12 }, random.normal), ridge = 0.01;
    const rows = points.map((a) => points.map((b) => Math.exp(-((a - b) ** 2))));
    const model = await kernelRidge(fromRows(rows), points.map(Math.sin), { ridge });
    await checkDerivatives(model, null, "kernel ridge");
    const hessian = rows.map((row, i) =>
      row.map((value, j) => rows[i].reduce((sum, k, l) => sum + k * rows[l][j] / 12, ridge * value))
    );
    const eigenvalues = eigenvaluesOf(hessian), flat = await sharpness({ ...model, parameters: new Float64Array(12) });
    model.release();
    assert.ok(Math.abs(flat.largestEigenvalue / eigenvalues[0] - 1) < 1e-9);
    const trace = eigenvalues.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(flat.trace - trace) <= 4 * flat.traceStandardError, `${flat.trace}, in truth ${trace}`);
    await assert.rejects(kernelRidge(fromRows([[1, 2], [3, 1]]), [1, 1]), /"kernel" is 3 at \(1, 0\)/);
    await assert.rejects(kernelRidge(fromRows([[1, 2]]), [1]), /square/);
  });
});
