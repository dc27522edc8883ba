import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  averagePrecision,
  createRandom,
  DataError,
  fromRows,
  labelError,
  type Matrix,
  matrix,
  OptionError,
  parseArff,
  ShapeError,
  transduce,
} from "../../../mod.ts";
import { needsData, readData } from "../../support/data.ts";
import { partlyLabelled } from "./labelled.ts";

const methods = ["equality", "margin", "soft"] as const;
const place = { backend: "wasm" } as const;

/** Ridge regression of each label on features with zeros for what is missing, both centred. */
function ridgeOnZeros({ features, labels }: { features: Matrix; labels: Matrix }, ridge: number): Matrix {
  const [items, width] = features.shape, count = labels.shape[1], scores = matrix(items, count);
  const x = features.data.map((value) => Number.isNaN(value) ? 0 : value);
  for (let l = 0; l < count; l++) {
    const known = Array.from({ length: items }, (_, i) => i).filter((i) => !Number.isNaN(labels.data[i * count + l]));
    const mean = known.reduce((sum, i) => sum + labels.data[i * count + l], 0) / Math.max(1, known.length);
    const form = Array.from({ length: width }, (_, a) => {
      const row = new Float64Array(width + 1);
      for (const i of known) {
        for (let b = 0; b < width; b++) row[b] += x[i * width + a] * x[i * width + b];
        row[width] += x[i * width + a] * (labels.data[i * count + l] - mean);
      }
      row[a] += ridge;
      return row;
    });
    for (let a = 0; a < width; a++) {
      for (let r = 0; r < width; r++) {
        if (r === a) continue;
        const factor = form[r][a] / form[a][a];
        for (let c = a; c <= width; c++) form[r][c] -= factor * form[a][c];
      }
    }
    for (let i = 0; i < items; i++) {
      let score = mean;
      for (let a = 0; a < width; a++) score += x[i * width + a] * form[a][width] / form[a][a];
      scores.data[i * count + l] = score;
    }
  }
  return scores;
}

describe("transduce", () => {
  for (const [block, rate] of [[false, 0.2], [true, 0.4]] as const) {
    it(`beats ridge regression on zeros by every method, ${block ? "in blocks" : "at random"}`, async () => {
      const data = partlyLabelled({ items: 200, features: 20, labels: 10, rank: 2, rate, block, noise: 0.1, seed: 1 });
      const ridge = labelError(ridgeOnZeros(data, 10), data.hidden);
      for (const method of methods) {
        const { scores, status, labels } = await transduce(data, { method, ...place });
        const error = labelError(scores, data.hidden);
        assert.equal(status, "converged");
        assert.ok(error < ridge && error < 0.2, `${method}: ${error}, ridge ${ridge}`);
        assert.ok(averagePrecision(scores, data.hidden) > 0.8);
        data.labels.data.forEach((value, at) => Number.isNaN(value) || assert.equal(labels[at], value));
      }
    });
  }

  it("says what is likely: labels of calibrated probability p are positive about as often", async () => {
    const data = partlyLabelled({
      items: 300,
      features: 20,
      labels: 8,
      rank: 3,
      rate: 0.4,
      block: false,
      noise: 1,
      seed: 5,
    });
    const { probabilities, calibration } = await transduce(data);
    assert.ok(calibration!.count > 50 && calibration!.slope > 0);
    for (const [from, to] of [[0, 0.25], [0.25, 0.5], [0.5, 0.75], [0.75, 1]]) {
      let count = 0, positive = 0, expected = 0;
      data.hidden.data.forEach((truth, at) => {
        const p = probabilities!.data[at];
        if (Number.isNaN(truth) || p < from || p >= to) return;
        count++;
        expected += p;
        if (truth > 0) positive++;
      });
      assert.ok(
        count > 50 && Math.abs(positive - expected) / count < 0.1,
        `${from}: ${positive / count}, ${expected / count}`,
      );
    }
  });

  it("learns nothing from labels that were shuffled", async () => {
    const data = partlyLabelled({
      items: 200,
      features: 15,
      labels: 5,
      rank: 2,
      rate: 0.5,
      block: false,
      noise: 0.1,
      seed: 6,
    });
    const random = createRandom(9),
      truth = data.hidden.data.map((value, at) => Number.isNaN(value) ? data.labels.data[at] : value);
    for (let at = truth.length - 1; at > 0; at--) {
      const other = random.integer(at + 1);
      [truth[at], truth[other]] = [truth[other], truth[at]];
    }
    const seen = (at: number) => !Number.isNaN(data.labels.data[at]);
    const labels = matrix(200, 5, truth.map((value, at) => seen(at) ? value : NaN));
    const hidden = matrix(200, 5, truth.map((value, at) => seen(at) ? NaN : value));
    const { scores } = await transduce({ features: data.features, labels });
    assert.ok(Math.abs(labelError(scores, hidden) - 0.5) < 0.08, `${labelError(scores, hidden)}`);
  });

  it("keeps what was observed, and the margin, and decreases the smoothed rank at each width", async () => {
    const data = partlyLabelled({
      items: 60,
      features: 8,
      labels: 3,
      rank: 2,
      rate: 0.6,
      block: false,
      noise: 0.2,
      seed: 7,
    });
    for (const method of ["equality", "margin"] as const) {
      const options = { method, innerIterations: 30, leastWidth: 0.4, holdout: 0, widthDecay: 0.5, ...place };
      const { features, scores, trace } = await transduce(data, options);
      data.features.data.forEach((value, at) => Number.isNaN(value) || assert.equal(features.data[at], value));
      data.labels.data.forEach((value, at) => {
        if (Number.isNaN(value)) return;
        const margin = value * scores.data[at];
        assert.ok(method === "margin" ? margin >= 1 - 1e-9 : Math.abs(margin - 1) <= 1e-9, `${method}: ${margin}`);
      });
      // The trace has the value before each step; widths change every 30.
      trace.forEach((value, k) =>
        k % 30 === 0 || assert.ok(value <= trace[k - 1] * (1 + 1e-12), `${method}, step ${k}`)
      );
    }
  });

  it("does not depend on the units of the features, nor on the order of items", async () => {
    const data = partlyLabelled({
      items: 50,
      features: 8,
      labels: 3,
      rank: 2,
      rate: 0.7,
      block: false,
      noise: 0.2,
      seed: 8,
    });
    const options = { leastWidth: 0.3, holdout: 0, ...place }, { scores } = await transduce(data, options);
    const scaled = matrix(
      50,
      8,
      data.features.data.map((value, at) => [1e-8, 1e8, 1, -3][at % 4] * value + [0, 1e8, 5, 0][at % 4]),
    );
    const other = await transduce({ ...data, features: scaled }, options);
    other.scores.data.forEach((value, at) => assert.ok(Math.abs(value - scores.data[at]) < 1e-5, `score ${at}`));
    const reversed = (m: Matrix) =>
      matrix(
        ...m.shape,
        Float64Array.from(m.data, (_, at) => m.data[(49 - Math.floor(at / m.shape[1])) * m.shape[1] + at % m.shape[1]]),
      );
    const back = await transduce({ features: reversed(data.features), labels: reversed(data.labels) }, options);
    reversed(back.scores).data.forEach((value, at) =>
      assert.ok(Math.abs(value - scores.data[at]) < 1e-8, `score ${at}`)
    );
  });

  it("takes fewer items than columns, constant and empty columns, and items without anything, and says so", async () => {
    const nothing = [NaN, NaN, NaN, NaN, NaN, NaN];
    const features = fromRows([[1, 2, 5, NaN, 1e8, 1], [2, 4, 5, NaN, 2e8, 2], [-1, -2, 5, NaN, -1e8, NaN], nothing]);
    const labels = fromRows([[1, NaN], [1, NaN], [-1, NaN], [NaN, NaN]]);
    for (const method of methods) {
      const { scores, remarks, features: filled } = await transduce({ features, labels }, { method });
      assert.ok([...scores.data, ...filled.data].every(Number.isFinite));
      assert.match(remarks.join(" "), /item 3: .*feature 3: .*label 1: .*calibrate/);
    }
  });

  it("takes no width from features that are constant, whatever their value, and calibrates probabilities", async () => {
    const random = createRandom(4), items = 80, count = 6;
    const [a, b] = [items, count].map((length) => Array.from({ length }, random.normal));
    const labels = matrix(items, count), hidden: [at: number, label: number][] = [];
    for (let at = 0; at < labels.data.length; at++) {
      const truth = a[Math.floor(at / count)] * b[at % count] + 0.3 * random.normal() > 0 ? 1 : -1;
      labels.data[at] = random.uniform() < 0.4 ? NaN : truth;
      if (Number.isNaN(labels.data[at])) hidden.push([at, truth]);
    }
    const of = (value: number) =>
      transduce({ features: matrix(items, 3, new Float64Array(3 * items).fill(value)), labels });
    const answers = [await of(1), await of(3.3), await of(-1e8 / 3)];
    for (const { scores, labels: found, probabilities, holdout } of answers) {
      assert.deepEqual(scores, answers[0].scores);
      assert.ok(probabilities && !holdout);
      const right = hidden.filter(([at, label]) => found[at] === label).length;
      assert.ok(right > 0.84 * hidden.length, `${right} of ${hidden.length}`);
    }
  });

  it("predicts the emotions of half of the songs by those of the others", needsData("emotions"), async () => {
    const { matrix: table } = parseArff(await readData("emotions/emotions.arff")), [items, columns] = table.shape;
    const features = matrix(items, 72), labels = matrix(items, 6), hidden = matrix(items, 6);
    for (let i = 0; i < items; i++) {
      features.data.set(table.data.subarray(i * columns, i * columns + 72), i * 72);
      for (let l = 0; l < 6; l++) {
        const value = 2 * table.data[i * columns + 72 + l] - 1;
        labels.data[i * 6 + l] = i % 2 === 0 ? value : NaN;
        hidden.data[i * 6 + l] = i % 2 === 0 ? NaN : value;
      }
    }
    const { scores } = await transduce({ features, labels });
    assert.ok(
      averagePrecision(scores, hidden) > 0.77 && labelError(scores, hidden) < 0.23,
      `${averagePrecision(scores, hidden)}`,
    );
  });

  const features = fromRows([[1, 2], [3, 4]]), labels = fromRows([[1], [NaN]]);
  it("predicts by the means, and says so, where the time is up before the first step", async () => {
    const features = fromRows([[1, 2], [3, NaN], [5, 8]]), labels = fromRows([[1], [-1], [NaN]]);
    for (const method of ["equality", "soft"] as const) {
      const fit = await transduce({ features, labels }, { method, timeLimitMs: 0 });
      assert.equal(fit.status, "time-limit");
      assert.equal(fit.features.data[3], 5, "the mean of 2 and 8");
      assert.ok(fit.objective >= 0 && Number.isFinite(fit.objective) && fit.rank === 0);
      assert.match(fit.remarks[0], /before the first step/);
    }
  });

  const refused: readonly [
    string,
    () => Promise<unknown>,
    typeof DataError | typeof ShapeError | typeof OptionError,
    RegExp,
  ][] = [
    [
      "a label of 0",
      () => transduce({ features, labels: fromRows([[0], [1]]) }),
      DataError,
      /0 at row 0, column 0; expected 1, -1 or NaN/,
    ],
    [
      "a feature of 1e160",
      () => transduce({ features: fromRows([[1, 1e160], [1, 2]]), labels }),
      DataError,
      /1e\+160 at row 0, column 1; expected a magnitude of at most 1e100/,
    ],
    [
      "an infinite feature",
      () => transduce({ features: fromRows([[1, Infinity], [1, 2]]), labels }),
      DataError,
      /Infinity at row 0, column 1/,
    ],
    [
      "other numbers of items",
      () => transduce({ features, labels: fromRows([[1]]) }),
      ShapeError,
      /1 row, but "features" has 2/,
    ],
    [
      "no label that is observed",
      () => transduce({ features, labels: fromRows([[NaN], [NaN]]) }),
      DataError,
      /no label is observed/,
    ],
    [
      "no feature that is observed",
      () => transduce({ features: fromRows([[NaN], [NaN]]), labels }),
      DataError,
      /no feature is observed/,
    ],
    ["a margin of no weight", () => transduce({ features, labels }, { labelWeight: 0 }), OptionError, /labelWeight/],
    [
      "an option of another solver",
      () => transduce({ features, labels }, { lambda: 1 } as object),
      OptionError,
      /lambda/,
    ],
  ];
  for (const [what, call, type, message] of refused) {
    it(`refuses ${what}`, () => assert.rejects(call, (error) => error instanceof type && message.test(error.message)));
  }
});
