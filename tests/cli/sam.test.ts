import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseCsv, parseSafetensors, serializeCsv, serializeNpy, serializeSafetensors } from "../../mod.ts";
import { spirals } from "../solvers/sharpness/data.ts";
import { minima, temporaryFolder } from "./minima.ts";

const folder = await temporaryFolder(), path = (name: string) => join(folder, name);
const { X, labels } = spirals(120, 3, 1),
  words = ["a", "b", "c"],
  species = Array.from(labels, (label) => words[label]);
await writeFile(path("arms.csv"), serializeCsv({ columns: ["x", "y"], matrix: X, text: new Map([["arm", species]]) }));
await writeFile(path("new.csv"), serializeCsv({ columns: ["x", "y"], matrix: X }));
await writeFile(path("x.npy"), serializeNpy(X));
await writeFile(path("labels.npy"), serializeNpy({ shape: [120], data: Float64Array.from(labels) }));
const train = ["sam", path("arms.csv"), "--target", "arm", "--hidden", "24", "--epochs", "60", "--batch-size", "20"];

describe("minima sam", () => {
  it("takes a column before a file that is called so", async () => {
    await writeFile(path("arm"), "word\nu\n");
    const quick = ["sam", "arms.csv", "--target", "arm", "--epochs", "1", "--json"];
    const { code, stdout, stderr } = await minima(quick, { cwd: folder });
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout).classes, words);
  });

  it("trains, reports, draws and saves, and predicts with what it saved", async () => {
    const names = ["m.safetensors", "c.svg", "d.svg", "s.svg", "p.csv"];
    const [out, picture, density, slice, predictions] = names.map(path);
    const { code, stdout, stderr } = await minima([
      ...[...train, "--rho", "0.1", "--micro-batches", "4", "--validation", "0.2", "--json", "--sharpness"],
      ...["--out", out, "--picture", picture, "--density", density, "--slice", slice],
    ]);
    assert.equal(code, 0, stderr);
    const report = JSON.parse(stdout);
    assert.ok(report.accuracy > 0.85 && report.sharpness.largestEigenvalue > 0, stdout);
    assert.equal(report.trace.length, 60);
    assert.deepEqual(report.classes, words);
    assert.match(await readFile(picture, "utf8"), /^<svg[\s\S]*held out/);
    assert.match(await readFile(density, "utf8"), /^<svg[\s\S]*eigenvalue/);
    assert.match(await readFile(slice, "utf8"), /^<svg[\s\S]*Loss around arm/);
    const again = await minima(["sam", path("arms.csv"), "--model", out, "--json"]);
    assert.equal(JSON.parse(again.stdout).accuracy, report.accuracy, again.stderr);
    const blind = await minima(["sam", path("new.csv"), "--model", out, "--predictions", predictions]);
    assert.equal(blind.code, 0, blind.stderr);
    const table = parseCsv(await readFile(predictions), { textColumns: ["class"] });
    assert.deepEqual(table.columns, words.map((word) => `probability of ${word}`));
    const right = table.text.get("class")!.filter((word, i) => word === species[i]).length;
    assert.equal(right / 120, report.accuracy);
  });

  it("takes labels of a file of their own", async () => {
    const args = ["sam", path("x.npy"), "--target", path("labels.npy"), "--linear", "--epochs", "2", "--json"];
    const { code, stdout, stderr } = await minima(args);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).parameters, 9);
  });

  it("predicts columns of other names only where there are none, and takes no damaged classifier", async () => {
    const out = path("named.safetensors");
    assert.equal((await minima([...train.slice(0, 4), "--epochs", "1", "--out", out])).code, 0);
    await writeFile(path("others.csv"), "x,z\n1,2\n");
    const others = await minima(["sam", path("others.csv"), "--model", out]);
    assert.deepEqual([others.code, /no column is called y, which the/.test(others.stderr)], [1, true], others.stderr);
    assert.equal((await minima(["sam", path("x.npy"), "--model", out])).code, 0);
    const { tensors, metadata } = parseSafetensors(await readFile(out)), parts = Object.fromEntries(tensors);
    for (const classifier of ["", "null", "{}", '{"target":"arm","columns":["x"],"classes":"a"}']) {
      await writeFile(path("damaged"), serializeSafetensors(parts, { ...metadata, classifier }));
      const damaged = await minima(["sam", path("x.npy"), "--model", path("damaged")]);
      assert.match(damaged.stderr, /damaged: it holds no classifier of minima sam/);
    }
  });

  it("refuses what it cannot use", async () => {
    await writeFile(path("one.csv"), "x,arm\n1,a\n2,a\n");
    const refusals: [string[], number, RegExp][] = [
      [["sam", path("arms.csv")], 2, /one of --target.*--model/],
      [["sam", path("arms.csv"), "--target", "arm", "--model", path("x.npy")], 2, /one of --target/],
      [["sam", path("arms.csv"), "--target", "leg"], 1, /no column is called leg/],
      [["sam", path("one.csv"), "--target", "arm"], 1, /one\.csv: all rows are a in arm; two classes are needed/],
      [["sam", path("arms.csv"), "--model", path("x.npy")], 1, /x\.npy/],
      [[...train, "--rho", "-1"], 2, /Cannot use --rho/],
      [[...train, "--base-learning-rate", "0"], 2, /Cannot use --base-learning-rate/],
      [[...train, "--micro-batchs", "2"], 2, /--micro-batches\?/],
      [[...train, "--picture", "c.png"], 2, /\.svg/],
    ];
    for (const [args, wanted, message] of refusals) {
      const { code, stderr } = await minima(args);
      assert.match(stderr, message);
      assert.equal(code, wanted, stderr);
    }
  });
});
