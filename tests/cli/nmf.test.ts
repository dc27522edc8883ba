import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fromRows, parseCsv, serializeCsv } from "../../mod.ts";
import { archetypalSamples } from "../solvers/factorization/data.ts";
import { minima, temporaryFolder } from "./minima.ts";

const folder = await temporaryFolder(), path = (name: string) => join(folder, name);
const { X } = archetypalSamples([40, 6, 3], 0.02, { seed: 4 });
await writeFile(path("table.csv"), serializeCsv({ columns: ["a", "b", "c", "d", "e", "f"], matrix: X }));
await writeFile(path("signs.csv"), serializeCsv({ columns: ["a", "b"], matrix: fromRows([[1, -1], [2, 3]]) }));
const table = path("table.csv");

describe("minima nmf", () => {
  it("writes components, weights and a picture", async () => {
    const [out, weightsOut, picture] = ["h.csv", "w.csv", "h.svg"].map(path);
    const { code, stdout, stderr } = await minima([
      ...["nmf", table, "--rank", "3", "--json", "--out", out, "--weights-out", weightsOut, "--picture", picture],
      ...["--shape", "2x3", "--start", "nndsvd"],
    ]);
    assert.equal(code, 0, stderr);
    const { components, weights, relativeError, status } = JSON.parse(stdout);
    assert.ok(status === "converged" && relativeError < 0.1);
    const H = parseCsv(await readFile(out), { textColumns: ["component"] });
    assert.deepEqual([...H.matrix.data], components.flat());
    assert.deepEqual(H.text.get("component"), ["component 1", "component 2", "component 3"]);
    assert.deepEqual([...parseCsv(await readFile(weightsOut)).matrix.data], weights.flat());
    assert.match(await readFile(picture, "utf8"), /^<svg[\s\S]*component 3/);
  });

  it("finds archetypes, and says what they are", async () => {
    const run = [
      "nmf",
      table,
      "--archetypes",
      "--rank",
      "3",
      "--nonzeros",
      "15",
      "--continuation",
      "10",
      "--local-search",
    ];
    const { code, stdout, stderr } = await minima(run);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /archetype 3 .*\n[\s\S]*block gap/);
    const { archetypes, weights } = JSON.parse((await minima([...run, "--json"])).stdout);
    assert.ok(archetypes.flat().filter((value: number) => value !== 0).length <= 15);
    assert.ok(weights.every((row: number[]) => Math.abs(row[0] + row[1] + row[2] - 1) < 1e-9));
    const analysis = await minima(["nmf", table, "--archetypes", "--rank", "3", "--lambda", "Infinity"]);
    assert.equal(analysis.code, 0, analysis.stderr);
  });

  it("leaves missing values out, which archetypes cannot", async () => {
    const rows = [
      "a,b,c",
      ...Array.from({ length: 12 }, (_, i) => `${i % 3},${i === 5 ? "" : i % 4},${(i % 3) + (i % 4)}`),
    ];
    await writeFile(path("holes.csv"), rows.join("\n"));
    const run = ["nmf", path("holes.csv"), "--rank", "2", "--json"];
    const { code, stdout, stderr } = await minima(run);
    assert.equal(code, 0, stderr);
    assert.ok(JSON.parse(stdout).relativeError < 0.05);
    const refused = await minima([...run, "--archetypes"]);
    assert.ok(refused.code !== 0 && /NaN in row 6/.test(refused.stderr), refused.stderr);
  });

  it("takes weights of the entries from a table", async () => {
    const weights = path("weights.csv"), data = X.data.map((_, at) => Number(at % 7 > 0));
    await writeFile(weights, serializeCsv({ columns: ["a", "b", "c", "d", "e", "f"], matrix: { ...X, data } }));
    const run = ["nmf", table, "--rank", "3", "--json"];
    const plain = await minima(run), weighted = await minima([...run, "--weights", weights]);
    assert.equal(weighted.code, 0, weighted.stderr);
    assert.ok(JSON.parse(weighted.stdout).objective < JSON.parse(plain.stdout).objective);
  });

  it("says in its help what the rank is of either factorisation", async () => {
    const { stdout } = await minima(["nmf", "--help"]);
    assert.match(stdout.replaceAll(/\s+/g, " "), /--rank NUMBER archetypes, at most one a sample; or components/);
  });

  for (
    const [what, args, message] of [
      ["a missing rank", [table], /rank/],
      ["more archetypes than rows", [table, "--archetypes", "--rank", "41"], /at most 40/],
      [
        "options of the other problem",
        [table, "--rank", "2", "--lambda", "3"],
        /--lambda has no effect without --archetypes/,
      ],
      ["a start that is not known", [table, "--rank", "2", "--start", "best"], /--start/],
      [
        "weights of another size",
        [table, "--rank", "2", "--weights", path("signs.csv")],
        /2 x 2 weights for a table of 40 x 6/,
      ],
      ["a shape of other pixels", [table, "--rank", "2", "--shape", "5x5", "--picture", path("x.svg")], /6 pixels/],
      ["negative numbers", [path("signs.csv"), "--rank", "1"], /-1 at row 1, column 2/],
    ] as const
  ) {
    it(`refuses ${what}`, async () => {
      const { code, stderr } = await minima(["nmf", ...args]);
      assert.ok(code !== 0 && message.test(stderr), `${code}: ${stderr}`);
    });
  }
});
