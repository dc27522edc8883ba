import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseCsv } from "../../mod.ts";
import { simulateLevels } from "../solvers/completion/levels.ts";
import { minima, temporaryFolder } from "./minima.ts";

const folder = await temporaryFolder();
const path = (name: string) => join(folder, name);
const boundaries = [-2, -0.7, 0.7, 2];
const { observed, hidden } = simulateLevels({
  rows: 40,
  columns: 30,
  rank: 2,
  boundaries,
  share: 0.6,
  offsets: 1,
  seed: 4,
});
const person = (i: number) => `person ${i}`,
  film = (j: number) => `film, part ${j}`,
  stars = (level: number) => 1 + level / 2;
const lines = ({ rows, columns, values }: { rows: number[]; columns: number[]; values: number[] }) =>
  rows.map((i, k) => [person(i), film(columns[k]), stars(values[k])].join("\t")).join("\n") + "\n";
await writeFile(path("ratings.tsv"), lines(observed));
await writeFile(path("tested.tsv"), lines(hidden));
const table = Array.from({ length: 40 }, () => Array<string>(30).fill(""));
observed.rows.forEach((i, k) => table[i][observed.columns[k]] = String(stars(observed.values[k])));
await writeFile(
  path("table.csv"),
  [Array.from({ length: 30 }, (_, j) => `f${j}`), ...table].map((row) => row.join(",")).join("\n"),
);

describe("minima complete --levels", () => {
  it("chooses the weight, writes latent values, levels and probabilities by the names, and tells how good they are", async () => {
    const out = path("levels.csv"), ratings = path("ratings.tsv");
    const run = ["complete", ratings, "--levels", "--predict", path("tested.tsv"), "--out", out, "--json"];
    const { code, stdout, stderr } = await minima([
      ...run,
      "--picture",
      path("reliability.svg"),
      "--drawing",
      "reliability",
    ]);
    assert.equal(code, 0, stderr);
    const report = JSON.parse(stdout);
    assert.deepEqual(report.levels, [1, 1.5, 2, 2.5, 3]);
    assert.ok(report.certified && report.holdout.path[report.holdout.best].lambda === report.lambda);
    const { columns, matrix, text } = parseCsv(await readFile(out), { textColumns: ["row", "column"] });
    assert.deepEqual(columns.slice(0, 4), ["latent", "level", "expected", "probability of 1"]);
    assert.deepEqual([text.get("row")![0], text.get("column")![0]], [person(hidden.rows[0]), film(hidden.columns[0])]);
    let right = 0, squares = 0;
    hidden.values.forEach((level, k) => {
      const [, rated, expected, ...probabilities] = matrix.data.subarray(8 * k, 8 * k + 8);
      assert.ok(Math.abs(probabilities.reduce((sum, value) => sum + value, 0) - 1) < 1e-9);
      assert.equal(rated, stars(probabilities.indexOf(Math.max(...probabilities))));
      right += Number(rated === stars(level));
      squares += (expected - stars(level)) ** 2;
    });
    assert.ok(Math.abs(report.predictions.accuracy - right / hidden.values.length) < 1e-9);
    assert.ok(Math.abs(report.predictions.rootMeanSquareError - Math.sqrt(squares / hidden.values.length)) < 1e-9);
    assert.ok(report.predictions.accuracy > 0.35, `${report.predictions.accuracy}`);
    assert.match(await readFile(path("reliability.svg"), "utf8"), /observed frequency/);
  });

  it("takes a weight and boundaries, and fills a table with levels", async () => {
    const out = path("filled.csv"),
      given = ["--lambda", "4", "--boundaries", boundaries.join(","), "--method", "alternating"];
    const run = ["complete", path("table.csv"), "--table", "--levels", ...given, "--out", out, "--json"];
    const { code, stdout, stderr } = await minima(run);
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout).boundaries, boundaries);
    const { matrix } = parseCsv(await readFile(out));
    table.flat().forEach((cell, at) => {
      if (cell !== "") assert.equal(matrix.data[at], Number(cell));
      else assert.ok([1, 1.5, 2, 2.5, 3].includes(matrix.data[at]));
    });
  });

  it("draws losses and the matrix, and takes bins of exact values", async () => {
    for (const drawing of ["errors", "matrix"]) {
      const picture = path(`${drawing}.svg`), run = ["complete", path("ratings.tsv"), "--levels", "--count", "4"];
      const { code, stderr } = await minima([...run, "--picture", picture, "--drawing", drawing]);
      assert.equal(code, 0, stderr);
      assert.match(await readFile(picture, "utf8"), /<svg /);
    }
    const bins = observed.values.map((level, k) => `${observed.rows[k]} ${observed.columns[k]} ${level}`).join("\n");
    await writeFile(path("bins.txt"), bins);
    const run = [
      "complete",
      path("bins.txt"),
      "--bins",
      "--boundaries",
      boundaries.join(","),
      "--out",
      path("bins.csv"),
    ];
    const { code, stdout, stderr } = await minima(run);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /violations/);
    const { columns, matrix } = parseCsv(await readFile(path("bins.csv")));
    const at = columns.indexOf("level");
    assert.ok(at > 0 && matrix.data[at] >= 0 && matrix.data[at] <= 4);
  });

  it("refuses what it cannot use", async () => {
    const ratings = path("ratings.tsv");
    await writeFile(path("many.tsv"), Array.from({ length: 150 }, (_, k) => `a\tb${k}\t${k}`).join("\n"));
    await writeFile(path("one.tsv"), "a\tb\t7\na\tc\t7\n");
    await writeFile(path("strange.tsv"), `${person(0)}\t${film(0)}\t7\n`);
    const refusals: [string[], number, RegExp][] = [
      [[ratings, "--boundaries", "1,2"], 2, /--boundaries is of --levels or --bins/],
      [[ratings, "--levels", "--bins"], 2, /exclude each other/],
      [[ratings, "--levels", "--boundaries", "1,2"], 2, /needs 4 numbers for 5 different ratings/],
      [[ratings, "--levels", "--boundaries", "1,x"], 2, /numbers between commas/],
      [[ratings, "--levels", "--width-decay", "0.5"], 2, /--width-decay has no effect with --levels/],
      [[ratings, "--levels", "--lambda", "1", "--count", "3"], 2, /--count has no effect/],
      [[ratings, "--levels", "--method", "srf"], 2, /--method/],
      [[ratings, "--link", "probit"], 2, /--link has no effect without --levels/],
      [[path("one.tsv"), "--levels"], 1, /ratings are all 7; with --levels expected at least two/],
      [[path("many.tsv"), "--levels"], 1, /150 different values/],
      [[ratings, "--levels", "--predict", path("strange.tsv"), "--lambda", "9"], 1, /no level/],
      [[ratings, "--levels", "--lambda", "9", "--picture", path("no.svg")], 2, /which was given/],
      [[ratings, "--levels", "--drawing", "values"], 2, /errors, matrix or reliability/],
      [[ratings, "--bins"], 2, /--boundaries is missing/],
    ];
    for (const [run, code, message] of refusals) {
      const answer = await minima(["complete", ...run]);
      assert.equal(answer.code, code, `${run}: ${answer.stderr}`);
      assert.match(answer.stderr, message);
    }
  });
});
