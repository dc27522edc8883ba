import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { matrix, parseCsv, serializeCsv, serializeNpy } from "../../mod.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { minima, temporaryFolder } from "./minima.ts";

const folder = await temporaryFolder();
const path = (name: string) => join(folder, name);

/** `y = 5 + 2 a - 3 c` with little noise, and three columns that have no part in it. */
const names = ["a", "b", "c", "d", "e", "y"], rows = 60;
const random = createRandom(5);
const data = new Float64Array(rows * names.length);
for (let i = 0; i < rows; i++) {
  const features = Array.from({ length: 5 }, random.normal);
  data.set([...features, 5 + 2 * features[0] - 3 * features[2] + 0.01 * random.normal()], i * names.length);
}
const days = Array.from({ length: rows }, (_, i) => `day ${i}`);
await writeFile(
  path("table.csv"),
  serializeCsv({ columns: names, matrix: matrix(rows, names.length, data), text: new Map([["day", days]]) }),
);
const table = [path("table.csv"), "--target", "y", "--ignore", "day"];

describe("minima regress", () => {
  it("finds the model by cross-validation and writes its coefficients", async () => {
    const out = path("coefficients.csv");
    const { code, stdout, stderr } = await minima([
      "regress",
      ...table,
      "--max-support",
      "2",
      "--out",
      out,
      "--json",
    ]);
    assert.equal(code, 0, stderr);
    const { coefficients, intercept, explained, path: visited } = JSON.parse(stdout);
    assert.deepEqual(Object.keys(coefficients), ["a", "c"]);
    assert.ok(Math.abs(coefficients.a - 2) < 0.01 && Math.abs(coefficients.c + 3) < 0.01);
    assert.ok(Math.abs(intercept - 5) < 0.01 && explained > 0.999);
    assert.ok(visited.length > 1);

    const written = parseCsv(await readFile(out), { textColumns: ["feature"] });
    assert.deepEqual(written.text.get("feature"), ["(intercept)", "a", "c"]);
    assert.deepEqual([...written.matrix.data], [intercept, coefficients.a, coefficients.c]);
  });

  it("takes features by name, weights and groups from columns, and a size for a price", async () => {
    const weighted = path("weighted.csv"), width = names.length + 2;
    const wide = matrix(rows, width);
    for (let i = 0; i < rows; i++) {
      wide.data.set(data.subarray(i * names.length, (i + 1) * names.length), i * width);
      wide.data.set([i % 3, 10 + (i >> 1)], i * width + names.length);
    }
    await writeFile(weighted, serializeCsv({ columns: [...names, "count", "pair"], matrix: wide }));
    const run = ["regress", weighted, "--target", "y", "--weights", "count", "--json"];
    const sized = await minima([...run, "--ignore", "pair", "--size", "3", "--always", "e"]);
    assert.equal(sized.code, 0, sized.stderr);
    assert.deepEqual(Object.keys(JSON.parse(sized.stdout).coefficients), ["a", "c", "e"]);
    assert.equal(JSON.parse(sized.stdout).status, "converged");
    const grouped = await minima([...run, "--groups", "pair", "--lambda2", "0,1", "--upper", "2.5"]);
    assert.equal(grouped.code, 0, grouped.stderr);
    const { coefficients, lambda2 } = JSON.parse(grouped.stdout);
    assert.ok("a" in coefficients && "c" in coefficients && lambda2 === 0);
    const refusals: [string[], RegExp][] = [
      [["--always", "ee"], /no column is called ee/],
      [["--size", "1", "--groups", "pair"], /--groups is of the cross-validation, which --size leaves out/],
      [["--size", "1", "--lambda0", "1"], /expected it or --lambda0, received both/],
    ];
    for (const [more, message] of refusals) {
      const { code, stderr } = await minima([...run, ...more]);
      assert.ok(code !== 0);
      assert.match(stderr, message);
    }
  });

  it("draws the cross-validation, the chosen model marked", async () => {
    const picture = path("validation.svg");
    const { code, stdout, stderr } = await minima(["regress", ...table, "--picture", picture, "--json"]);
    assert.equal(code, 0, stderr);
    const { lambda0, path: visited } = JSON.parse(stdout);
    const drawn = await readFile(picture, "utf8");
    assert.equal(drawn.match(/<circle /g)!.length, visited.length);
    const [, at] = /<circle [^>]*r="6"><title>mean squared error: \S+ at ([^ ,]+),/.exec(drawn)!;
    assert.equal(Number(at), Number(lambda0.toPrecision(4)));
  });

  it("says that the time was up for the cross-validation, and draws none that is not there", async () => {
    const ended = await minima(["regress", ...table, "--time-limit", "0", "--json"]);
    assert.equal(JSON.parse(ended.stdout).status, "time-limit", ended.stderr);
    const drawn = await minima(["regress", ...table, "--time-limit", "0", "--picture", path("none.svg")]);
    assert.equal(drawn.code, 1);
    assert.match(drawn.stderr, /nothing to draw: no fold was fitted/);
    const limited = ["--method", "exact", "--node-limit", "1", "--gap-tolerance", "0"];
    const { code, stderr } = await minima(["regress", ...table, ...limited]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /stopped at its (node|precision) limit/);
  });

  it("explains nothing of a constant, and weighs what it explains", async () => {
    const file = path("constant.csv"), width = names.length + 2, wide = matrix(rows, width);
    for (let i = 0; i < rows; i++) {
      wide.data.set(data.subarray(i * names.length, (i + 1) * names.length), i * width);
      // What has no weight is far off.
      wide.data.set([7, i % 2], i * width + names.length);
      if (i % 2 === 0) wide.data[i * width + names.length - 1] += 1000 * i;
    }
    await writeFile(file, serializeCsv({ columns: [...names, "constant", "half"], matrix: wide }));
    const picture = path("constant.svg");
    const constant = await minima(["regress", file, "--target", "constant", "--picture", picture]);
    assert.equal(constant.code, 0, constant.stderr);
    assert.match(constant.stdout, /0 of 7 features explain 0\.0 % of the variance of constant/);
    assert.match(await readFile(picture, "utf8"), /<svg/);
    const half = await minima(["regress", file, "--target", "y", "--weights", "half", "--size", "2", "--json"]);
    assert.ok(JSON.parse(half.stdout).explained > 0.999, half.stdout);
  });

  it("certifies an exact fit and prints a table", async () => {
    const options = ["--lambda0", "1", "--lambda2", "0.001", "--big-m", "10", "--method", "exact"];
    const { code, stdout } = await minima(["regress", ...table, ...options]);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^feature +coefficient\n\(intercept\) +(4\.99|5\.0)\S*\na +(1\.99|2\.0)\S*\nc +-(2\.99|3\.0)\S*\n\n/m,
    );
    assert.match(stdout, /^fit +2 of 5 features explain 100\.0 % of the variance of y$/m);
    assert.match(stdout, /^gap +\S+ % after \d+ nodes$/m);
  });

  it("reads npy, and leaves out the intercept when told to", async () => {
    await writeFile(path("table.npy"), serializeNpy(matrix(rows, names.length, data)));
    const args = [path("table.npy"), "--target", "column 6", "--lambda0", "1", "--no-intercept", "--json"];
    const { code, stdout, stderr } = await minima(["regress", ...args]);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).intercept, 0);
  });

  const wrong: [string, number, string[], RegExp][] = [
    ["a picture of another kind", 2, [...table, "--picture", path("a.png")], /needs a file that ends in \.svg/],
    ["a picture of no validation", 2, [...table, "--picture", path("a.svg"), "--lambda0", "1"], /--lambda0 leaves out/],
    ...["--folds", "--max-support", "--count", "--lambdas"].map((flag): [string, number, string[], RegExp] => [
      `${flag} where nothing is chosen`,
      2,
      [...table, "--lambda0", "1", flag, "5"],
      new RegExp(`Option ${flag} has no effect with --lambda0\\.`),
    ]),
    [
      "an empty cell among the prices",
      2,
      [...table, "--lambdas", "1,,0.1"],
      /--lambdas\[1\]: expected a number from 0 to 1e\+100, received ""\./,
    ],
    ["a word among the prices", 2, [...table, "--lambdas", "1,two"], /--lambdas\[1\]: .* received "two"\./],
    ["no target", 2, [path("table.csv")], /--target is missing/],
    [
      "a negative price",
      2,
      [...table, "--lambda0", "-1"],
      /--lambda0: expected a number from 0 to 1e\+100, received -1/,
    ],
    [
      "a target that is not there",
      1,
      [path("table.csv"), "--target", "z", "--ignore", "day"],
      /no column is called z; there are a, b/,
    ],
    [
      "an ignored column that is not there",
      1,
      [...table.slice(0, 3), "--ignore", "month"],
      /column "month" is missing|called month/,
    ],
    [
      "text among the numbers",
      1,
      table.slice(0, 3),
      /line 2, column "day" holds "day 0" .*--ignore leaves a column out/,
    ],
    ["a missing file", 1, [path("absent.csv"), "--target", "y"], /absent\.csv: no such file/],
  ];
  for (const [what, expected, args, message] of wrong) {
    it(`refuses ${what} with exit code ${expected}`, async () => {
      const { code, stderr, stdout } = await minima(["regress", ...args]);
      assert.equal(code, expected, stderr);
      assert.match(stderr, message);
      assert.equal(stdout, "");
    });
  }
});
