import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { createRandom, networkLoss, sharpness, trainClassifier, type Vector } from "../../../mod.ts";
import { eigenvaluesOf, spirals } from "./data.ts";

const { X, labels } = spirals(120, 3, 1);
const trained = await trainClassifier(X, labels, { hidden: [10], epochs: 40 });

/** The Hessian of the loss at the trained parameters, column by column. */
async function hessian(): Promise<number[][]> {
  const { scaling } = trained.model;
  const own = { ...X, data: X.data.map((value, at) => (value - scaling.means[at % 2]) / scaling.scales[at % 2]) };
  const model = await networkLoss(own, labels, { loss: "softmax", hidden: [10] });
  const columns: number[][] = [];
  for (let k = 0; k < model.size; k++) {
    const unit = new Float64Array(model.size), out = new Float64Array(model.size);
    unit[k] = 1;
    await model.product(trained.parameters, unit, out);
    columns.push([...out]);
  }
  model.release();
  return columns;
}

describe("sharpness", () => {
  it("finds the eigenvalues and the trace of the Hessian", async () => {
    const exact = eigenvaluesOf(await hessian()), trace = exact.reduce((a, b) => a + b, 0);
    const flat = await sharpness(trained, { lanczosSteps: 80, probes: 200, tolerance: 1e-9 });
    assert.equal(flat.status, "converged");
    assert.ok(Math.abs(flat.largestEigenvalue / exact[0] - 1) < 1e-9, `${flat.largestEigenvalue}, exact ${exact[0]}`);
    assert.ok(flat.smallestEigenvalue >= exact.at(-1)! - 1e-9);
    assert.ok(
      Math.abs(flat.trace - trace) <= 4 * flat.traceStandardError,
      `${flat.trace} +- ${flat.traceStandardError}`,
    );
    assert.equal(flat.objective, trained.objective);
    const density = await sharpness(trained, { lanczosSteps: 30, densityProbes: 25, probes: 0, tolerance: 0 });
    const mass = density.density.weights.reduce((a, b) => a + b, 0);
    const mean = density.density.nodes.reduce((sum, node, i) => sum + node * density.density.weights[i], 0);
    assert.ok(Math.abs(mass - 1) < 1e-9);
    assert.ok(Math.abs(mean - trace / 63) < 0.3 * trace / 63, `${mean}, exact ${trace / 63}`);
    assert.ok(Number.isNaN(density.trace));
  });

  it("climbs as far as a quadratic rises, and never beyond", async () => {
    const curvatures = [5, 2, 1, -1],
      gradient = (w: Vector, _: unknown, out: Vector) => {
        curvatures.forEach((curvature, k) => out[k] = curvature * w[k]);
        return curvatures.reduce((sum, curvature, k) => sum + curvature * w[k] ** 2 / 2, 0);
      };
    const { rhoSharpness, largestEigenvalue, smallestEigenvalue, status, gradientNorm } = await sharpness(
      { gradient, parameters: new Float64Array(4) },
      { rho: 0.3 },
    );
    assert.ok(Math.abs(rhoSharpness - 5 * 0.09 / 2) < 1e-6, `${rhoSharpness}`);
    assert.ok(Math.abs(largestEigenvalue - 5) < 1e-8 && Math.abs(smallestEigenvalue + 1) < 1e-8);
    assert.equal(status, "converged");
    assert.equal(gradientNorm, 0);
  });

  it("sees the Hessian of f32 parameters through differences, with the step for them", async () => {
    const random = createRandom(1), A = Array.from({ length: 6 }, () => Array.from({ length: 6 }, random.normal));
    const H = A.map((_, i) => A.map((_, j) => A.reduce((sum, row) => sum + row[i] * row[j], 0)));
    const gradient = (w: Vector, _: unknown, out: Vector) => {
      out.set(H.map((row) => row.reduce((sum, value, k) => sum + value * w[k], 0)));
      return Array.from(out).reduce((sum, value, k) => sum + value * w[k] / 2, 0);
    };
    const { largestEigenvalue } = await sharpness({ gradient, parameters: new Float32Array(6).fill(1) });
    assert.ok(Math.abs(largestEigenvalue / eigenvaluesOf(H)[0] - 1) < 1e-4);
  });

  it("takes other samples than those of the training, and the same ones to the same answer", async () => {
    const same = await sharpness({ classifier: trained, X, labels }), own = await sharpness(trained);
    assert.equal(same.largestEigenvalue, own.largestEigenvalue);
    const other = spirals(50, 3, 9),
      elsewhere = await sharpness({ classifier: trained, X: other.X, labels: other.labels });
    assert.notEqual(elsewhere.largestEigenvalue, own.largestEigenvalue);
  });

  it("slices the loss in the plane of its two sharpest directions", async () => {
    const gradient = (w: ArrayLike<number>, _: unknown, out: Vector) => {
      out.set([1 * w[0], 8 * w[1], 4 * w[2]]);
      return w[0] ** 2 / 2 + 4 * w[1] ** 2 + 2 * w[2] ** 2;
    };
    const parameters = Float64Array.of(3, 0, 0), options = { slicePoints: 5, sliceReach: 2, probes: 0 };
    const { distances, losses } = (await sharpness({ gradient, parameters }, options)).slice!;
    assert.deepEqual([...distances], [-2, -1, 0, 1, 2]);
    distances.forEach((down, row) =>
      distances.forEach((across, column) => {
        const truth = 4.5 + 4 * across ** 2 + 2 * down ** 2, loss = losses.data[row * 5 + column];
        assert.ok(Math.abs(loss - truth) < 1e-6, `${loss} at ${down}, ${across}, expected ${truth}`);
      })
    );
    const one = (w: ArrayLike<number>, _: unknown, out: Vector) => (out[0] = 2 * w[0], w[0] ** 2);
    const single = await sharpness({ gradient: one, parameters: Float64Array.of(1) }, { ...options, slicePoints: 3 });
    assert.deepEqual(single.slice!.losses.shape, [1, 3]);
    const { slice, objective } = await sharpness(trained, { slicePoints: 3, sliceReach: 0.5 });
    assert.ok(Math.abs(slice!.losses.data[4] - objective) < 1e-12);
    assert.ok(slice!.losses.data[3] > objective && slice!.losses.data[5] > objective);
    assert.equal((await sharpness(trained, { probes: 0 })).slice, undefined);
  });

  it("keeps to its limits, and refuses what it cannot use", async () => {
    const limited = await sharpness(trained, { timeLimitMs: 0, lanczosSteps: 100 });
    assert.equal(limited.status, "time-limit");
    assert.ok(Number.isFinite(limited.largestEigenvalue) && Number.isNaN(limited.trace));
    const refuses = (target: unknown, message: RegExp, options = {}) =>
      assert.rejects(sharpness(target as never, options), { message });
    await refuses(undefined, /"target"/);
    await refuses({}, /"target"/);
    await refuses({ gradient: 1, parameters: new Float64Array(1) }, /"target\.gradient"/);
    await refuses({ gradient: () => 1, parameters: [1] }, /"target\.parameters"/);
    await refuses({ gradient: () => NaN, parameters: new Float64Array(1) }, /"gradient" gave NaN/);
    await refuses({ classifier: trained, X, labels: labels.map(() => 3) }, /"labels" is 3 at 0/);
    await refuses(trained, /"probe"/, { probe: 1 });
    const controller = new AbortController();
    controller.abort(new Error("enough"));
    await refuses(trained, /enough/, { signal: controller.signal });
  });
});
