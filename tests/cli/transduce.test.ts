import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { matrix, parseCsv, serializeCsv, transduce } from "../../mod.ts";
import { partlyLabelled } from "../solvers/completion/labelled.ts";
import { minima, temporaryFolder } from "./minima.ts";

const folder = await temporaryFolder(), path = (name: string) => join(folder, name);
const data = partlyLabelled({
  items: 600,
  features: 6,
  labels: 2,
  rank: 2,
  rate: 0.7,
  block: false,
  noise: 0.2,
  seed: 3,
});
const columns = ["f0", "f1", "f2", "f3", "f4", "f5", "hot", "wet"];

/** The data as CSV, labels as 0 and 1, blanks for what is missing. */
function written(low: number): string {
  const all = matrix(600, 8);
  for (let i = 0; i < 600; i++) {
    all.data.set(data.features.data.subarray(6 * i, 6 * i + 6), 8 * i);
    for (let l = 0; l < 2; l++) {
      all.data[8 * i + 6 + l] = data.labels.data[2 * i + l] < 0 ? low : data.labels.data[2 * i + l];
    }
  }
  return serializeCsv({ columns, matrix: all }).replaceAll("NaN", "");
}
await writeFile(path("zeros.csv"), written(0));
await writeFile(path("signs.csv"), written(-1));

describe("minima transduce", () => {
  for (const [file, low] of [["zeros.csv", 0], ["signs.csv", -1]] as const) {
    it(`writes what the library predicts, labels as in ${file}`, async () => {
      const out = path(`out-${file}`), run = ["transduce", path(file), "--labels", "hot,wet", "--out", out];
      const { code, stderr, stdout } = await minima([...run, "--picture", path(`${file}.svg`), "--json"]);
      assert.equal(code, 0, stderr);
      const { scores, labels, probabilities } = await transduce(data), report = JSON.parse(stdout);
      const { columns: names, matrix: answer } = parseCsv(await readFile(out, "utf8"));
      assert.deepEqual(names.slice(0, 4), ["hot", "wet", "hot score", "wet score"]);
      for (let i = 0; i < 600; i++) {
        for (let l = 0; l < 2; l++) {
          assert.equal(answer.data[i * 6 + l], labels[2 * i + l] > 0 ? 1 : low);
          assert.ok(Math.abs(answer.data[i * 6 + 2 + l] - scores.data[2 * i + l]) < 1e-9);
          assert.ok(Math.abs(answer.data[i * 6 + 4 + l] - probabilities!.data[2 * i + l]) < 1e-9);
        }
      }
      assert.equal(report.predicted, data.labels.data.filter(Number.isNaN).length);
      assert.match(await readFile(path(`${file}.svg`), "utf8"), /<svg/);
    });
  }

  it("tells a person how many it predicted", async () => {
    const { code, stdout } = await minima(["transduce", path("zeros.csv"), "--labels", "hot,wet", "--method", "soft"]);
    assert.equal(code, 0);
    assert.match(stdout, /hot +\d+ +\d+/);
  });

  for (
    const [what, args, message] of [
      ["no labels", [path("zeros.csv")], /--labels is missing/],
      ["a column that is not there", [path("zeros.csv"), "--labels", "cold"], /cold/],
      ["a column of other numbers", [path("zeros.csv"), "--labels", "f0"], /"f0".*a label is 0 or 1/],
    ] as const
  ) {
    it(`refuses ${what}`, async () => {
      const { code, stderr } = await minima(["transduce", ...args]);
      assert.ok(code === 1 || code === 2);
      assert.match(stderr, message);
    });
  }

  it("numbers items from 1, and names features, of which nothing is known", async () => {
    await writeFile(path("gaps.csv"), "f,g,hot\n1,,1\n2,,0\n,,\n3,,1\n");
    const { code, stderr } = await minima(["transduce", path("gaps.csv"), "--labels", "hot"]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Nothing is observed of item 3: predicted by the means/);
    assert.match(stderr, /Nothing is observed of feature g/);
  });
});
