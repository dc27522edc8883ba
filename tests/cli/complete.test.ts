import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseCsv } from "../../mod.ts";
import { minima, temporaryFolder } from "./minima.ts";

const folder = await temporaryFolder();
const path = (name: string) => join(folder, name);

const people = Array.from({ length: 12 }, (_, i) => `person ${String.fromCharCode(97 + i)}`);
const films = Array.from({ length: 9 }, (_, j) => `film ${j + 1}`);
const tastes = (i: number, j: number) => (i + 1) * (j % 3 + 1) / 4;
const isSeen = (i: number, j: number) => (7 * i + 5 * j) % 4 !== 0;
const cells = people.flatMap((_, i) => films.map((_, j) => [i, j] as const));
const ratings = cells.filter(([i, j]) => isSeen(i, j));
await writeFile(
  path("ratings.tsv"),
  ratings.map(([i, j]) => [people[i], films[j], tastes(i, j)].join("\t")).join("\n") + "\n",
);
const hidden = cells.filter(([i, j]) => !isSeen(i, j));
await writeFile(path("pairs.tsv"), hidden.map(([i, j]) => `${people[i]}\t${films[j]}`).join("\n"));
await writeFile(
  path("tested.tsv"),
  hidden.map(([i, j]) => [people[i], films[j], tastes(i, j)].join("\t")).join("\n"),
);
const lines = people.map((name, i) => [name, ...films.map((_, j) => isSeen(i, j) ? tastes(i, j) : "")].join(","));
await writeFile(path("table.csv"), [["", ...films].join(","), ...lines].join("\n") + "\n");

const exact = ["--holdout", "0", "--no-offsets"];

describe("minima complete", () => {
  it("writes predictions beside the names of the file, and tells the error of pairs with values", async () => {
    const out = path("predictions.csv");
    const run = ["complete", path("ratings.tsv"), ...exact, "--predict", path("pairs.tsv"), "--out", out];
    const { code, stdout, stderr } = await minima(run);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /rank\s+1/);
    const { matrix, text } = parseCsv(await readFile(out), { textColumns: ["row", "column"] });
    hidden.forEach(([i, j], k) => {
      assert.deepEqual([text.get("row")![k], text.get("column")![k]], [people[i], films[j]]);
      assert.ok(Math.abs(matrix.data[k] - tastes(i, j)) < 0.01, `${people[i]}, ${films[j]}: ${matrix.data[k]}`);
    });
    const tested = await minima(["complete", path("ratings.tsv"), ...exact, "--predict", path("tested.tsv"), "--json"]);
    assert.equal(tested.code, 0, tested.stderr);
    assert.ok(JSON.parse(tested.stdout).predictionError < 0.01, tested.stdout);
    // Names of columns above pairs without values.
    await writeFile(path("headed.csv"), `user,item\n${people[hidden[0][0]]},${films[hidden[0][1]]}\n`);
    const headed = await minima([
      "complete",
      path("ratings.tsv"),
      ...exact,
      "--predict",
      path("headed.csv"),
      "--out",
      path("one.csv"),
    ]);
    assert.equal(headed.code, 0, headed.stderr);
    assert.equal(parseCsv(await readFile(path("one.csv")), { textColumns: ["row", "column"] }).matrix.shape[0], 1);
    // All that is missing, where no pairs are named.
    const all = path("all.csv");
    assert.equal((await minima(["complete", path("ratings.tsv"), ...exact, "--out", all])).code, 0);
    assert.equal(parseCsv(await readFile(all), { textColumns: ["row", "column"] }).matrix.shape[0], hidden.length);
  });

  it("fills the blanks of a table, and leaves the rest as it was", async () => {
    const out = path("filled.csv");
    const { code, stderr } = await minima(["complete", path("table.csv"), "--table", ...exact, "--out", out]);
    assert.equal(code, 0, stderr);
    const { columns, matrix, text } = parseCsv(await readFile(out));
    assert.deepEqual(columns, films);
    assert.deepEqual([...text.values()][0], people);
    cells.forEach(([i, j], at) => {
      if (isSeen(i, j)) assert.equal(matrix.data[at], tastes(i, j));
      else assert.ok(Math.abs(matrix.data[at] - tastes(i, j)) < 0.01);
    });
  });

  it("draws the errors held out, the singular values and the matrix", async () => {
    for (const drawing of ["errors", "values", "matrix"]) {
      const picture = path(`${drawing}.svg`), run = ["complete", path("ratings.tsv"), "--picture", picture];
      const { code, stderr } = await minima([...run, "--drawing", drawing]);
      assert.equal(code, 0, stderr);
      assert.match(await readFile(picture, "utf8"), /^<svg|<svg /);
    }
  });

  it("reads ratings as the flags of tables say", async () => {
    await writeFile(path("odd.txt"), "# stars\nAnn|Up|4,500\nAnn|Ice|3,000\nBob|Up|2,250\n");
    const { code, stderr, stdout } = await minima(
      ["complete", path("odd.txt"), "--delimiter", "|", "--decimal", ",", "--comment", "#"],
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout + stderr, /2 x 2, 3 entries/);
  });

  it("names rows and columns without an entry as the file has them, and numbers rows from 1", async () => {
    const named = [["a", "b", "c"], [1, "", 2], ["", "", ""], [3, "", 4]], file = path("gaps.csv");
    await writeFile(file, named.map((line) => line.join(",")).join("\r\n"));
    for (const asked of [[], ["--levels", "--lambda", "1"]]) {
      const { code, stderr } = await minima(["complete", file, "--table", ...asked]);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /row 2 has no/);
      assert.match(stderr, /column b has no/);
    }
  });

  it("refuses what it cannot use", async () => {
    const ratings = path("ratings.tsv");
    await writeFile(path("stranger.tsv"), "nobody\tfilm 1\n");
    await writeFile(path("twice.tsv"), "a\tb\t1\na\tb\t2\n");
    await writeFile(path("header.csv"), "row,column,value\n");
    await writeFile(path("blanks.csv"), "a,b\n,\n");
    await writeFile(path("few.csv"), "a,b,1\nc,b,2\n");
    const refusals: [string[], number, RegExp][] = [
      [[ratings, "--picture", "x.png"], 2, /--picture needs a file that ends in \.svg/],
      [[ratings, "--drawing", "heat"], 2, /--drawing needs errors, values or matrix/],
      [[ratings, "--table", "--predict", path("pairs.tsv")], 2, /--predict is of ratings/],
      [[ratings, "--predict", path("stranger.tsv")], 1, /no row of the ratings is called nobody/],
      [[path("twice.tsv")], 1, /twice\.tsv: line 2 has a value for a and b, as line 1 has/],
      [[ratings, "--holdout", "0", "--picture", path("no.svg")], 2, /none are/],
      [[ratings, "--lambda", "1"], 2, /--lambda/],
      [[path("header.csv")], 1, /header\.csv: no ratings/],
      [[path("blanks.csv")], 1, /blanks\.csv: .* --table/],
      [[path("blanks.csv"), "--table"], 1, /blanks\.csv: no cell of the table has a number/],
      [[path("few.csv"), "--levels"], 1, /a given --lambda/],
      [[path("few.csv"), "--method", "soft-impute"], 1, /give --lambda/],
    ];
    for (const [run, code, message] of refusals) {
      const answer = await minima(["complete", ...run]);
      assert.equal(answer.code, code, `${run}: ${answer.stderr}`);
      assert.match(answer.stderr, message);
    }
  });
});
