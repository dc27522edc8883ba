import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseQuantizedLayers, serializeNpy } from "../../mod.ts";
import { minima, serveOnce, temporaryFolder } from "../cli/minima.ts";
import { integers } from "./support.ts";

const folder = await temporaryFolder();
const path = (name: string) => join(folder, name);

describe("minima, in short", () => {
  it("quantises a file", async () => {
    await writeFile(path("weights.npy"), serializeNpy(integers(4, 6, 50, 1)));
    await writeFile(path("inputs.npy"), serializeNpy(integers(40, 6, 9, 2)));
    const args = [path("weights.npy"), "--activations", path("inputs.npy"), "--out", path("quantized.safetensors")];
    const { code, stderr } = await minima(["quantize-layer", ...args]);
    assert.equal(code, 0, stderr);
    const [layer] = parseQuantizedLayers(await readFile(path("quantized.safetensors"))).values();
    assert.deepEqual([...layer.shape], [4, 6]);
  });

  it("fits a column of a table and draws the graph of all", async () => {
    const { data } = integers(60, 3, 9, 3);
    const rows = Array.from({ length: 60 }, (_, i) => {
      const [a, b, c] = data.subarray(3 * i);
      return [a, b, 3 * a + c / 9].join();
    });
    await writeFile(path("table.csv"), `a,b,y\n${rows.join("\n")}\n`);
    const fit = await minima(["regress", path("table.csv"), "--target", "y", "--lambda0", "1", "--json"]);
    assert.equal(fit.code, 0, fit.stderr);
    assert.match(fit.stdout, /"a"/);
    const graph = await minima(["graph", path("table.csv"), "--out", path("graph.svg")]);
    assert.equal(graph.code, 0, graph.stderr);
    assert.match(await readFile(path("graph.svg"), "utf8"), /^<svg[\s\S]*<\/svg>/);
  });

  it("reads the standard input, and overwrites nothing unless told to", async () => {
    const input = "a;b\n1,5;2\n2,5;4\n3,5;7\n4,5;8\n", out = path("coefficients.csv");
    const args = ["regress", "-", "--target", "b", "--lambda0", "0.1", "--out", out];
    const runs = [
      await minima(args, { input }),
      await minima(args, { input }),
      await minima([...args, "--force"], { input }),
    ];
    assert.deepEqual(runs.map(({ code }) => code), [0, 1, 0], runs.map(({ stderr }) => stderr).join(""));
    assert.match(runs[1].stderr, /it is there already; --force overwrites it/);
    assert.match(await readFile(out, "utf8"), /^feature,coefficient\n\(intercept\),/);
  });

  it("examines this runtime", async () => {
    const { code, stdout } = await minima(["doctor", "--json"]);
    assert.equal(code, 0);
    assert.ok(JSON.parse(stdout).backends.some((entry: { outcome: string }) => entry.outcome === "passed"));
  });

  it("serves until Ctrl-C", async () => {
    const { outcome, health } = await serveOnce();
    assert.deepEqual([health, outcome.code], [{ status: "ok" }, 0]);
  });
});
