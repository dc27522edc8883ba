import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createRandom, matrix, parseCsv, serializeCsv } from "../../mod.ts";
import { minima, temporaryFolder } from "./minima.ts";

const folder = await temporaryFolder();
const path = (name: string) => join(folder, name);

/** `y = k + (1 + k) a - 2 c` in site `k`, and three columns that have no part in it. */
const names = ["a", "b", "c", "d", "e", "y"], rows = 30, sites = ["north", "south", "west"];
const random = createRandom(7);
const tables = sites.map((_, k) => {
  const table = matrix(rows, names.length);
  for (let i = 0; i < rows; i++) {
    const own = Array.from({ length: 5 }, random.normal);
    table.data.set([...own, k + (1 + k) * own[0] - 2 * own[2] + 0.01 * random.normal()], i * names.length);
  }
  return table;
});
const all = matrix(3 * rows, names.length, Float64Array.from(tables.flatMap(({ data }) => Array.from(data))));
const site = sites.flatMap((name) => new Array<string>(rows).fill(name));
await writeFile(path("all.csv"), serializeCsv({ columns: names, matrix: all, text: new Map([["site", site]]) }));
for (const [k, table] of tables.entries()) {
  await writeFile(path(`${sites[k]}.csv`), serializeCsv({ columns: names, matrix: table }));
}
const files = sites.map((name) => path(`${name}.csv`));

describe("minima multitask", () => {
  it("takes the task from a column of words, chooses by cross-validation, writes and draws", async () => {
    const out = path("coefficients.csv"), picture = path("errors.svg"), heatMap = path("supports.svg");
    const { code, stdout, stderr } = await minima([
      ...["multitask", path("all.csv"), "--target", "y", "--task", "site", "--grid-support", "1,2,3", "--folds", "3"],
      ...["--out", out, "--picture", picture, "--heat-map", heatMap, "--json"],
    ]);
    assert.equal(code, 0, stderr);
    const report = JSON.parse(stdout);
    assert.deepEqual(report.tasks.map(({ name }: { name: string }) => name), sites);
    report.tasks.forEach(
      ({ coefficients, intercept }: { coefficients: Record<string, number>; intercept: number }, k: number) => {
        assert.ok(
          Math.abs(coefficients.a - 1 - k) < 0.02 && Math.abs(coefficients.c + 2) < 0.02,
          JSON.stringify(coefficients),
        );
        assert.ok(Math.abs(intercept - k) < 0.02);
      },
    );
    assert.equal(report.validation.length, 3 * 3 * 6);
    const written = parseCsv(await readFile(out), { textColumns: ["feature"] });
    assert.deepEqual(written.columns, sites);
    assert.equal(written.text.get("feature")![0], "(intercept)");
    assert.match(await readFile(picture, "utf8"), /Cross-validation of y/);
    assert.match(await readFile(heatMap, "utf8"), /north/);
  });

  it("takes a table a task, and several targets of one table", async () => {
    const single = ["--support", "2", "--supports-sharing", "1"];
    const misspelt = await minima(["multitask", ...files, "--target", "y", ...single]);
    assert.equal(misspelt.code, 2);
    assert.match(misspelt.stderr, /--support-sharing/);
    const apart = await minima(["multitask", ...files, "--target", "y", "--support", "2", "--support-sharing", "1"]);
    assert.equal(apart.code, 0, apart.stderr);
    assert.match(apart.stdout, /feature +north +south +west/);
    assert.match(apart.stdout, /y in 3 tasks by 2 of 5 features/);
    const shared = await minima([
      "multitask",
      files[0],
      "--target",
      "y,d",
      "--support",
      "2",
      "--common-support",
      "--json",
    ]);
    assert.equal(shared.code, 0, shared.stderr);
    const [y, d] = JSON.parse(shared.stdout).tasks;
    assert.deepEqual(Object.keys(y.coefficients), Object.keys(d.coefficients));
  });

  it("names columns of which nothing follows", async () => {
    const table = matrix(all.shape[0], names.length, all.data.map((value, at) => at % names.length === 1 ? 3 : value));
    await writeFile(path("flat.csv"), serializeCsv({ columns: names, matrix: table, text: new Map([["site", site]]) }));
    const fitting = ["multitask", path("flat.csv"), "--target", "y", "--task", "site", "--support", "2"];
    const shown = await minima(fitting), report = await minima([...fitting, "--json"]);
    assert.match(shown.stdout + shown.stderr, /Column b is constant/);
    assert.match(JSON.parse(report.stdout).remarks.join(), /Column b is constant/);
  });

  it("predicts new rows of known tasks, and of a new one by the average or stacked", async () => {
    const fitting = ["multitask", path("all.csv"), "--target", "y", "--task", "site", "--support", "2"];
    const rows = matrix(3, 5, Float64Array.from({ length: 15 }, random.normal)), features = names.slice(0, 5);
    const to = path("predicted.csv");
    const file = async (name: string, text?: Map<string, string[]>) => {
      await writeFile(path(name), serializeCsv({ columns: features, matrix: rows, text }));
      return path(name);
    };
    const known = await file("known.csv", new Map([["site", ["west", "north", "west"]]]));
    const { code, stderr } = await minima([...fitting, "--predict", known, "--predictions", to]);
    assert.equal(code, 0, stderr);
    const predicted = parseCsv(await readFile(to), { textColumns: ["site"] });
    assert.deepEqual(predicted.text.get("site"), ["west", "north", "west"]);
    [2, 0, 2].forEach((k, i) => {
      const truth = k + (1 + k) * rows.data[5 * i] - 2 * rows.data[5 * i + 2];
      assert.ok(Math.abs(predicted.matrix.data[i] - truth) < 0.05, `${predicted.matrix.data[i]}, ${truth}`);
    });
    const plain = await file("new.csv");
    for (const who of ["average", "stacked", "south"]) {
      const answer = await minima([
        ...[...fitting, "--predict", plain, "--predict-as", who, "--predictions", to, "--force", "--json"],
      ]);
      assert.equal(answer.code, 0, answer.stderr);
      assert.equal(JSON.parse(answer.stdout).predicted.rows, 3);
      const { matrix: { data } } = parseCsv(await readFile(to));
      const truth = 1 + 2 * rows.data[0] - 2 * rows.data[2];
      assert.ok(Math.abs(data[0] - truth) < (who === "stacked" ? 1 : 0.05), `${who}: ${data[0]}, ${truth}`);
    }
    const error = await minima([...fitting, "--predict", path("all.csv"), "--predictions", to, "--force"]);
    assert.match(error.stdout, /predicted +90 rows, root mean square error 0\.0/);
    const odd = await file("odd.csv", new Map([["site", ["west", "nort", "west"]]]));
    const never = path("never.csv"), predicting = (path: string) => ["--predict", path, "--predictions", never];
    const wrong: readonly [string[], RegExp, number][] = [
      [predicting(odd), /no task is called nort, as row 2 says.*Did you mean north.*--predict-as average/, 1],
      [predicting(plain), /no column "site": --predict-as says which task/, 2],
      [[...predicting(plain), "--predict-as", "soth"], /received soth.*Did you mean south/, 2],
      [["--predict", plain], /--predict needs --predictions/, 2],
      [["--predict-as", "north"], /--predict-as needs --predict/, 2],
      [predicting(path("gone.csv")), /gone.csv/, 1],
    ];
    for (const [args, message, code] of wrong) {
      const answer = await minima([...fitting, ...args]);
      assert.equal(answer.code, code, answer.stderr);
      assert.match(answer.stderr, message);
      await assert.rejects(readFile(never));
    }
  });

  it("refuses what does not fit, and leaves no file behind", async () => {
    const narrow = path("narrow.csv");
    await writeFile(
      narrow,
      serializeCsv({ columns: ["a", "y"], matrix: matrix(2, 2, new Float64Array([1, 2, 3, 5])) }),
    );
    const wrong: readonly [string[], RegExp, number][] = [
      [[files[0]], /--target is missing/, 2],
      [[files[0], "--target", "z"], /no column is called z/, 1],
      [[files[0], "--target", "y", "--task", "place"], /no column is called place/, 1],
      [[files[0], narrow, "--target", "y"], /the same columns, but "b"/, 1],
      [[...files, "--target", "y,a"], /several columns with one table/, 2],
      [[files[0], "--target", "y", "--support", "2", "--picture", "p.svg"], /--picture is of the cross-validation/, 2],
      [[files[0], "--target", "y", "--heat-map", "p.png"], /ends in .svg/, 2],
      [[files[0], "--target", "y", "--support", "-1"], /--support/, 2],
      [[files[0], "--target", "y", "--support", "2", "--folds", "3"], /--folds has no effect with --support/, 2],
      [
        [files[0], files[1], "--target", "y", "--support", "2", "--task-weights", "1,x"],
        /--task-weights needs numbers/,
        2,
      ],
      [[files[0], files[1], "--target", "y", "--support", "2", "--task-weights", "1"], /expected 2 numbers/, 2],
    ];
    for (const [args, message, code] of wrong) {
      const outcome = await minima(["multitask", ...args, "--out", path("never.csv")]);
      assert.equal(outcome.code, code, `${args.join(" ")}: ${outcome.stderr}`);
      assert.match(outcome.stderr, message);
      await assert.rejects(readFile(path("never.csv")));
    }
  });
});
