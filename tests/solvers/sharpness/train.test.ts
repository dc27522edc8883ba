import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  capabilities,
  classifierOf,
  createRandom,
  matrix,
  memoryUsage,
  networkLoss,
  sam,
  sharpness,
  trainClassifier,
  type TrainClassifierCall,
} from "../../../mod.ts";
import { bars, meanCrossEntropy, spirals } from "./data.ts";

const { threadsReason = false } = await capabilities();
const { X, labels } = spirals(300, 3, 1), fresh = spirals(300, 3, 2);
const base: TrainClassifierCall = {
  hidden: [24],
  epochs: 60,
  batchSize: 32,
  optimizer: { rho: 0.05, microBatches: 4 },
};

describe("trainClassifier", () => {
  it("learns what no linear model does, and says its loss as it is", async () => {
    const trained = await trainClassifier(X, labels, base),
      linear = await trainClassifier(X, labels, { ...base, hidden: [] });
    assert.ok(await trained.accuracy(fresh.X, fresh.labels) > 0.93, `${await trained.accuracy(fresh.X, fresh.labels)}`);
    assert.ok(await linear.accuracy(fresh.X, fresh.labels) < 0.8);
    const truth = meanCrossEntropy(trained, { X, labels });
    assert.ok(Math.abs(trained.objective - truth) < 1e-12, `${trained.objective}, in truth ${truth}`);
    assert.equal(trained.status, "iteration-limit");
    assert.equal(trained.trace.length, 60);
    assert.ok(trained.trace[59] < trained.trace[0] / 3);
    assert.equal(trained.steps, 60 * Math.ceil(300 / 32));
    assert.equal(trained.skippedSteps, 0);
  });

  it("gives probabilities whose largest is what it predicts, and is the same from its model", async () => {
    const trained = await trainClassifier(X, labels, { ...base, epochs: 5 });
    const shares = await trained.probabilities(X), predicted = await trained.predict(X);
    for (let i = 0; i < 300; i++) {
      const row = shares.data.subarray(3 * i, 3 * i + 3);
      assert.ok(Math.abs(row[0] + row[1] + row[2] - 1) < 1e-12);
      assert.equal(Math.max(...row), row[predicted[i]]);
    }
    const again = classifierOf(structuredClone(trained.model));
    assert.deepEqual(await again.probabilities(X), shares);
    assert.deepEqual((await again.predict(matrix(0, 2))).length, 0);
  });

  it("takes the same steps as sam over its network's gradient", async () => {
    const options = { rho: 0.1, microBatches: 3, base: { learningRate: 0.1, momentum: 0.9 } } as const;
    const settings = {
      hidden: [6],
      epochs: 4,
      batchSize: 300,
      standardize: false,
      optimizer: options,
      seed: 3,
    } as const;
    const trained = await trainClassifier(X, labels, settings);
    const model = await networkLoss(X, labels, { loss: "softmax", hidden: [6] });
    const optimizer = sam({ gradient: model.gradient, ...options }), w = model.initial(3);
    // The order of the epochs, from the seed.
    const random = createRandom(3);
    const order = Uint32Array.from({ length: 300 }, (_, i) => i);
    for (let epoch = 0; epoch < 4; epoch++) {
      for (let i = 299; i > 0; i--) {
        const j = random.integer(i + 1);
        [order[i], order[j]] = [order[j], order[i]];
      }
      await optimizer.step(w, order);
    }
    optimizer.release();
    model.release();
    assert.deepEqual(trained.parameters, w);
  });

  it("has the same bits on any number of threads, in f32 and f64", { skip: threadsReason }, async () => {
    for (const dtype of ["f32", "f64"] as const) {
      const data = spirals(200, 3, 4, dtype);
      for (const microBatches of [1, 5, 16]) {
        const solve = (options: TrainClassifierCall) =>
          trainClassifier(data.X, data.labels, { ...base, epochs: 3, optimizer: { microBatches }, ...options });
        const one = await solve({ backend: "wasm" });
        for (const threads of [2, 3, 4, 8]) {
          const many = await solve({ backend: "threads", threads });
          assert.deepEqual(
            many.parameters,
            one.parameters,
            `${dtype}, ${microBatches} micro-batches, ${threads} threads`,
          );
        }
      }
    }
  });

  it("learns images by convolutions", async () => {
    const train = bars(200, 8, 1), test = bars(200, 8, 2);
    const options = {
      hidden: [],
      epochs: 25,
      batchSize: 20,
      optimizer: { rho: 0.05, base: { learningRate: 0.05 } },
    } as const;
    const convolution = { shape: [8, 8, 1], channels: [6, 8] };
    const trained = await trainClassifier(train.X, train.labels, { ...options, convolution, activation: "relu" });
    const accuracy = await trained.accuracy(test.X, test.labels);
    assert.ok(accuracy > 0.9, `${accuracy}`);
    assert.deepEqual([...trained.tensors().keys()].slice(0, 2), ["layers.0.weight", "layers.0.bias"]);
    assert.deepEqual(trained.tensors().get("layers.1.weight")!.shape, [3, 3, 6, 8]);
  });

  it("stops early, and returns the parameters that were best on what was held out", async () => {
    const noisy = spirals(240, 3, 5), flipped = noisy.labels.map((label, i) => i % 3 === 0 ? (i / 3) % 3 : label);
    const options = { hidden: [64], epochs: 400, validation: 0.25, patience: 8, optimizer: { rho: 0 } } as const;
    const trained = await trainClassifier(noisy.X, flipped, options), { losses, accuracies } = trained.validation;
    assert.equal(trained.status, "converged");
    assert.equal(losses.length, trained.bestEpoch + 8);
    assert.equal(losses.indexOf(Math.min(...losses)) + 1, trained.bestEpoch);
    assert.ok(accuracies.every((value) => value >= 0 && value <= 1));
    const held = trained.validation.samples, told = await trained.predict(noisy.X);
    const right = held.filter((sample) => told[sample] === flipped[sample]).length;
    assert.equal(right / held.length, accuracies[trained.bestEpoch - 1]);
    const other = await trainClassifier(noisy.X, flipped, {
      ...options,
      epochs: trained.bestEpoch,
      patience: Infinity,
    });
    assert.deepEqual(other.parameters, trained.parameters);
  });

  it("minds classes by their weights", async () => {
    const few = spirals(300, 2, 6),
      kept = Uint32Array.from(few.labels.keys()).filter((i) => few.labels[i] === 0 || i % 20 === 1);
    const data = Float64Array.from([...kept].flatMap((i) => [few.X.data[2 * i], few.X.data[2 * i + 1]]));
    const own = kept.map((i) => few.labels[i]), rare = matrix(kept.length, 2, data);
    const options = { hidden: [], epochs: 30, optimizer: { rho: 0.01 } } as const;
    const plain = await trainClassifier(rare, own, options);
    const weighted = await trainClassifier(rare, own, { ...options, classWeights: [1, 20] });
    const share = async (trained: typeof plain) =>
      (await trained.predict(few.X)).reduce((sum, label) => sum + label, 0);
    assert.ok(await share(weighted) > await share(plain) + 50);
  });

  it("is indifferent to the scale and place of features, and bears constant and collinear ones", async () => {
    const wild = matrix(300, 5);
    for (let i = 0; i < 300; i++) {
      const [x, y] = [X.data[2 * i], X.data[2 * i + 1]];
      wild.data.set([x * 2 ** 30 + 2 ** 40, y / 2 ** 30, 7, y / 2 ** 30, 0], 5 * i);
    }
    const trained = await trainClassifier(wild, labels, base);
    assert.ok(await trained.accuracy(wild, labels) > 0.9);
    const shifted = matrix(300, 2, X.data.map((value) => 4 * value));
    const one = await trainClassifier(X, labels, { ...base, epochs: 5 });
    const other = await trainClassifier(shifted, labels, { ...base, epochs: 5 });
    one.parameters.forEach((value, k) => assert.ok(Math.abs(value - other.parameters[k]) < 1e-9));
  });

  it("learns nothing from noise that it could tell elsewhere", async () => {
    const noise = labels.map((_, i) => (i * 7919 >> 3) % 3);
    const trained = await trainClassifier(X, noise, { ...base, epochs: 20, validation: 0.3 });
    const [best] = [...trained.validation.accuracies].sort((a, b) => b - a);
    assert.ok(best < 0.6, `${best}`);
  });

  it("ends at limits with what it has, aborts, and leaves no memory behind", async () => {
    const { used } = memoryUsage();
    const begun = performance.now();
    const limited = await trainClassifier(X, labels, { ...base, epochs: 1e6, timeLimitMs: 60 });
    assert.equal(limited.status, "time-limit");
    assert.ok(performance.now() - begun < 2000 && limited.parameters.every(Number.isFinite));
    const none = await trainClassifier(X, labels, { ...base, timeLimitMs: 0, validation: 0.2 });
    assert.equal(none.status, "time-limit");
    const controller = new AbortController();
    const aborted = trainClassifier(X, labels, { ...base, epochs: 1e6, signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 30);
    await assert.rejects(aborted, /enough/);
    assert.ok(used === 0 || memoryUsage().used <= used, `${memoryUsage().used} after ${used}`);
  });

  it("does not go beyond its limit for a certificate that takes long", { timeout: 20_000 }, async () => {
    const many = matrix(40_000, 20, Float32Array.from({ length: 800_000 }, createRandom(1).normal));
    const classes = Uint32Array.from({ length: 40_000 }, (_, i) => i % 3);
    const trained = await trainClassifier(many, classes, { hidden: [1024, 1024], batchSize: 8, timeLimitMs: 1 });
    assert.equal(trained.status, "time-limit");
    assert.ok(Math.abs(trained.objective - Math.log(3)) < 2, `${trained.objective}`);
  });

  it("says that it has diverged", async () => {
    const big = matrix(300, 2, X.data.map((value) => value * 1e14));
    const options = {
      ...base,
      standardize: false,
      activation: "relu",
      optimizer: { rho: 0, base: { learningRate: 1e10 } },
    } as const;
    const trained = await trainClassifier(matrix(300, 2, Float32Array.from(big.data)), labels, options);
    assert.ok(trained.skippedSteps > 0 && trained.parameters.every(Number.isFinite));
    assert.equal(trained.status, "precision-limit");
  });

  it("keeps the last parameters that are numbers where an update leaves their range", async () => {
    const optimizer = { rho: 0, base: { learningRate: 1e10, momentum: 0, weightDecay: 1e6 } } as const;
    const trained = await trainClassifier(X, labels, { hidden: [], epochs: 30, optimizer });
    assert.equal(trained.status, "precision-limit");
    assert.ok(trained.parameters.every(Number.isFinite));
  });

  it("refuses what it cannot use, and says what that is", async () => {
    const refuses = (promise: Promise<unknown>, message: RegExp) => assert.rejects(promise, { message });
    await refuses(trainClassifier(matrix(0, 2), []), /"X" is 0 x 2/);
    await refuses(trainClassifier(X, [0]), /"labels" has 1 element,/);
    await refuses(trainClassifier(X, labels, { classes: 2 }), /class 2, but there are 2/);
    await refuses(trainClassifier(X, [...labels].map((label) => label - 1)), /"labels" is -1 at 0/);
    await refuses(trainClassifier(X, labels, { hidden: [0] }), /hidden\[0\]/);
    await refuses(trainClassifier(X, labels, { hiden: [1] } as never), /"hiden".*"hidden"/);
    await refuses(trainClassifier(X, labels, { classWeights: [1] }), /"classWeights" has 1/);
    await refuses(
      trainClassifier(X, labels, { convolution: { shape: [2, 2, 1], channels: [3] } }),
      /convolution\.shape/,
    );
    await refuses(trainClassifier(X, labels, { optimizer: { rho: -1 } }), /"optimizer\.rho"/);
    await refuses(trainClassifier(X, labels, { validation: 0.95 }), /"validation"/);
    await refuses(
      trainClassifier(matrix(3, 1, Float64Array.of(1, 2, 3)), [0, 1, 2], { validation: 0.1 }),
      /"validation"/,
    );
    const trained = await trainClassifier(X, labels, { epochs: 1, optimizer: { adaptive: false } });
    await refuses(trained.predict(matrix(1, 3)), /"X" has 3 columns/);
    await refuses(trained.accuracy(X, [1]), /"labels" has 1/);
    const { model } = trained;
    assert.throws(() => classifierOf({ ...model, parameters: new Float64Array(3) }), /"parameters"/);
    const networks: [object, RegExp][] = [
      [{ features: undefined }, /"network\.features" of a classifier is missing/],
      [{ outputs: 1e9 }, /"network\.outputs": expected a whole number from 1 to 65536/],
      [{ activation: "sine" }, /"network\.activation": expected "tanh" or "relu"/],
      [{ hidden: [1.5] }, /"network\.hidden\[0\]": expected a whole number/],
      [{ hidden: "a" }, /"network\.hidden": expected an array/],
      [{ convolution: { shape: [2, 2, 3], channels: [1] } }, /"convolution\.shape"/],
    ];
    for (const [wrong, message] of networks) {
      assert.throws(() => classifierOf({ ...model, network: { ...model.network, ...wrong } }), message);
    }
  });

  it("finds flatter minima with rho, and flatter ones still with micro-batches", async () => {
    const measures: number[][] = [];
    for (const optimizer of [{ rho: 0 }, { rho: 0.2 }, { rho: 0.2, microBatches: 16 }]) {
      const sums = [0, 0];
      for (const seed of [1, 2]) {
        const trained = await trainClassifier(X, labels, { ...base, hidden: [16], epochs: 100, optimizer, seed });
        const { largestEigenvalue, trace } = await sharpness(trained, { ascentSteps: 0 });
        sums[0] += largestEigenvalue;
        sums[1] += trace;
      }
      measures.push(sums);
    }
    for (const k of [0, 1]) {
      assert.ok(measures[0][k] > measures[1][k] && measures[1][k] > measures[2][k], `${measures}`);
    }
  });
});
