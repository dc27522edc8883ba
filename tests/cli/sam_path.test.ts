import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createRandom, matrix, parseCsv, samRegression, serializeCsv } from "../../mod.ts";
import { minima, temporaryFolder } from "./minima.ts";

const folder = await temporaryFolder(), path = (name: string) => join(folder, name);
const rows = 60, names = ["a", "b", "c", "d"], truth = [2, -1, 0.5, 0], random = createRandom(3);
/** Columns of other places and scales. */
const X = matrix(rows, 4, Float64Array.from({ length: 4 * rows }, (_, k) => 10 ** (k % 4) * (5 + random.normal())));
const y = Array.from({ length: rows }, (_, i) => {
  return truth.reduce((sum, w, j) => sum + w * X.data[4 * i + j] / 10 ** j, 7) + 0.5 * random.normal();
});
const withTarget = matrix(
  rows,
  5,
  Float64Array.from({ length: 5 * rows }, (_, k) => {
    const i = Math.floor(k / 5), j = k % 5;
    return j < 4 ? X.data[4 * i + j] : y[i];
  }),
);
await writeFile(path("data.csv"), serializeCsv({ columns: [...names, "y"], matrix: withTarget }));
const own = matrix(4, 1, Float64Array.from(truth, (w, j) => w / 10 ** j));
await writeFile(path("truth.csv"), serializeCsv({ columns: ["coefficient"], matrix: own }));
const call = ["sam-path", path("data.csv"), "--target", "y"];

describe("minima sam-path", () => {
  it("tells the best step of both paths, draws them, and writes what fits there in the units of the table", async () => {
    const [out, picture] = ["w.csv", "risk.svg"].map(path);
    const { code, stdout, stderr } = await minima([
      ...call,
      "--rho",
      "1",
      "--json",
      "--out",
      out,
      "--picture",
      picture,
    ]);
    assert.equal(code, 0, stderr);
    const { paths: [sharp, descent], noise, noiseEstimated } = JSON.parse(stdout);
    assert.ok(noiseEstimated && Math.abs(noise - 0.5) < 0.15, `${noise}`);
    assert.equal(sharp.learningRate, descent.learningRate);
    assert.ok(sharp.bestStep > 0 && sharp.bestStep <= descent.bestStep, stdout.slice(0, 400));
    for (const { best, steps } of [sharp, descent]) {
      for (const { estimatedRisk } of steps) assert.ok(estimatedRisk >= best.estimatedRisk - 1e-12);
    }
    assert.match(await readFile(picture, "utf8"), /^<svg[\s\S]*variance, descent/);
    const table = parseCsv(await readFile(out), { textColumns: ["feature"] }), w = table.matrix.data;
    assert.deepEqual(table.text.get("feature"), ["(intercept)", ...names]);
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      let error = w[0] - y[i];
      for (let j = 0; j < 4; j++) error += w[1 + j] * X.data[4 * i + j];
      sum += error ** 2 / (2 * rows);
    }
    assert.ok(Math.abs(sum - sharp.best.loss) < 1e-9, `${sum}, said to be ${sharp.best.loss}`);
  });

  it("knows the risk where the truth is given", async () => {
    const args = [...call, "--rho", "0.5", "--truth", path("truth.csv"), "--noise", "0.5", "--json", "--steps", "40"];
    const { code, stdout, stderr } = await minima(args);
    assert.equal(code, 0, stderr);
    const [{ bestStep, best, learningRate }] = JSON.parse(stdout).paths as {
      bestStep: number;
      best: { risk: number };
      learningRate: number;
    }[];
    const moments = [0, 1, 2, 3].map((j) => {
      const column = Array.from({ length: rows }, (_, i) => X.data[4 * i + j]);
      const mean = column.reduce((a, b) => a + b, 0) / rows;
      return { mean, deviation: Math.sqrt(column.reduce((a, b) => a + (b - mean) ** 2, 0) / rows) };
    });
    const scaled = matrix(rows, 4, X.data.map((x, k) => (x - moments[k % 4].mean) / moments[k % 4].deviation));
    const options = { rho: 0.5, steps: 40, noise: 0.5, learningRate };
    const taken = await samRegression(scaled, y, {
      ...options,
      truth: moments.map(({ deviation }, j) => own.data[j] * deviation),
    });
    assert.equal(bestStep, taken.bestStep);
    assert.ok(Math.abs(best.risk - taken.risk![bestStep]) < 1e-9 * best.risk);
  });

  it("refuses what it cannot use", async () => {
    await writeFile(path("few.csv"), "a,b,y\n1,2,3\n2,5,1\n");
    const refusals: [string[], number, RegExp][] = [
      [["sam-path", path("data.csv")], 2, /--target is missing/],
      [["sam-path", path("data.csv"), "--target", "z"], 1, /no column is called z/],
      [["sam-path", path("few.csv"), "--target", "y"], 2, /--noise is missing/],
      [[...call, "--truth", path("few.csv")], 1, /one column of 4/],
      [[...call, "--steps", "1.5"], 2, /Cannot use --steps/],
      [[...call, "--noise", "-1"], 2, /Cannot use --noise/],
      [[...call, "--learning-rate", "100"], 2, /converge below/],
      [[...call, "--picture", "c.png"], 2, /\.svg/],
    ];
    for (const [args, wanted, message] of refusals) {
      const { code, stderr } = await minima(args);
      assert.match(stderr, message);
      assert.equal(code, wanted, stderr);
    }
  });
});
