import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { regressionDesign } from "../../bench/designs.ts";
import { openL0bnb } from "../../bench/peers/l0bnb.ts";

/** A machine with neither Python nor R, and with the npm peers only where somebody has installed them. */
const environment = { NO_COLOR: "1", MINIMA_PYTHON: "/nowhere/python3", MINIMA_RSCRIPT: "/nowhere/Rscript" };

async function bench(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "bench/main.ts", "--no-install", ...args],
    env: environment,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

describe("a benchmark whose peers are missing", () => {
  it("measures what is there, and names what it left out and why in output and record", async () => {
    const folder = await Deno.makeTempDir({ prefix: "minima-bench-" });
    try {
      const output = await bench("gemm", "quantize-layer", "--quick", `--results=${folder}`);
      const read = (name: string) => JSON.parse(Deno.readTextFileSync(`${folder}/${name}.json`));
      const gemm = read("gemm"), layer = read("quantize-layer");
      const absent = existsSync("bench/node_modules") ? [] : ["TensorFlow.js", "numpy-ts", "jax-js"];
      assert.deepEqual(
        gemm.missing.map((reason: string) => reason.split(":")[0]),
        [...absent, "NumPy over OpenBLAS"],
      );
      assert.match(layer.missing[0], /^PyTorch: .*\/nowhere\/python3/);
      for (const reason of [...gemm.missing, ...layer.missing]) {
        assert.ok(output.includes(`left out: ${reason}`), reason);
        assert.ok(Deno.readTextFileSync(`${folder}/README.md`).includes(`- left out: ${reason}`), reason);
      }
      const contenders = layer.tables[0].rows.map(([name]: [string]) => name);
      assert.deepEqual(contenders, ["minima, method quantease", "minima, method auto"]);
      assert.ok(gemm.tables[0].rows.length >= 2);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  it("is listed all the same", async () => {
    const lines = (await bench("--list")).trim().split("\n");
    assert.ok(lines.some((line) => /^gemm +How fast/.test(line)));
  });

  it("tells in one line why a script in Python does not answer", async () => {
    const before = Deno.env.get("MINIMA_PYTHON");
    try {
      Deno.env.set("MINIMA_PYTHON", "/bin/false");
      const answer = await openL0bnb(
        regressionDesign(5, 3, { nonzeros: 1, correlation: 0, signalToNoise: 5, seed: 1 }),
      );
      assert.match(answer as string, /^l0bnb: best_subset_l0bnb.py ended early/);
    } finally {
      if (before === undefined) Deno.env.delete("MINIMA_PYTHON");
      else Deno.env.set("MINIMA_PYTHON", before);
    }
  });
});
