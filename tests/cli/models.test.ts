import assert from "node:assert/strict";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { generate, loadModel, perplexity, quantizeLayer, quantizeModel, serializeQuantizedLayers } from "../../mod.ts";
import { randomLlama, wordTokenizer } from "../support/models.ts";
import { minima, temporaryFolder } from "./minima.ts";

const folder = await temporaryFolder(), path = (name: string) => join(folder, name);
const { files, tokens } = randomLlama(64, 64);
files.set("tokenizer.json", new TextEncoder().encode(JSON.stringify(wordTokenizer(300))));
await mkdir(path("model"));
for (const [name, bytes] of files) await writeFile(path(`model/${name}`), bytes);
const words = (count: number) => [...tokens.subarray(0, count)].map((token) => `w${token}`).join(" ");
await writeFile(path("text.txt"), `${words(60)}\n\n${words(33)}\n`);
const quantize = ["quantize", path("model"), "--calibration", path("text.txt")];

describe("minima perplexity and minima inspect", () => {
  it("tell what the library tells", async () => {
    const model = await loadModel(path("model")), lines = [words(60), words(33)];
    const { code, stdout, stderr } = await minima(["perplexity", path("model"), path("text.txt"), "--json"]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), await perplexity(model, lines));
    const shown = await minima(["inspect", path("model"), "--json"]), report = JSON.parse(shown.stdout);
    assert.deepEqual([report.family, report.blocks, report.tensors.length, report.layers.length], ["llama", 3, 29, 21]);
    assert.match((await minima(["inspect", path("model"), "--tensors"])).stdout, /model\.norm\.weight +F32 +64/);
  });

  it("look into a file of tensors, and of quantised layers", async () => {
    const plain = await minima(["inspect", path("model/model.safetensors")]);
    assert.equal(plain.code, 0, plain.stderr);
    assert.match(plain.stdout, /model\.norm\.weight +F32 +64/);
    const weights = { data: Float32Array.from({ length: 12 }, (_, k) => Math.sin(k)), shape: [3, 4] as const };
    const unit = { data: Float64Array.from({ length: 16 }, (_, k) => k % 5 === 0 ? 1 : 0), shape: [4, 4] as const };
    const layer = await quantizeLayer(weights, unit, { bits: 3, groupSize: 2 });
    await writeFile(path("layers.safetensors"), serializeQuantizedLayers(new Map([["one", layer]])));
    const { stdout } = await minima(["inspect", path("layers.safetensors"), "--json"]);
    assert.deepEqual(JSON.parse(stdout).layers, [{ name: "one", shape: [3, 4], bits: 3, groupSize: 2, outliers: 0 }]);
    const text = await minima(["inspect", path("text.txt")]);
    assert.match(text.stderr, /text\.txt: Cannot read the safetensors data/);
  });

  it("name the folder of what is wrong", async () => {
    await mkdir(path("broken"));
    await writeFile(path("broken/config.json"), '{ "model_type": "mamba" }');
    const { code, stderr } = await minima(["inspect", path("broken")]);
    assert.equal(code, 1);
    assert.match(stderr, /broken: Cannot read the model data: .*"model_type" is "mamba"/);
    const none = await minima(["perplexity", path("nowhere"), path("text.txt")]);
    assert.match(none.stderr, /nowhere does not exist/);
  });
});

describe("minima generate", () => {
  it("writes what the library generates, behind the prompt", async () => {
    const model = await loadModel(path("model")), prompt = words(5);
    const pieces: string[] = [];
    for await (const piece of generate(model, prompt, { tokens: 8, seed: 3, temperature: 2 })) pieces.push(piece);
    const args = ["generate", path("model"), "--prompt", prompt, "--tokens", "8", "--seed", "3", "--temperature", "2"];
    const { code, stdout, stderr } = await minima(args);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${prompt}${pieces.join("")}\n`);
    assert.match((await minima(["generate", path("model")])).stderr, /Option --prompt is missing/);
  });
});

describe("minima quantize", () => {
  it("writes a model that reads back as what the library computes, and its report", async () => {
    const args = [
      ...quantize,
      "--bits",
      "3",
      "--group-size",
      "24",
      "--out",
      path("whole"),
      "--report",
      path("report.json"),
      "--plot",
      path("layers.svg"),
    ];
    const { code, stderr, stdout } = await minima(args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /size .* 3\.00 bits a code/);
    const model = await loadModel(path("model")), lines = [words(60), words(33)];
    const quantized = await quantizeModel(model, { calibration: lines, bits: 3, groupSize: 24 });
    assert.deepEqual(await perplexity(await loadModel(path("whole")), lines), await perplexity(quantized, lines));
    const report = JSON.parse(await readFile(path("report.json"), "utf8"));
    assert.match(await readFile(path("layers.svg"), "utf8"), /^<svg .*Relative error of each layer/);
    assert.equal(report.meanRelativeError, quantized.report.meanRelativeError);
    assert.deepEqual((await readdir(path("whole"))).sort(), ["config.json", "model.safetensors", "tokenizer.json"]);
    await assert.rejects(stat(path("whole.blocks")));
    const again = await minima([...quantize, "--out", path("whole")]);
    assert.match(again.stderr, /whole: it holds a model already/);
  });

  it("writes checkpoints of packed codes, which the other commands read", async () => {
    const format = ["--bits", "4", "--group-size", "32", "--method", "gptq"], lines = [words(60), words(33)];
    for (const name of ["gptq", "compressed-tensors"]) {
      const { code, stderr } = await minima([...quantize, ...format, "--format", name, "--out", path(name)]);
      assert.equal(code, 0, stderr);
      const { stdout } = await minima(["perplexity", path(name), path("text.txt"), "--json"]);
      assert.deepEqual(JSON.parse(stdout), await perplexity(await loadModel(path(name)), lines));
      const shown = await minima(["inspect", path(name)]);
      assert.match(shown.stdout, new RegExp(`quantized +${name}\\w*: 21 of 4 bits in groups of 32\n`));
      const report = JSON.parse((await minima(["inspect", path(name), "--json"])).stdout);
      assert.equal(report.quantization.layers.length, 21);
      assert.ok(report.bytes < 0.4 * 4 * report.parameters, `${report.bytes}`);
    }
    assert.deepEqual((await readdir(path("gptq"))).sort(), [
      "config.json",
      "model.safetensors",
      "quantize_config.json",
      "tokenizer.json",
    ]);
    const refused = await minima([...quantize, "--format", "gptq", "--group-size", "24", "--out", path("none")]);
    assert.match(refused.stderr, /Cannot use --group-size: the format "gptq" has groups of 16, 32/);
  });

  it("goes on after a kill, and ends with the same bytes", async () => {
    const options = ["--bits", "3", "--iterations", "30"], killed = path("killed");
    const first = await minima([...quantize, ...options, "--out", path("straight")]);
    assert.equal(first.code, 0, first.stderr);
    let seen = false;
    const cut = await minima([...quantize, ...options, "--out", killed], {
      watch(child) {
        if (seen) return;
        seen = true;
        const timer = setInterval(async () => {
          if (!await stat(`${killed}.blocks/block-0000.safetensors`).then(() => true, () => false)) return;
          clearInterval(timer);
          child.kill("SIGKILL");
        }, 5);
        child.on("exit", () => clearInterval(timer));
      },
    });
    assert.notEqual(cut.code, 0, "it was killed before it had finished");
    await assert.rejects(stat(killed));
    const rest = await minima([...quantize, ...options, "--out", killed, "--json"]);
    assert.equal(rest.code, 0, rest.stderr);
    assert.ok(JSON.parse(rest.stdout).resumedBlocks >= 1);
    for (const name of await readdir(killed)) {
      assert.deepEqual(await readFile(join(killed, name)), await readFile(join(path("straight"), name)), name);
    }
  });

  it("says what it cannot use", async () => {
    const refused = async (args: readonly string[], message: RegExp) => {
      const { code, stderr } = await minima(args);
      assert.notEqual(code, 0);
      assert.match(stderr, message);
    };
    await refused(["quantize", path("model"), "--out", path("x")], /Option --calibration is missing/);
    await refused(quantize, /Option --out is missing/);
    await refused([...quantize, "--out", path("model")], /--out would overwrite/);
    await refused(
      [...quantize, "--out", path("x"), "--format", "zip"],
      /--format: expected "safetensors".*received "zip"/,
    );
    await refused([...quantize, "--bits", "*.none=3", "--out", path("x")], /no layer is called/);
    await refused([...quantize, "--bits", "5", "--out", path("x")], /expected 2, 3, 4 or 8/);
    await refused(
      [...quantize, "--bits", "3", "--average-bits", "3", "--out", path("x")],
      /--average-bits with --bits/,
    );
  });
});
