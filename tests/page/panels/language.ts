import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { it } from "node:test";
import { serve } from "@hono/node-server";
import { build } from "esbuild";
import { randomLlama, wordTokenizer } from "../../support/models.ts";
import { idle, opened, type PanelTests } from "../on_page.ts";

/** Serves a page that runs a saved graph by onnxruntime-web, and nothing of this library. */
async function serveRuntime(graph: Uint8Array<ArrayBuffer>): Promise<{ readonly url: string; close(): void }> {
  const runtime = dirname(fileURLToPath(import.meta.resolve("onnxruntime-web/wasm"))), module = "onnxruntime-web/wasm";
  const { outputFiles } = await build({
    entryPoints: ["tests/support/onnx_runtime.ts"],
    bundle: true,
    format: "esm",
    external: [module],
    logLevel: "error",
    write: false,
  });
  const imports = JSON.stringify({ imports: { [module]: "/ort.wasm.bundle.min.mjs" } });
  const answer = (type: string, body: string | Uint8Array<ArrayBuffer>) =>
    new Response(body, { headers: { "content-type": type } });
  async function fetch({ url }: Request): Promise<Response> {
    const name = new URL(url).pathname.slice(1);
    if (name === "") {
      return answer("text/html", `<!doctype html><meta charset="utf-8"><script type="importmap">${imports}</script>`);
    }
    if (name === "decoder.js") return answer("text/javascript", outputFiles[0].text);
    if (name === "model.onnx") return answer("application/octet-stream", graph);
    if (!/^ort[\w.-]+$/.test(name)) return new Response(null, { status: 404 });
    const type = name.endsWith(".wasm") ? "application/wasm" : "text/javascript";
    return answer(type, new Uint8Array(await readFile(join(runtime, name))));
  }
  return await new Promise((resolve) => {
    const server = serve(
      { fetch, port: 0, hostname: "127.0.0.1" },
      ({ port }: AddressInfo) => resolve({ url: `http://127.0.0.1:${port}/`, close: () => server.close() }),
    );
  });
}

/** The panel of language models. */
export const language: PanelTests = (page) => {
  const blobs = `globalThis.saved ??= (() => {
    const saved = [], create = URL.createObjectURL;
    URL.createObjectURL = (blob) => (saved.push(blob), create.call(URL, blob));
    return saved;
  })()`;

  it("quantises the example, with a picture of its layers, and offers it as files", async () => {
    await page.evaluate(`void (${blobs})`);
    await page.set("bits", 3);
    await page.set("tokens", 24);
    await page.set("iterations", 3);
    await page.solve();
    assert.match(await page.text(".summary p"), /^Perplexity goes from [\d.]+ to [\d.]+ on \d+ tokens\.$/);
    assert.match(await page.text(".summary p:nth-child(2)"), /instead of .* MB in 16 bits, 3 bits a code/);
    assert.match(await page.text(".summary p:last-child"), /llama, .* 21 of 21 layers/);
    assert.deepEqual(await page.texts(".picture svg > title"), ["Relative error of each layer, by block"]);
    assert.equal((await page.texts(".picture rect")).length, 21);
    assert.deepEqual(await page.texts(".downloads a"), ["Download onnx/model_q4.onnx", "Download config.json"]);
    assert.equal((await page.texts("dd")).length, 2);
  });

  it("saves what onnxruntime-web runs in a page, to the same text", async () => {
    const expected = (await page.texts("dd"))[1].split(" ").map(Number);
    const base64 = await page.evaluate<string>(`new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result.replace(/^.*,/, ""));
      reader.readAsDataURL(globalThis.saved[0]);
    })`);
    const server = await serveRuntime(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
    const elsewhere = await page.open();
    try {
      await elsewhere.goto(server.url);
      const tokens = await elsewhere.evaluate(`(async () => {
        const { openDecoder } = await import("/decoder.js");
        const bytes = new Uint8Array(await (await fetch("/model.onnx")).arrayBuffer());
        const sizes = { keyValueHeads: 2, headSize: 16, vocabulary: 256 };
        const decoder = await openDecoder(new Map([["onnx/model_q4.onnx", bytes]]), sizes);
        return await decoder.generate([0], 24, []);
      })()`);
      assert.deepEqual(tokens, expected);
    } finally {
      await elsewhere.close();
      server.close();
    }
  });

  it("keeps what was quantised for other prompts, and marks results of other options as old", async () => {
    const before = await page.texts("dd");
    await page.set("tokens", 5);
    assert.equal(await page.evaluate(`document.querySelector(".results").classList.contains("old")`), true);
    await page.solve();
    const after = await page.texts("dd");
    assert.deepEqual(after.map((text) => text.split(" ").length), [5, 5]);
    after.forEach((text, i) => assert.ok(before[i].startsWith(text)));
  });

  it("cancels while it solves, and goes on where it was", async () => {
    await page.set("hidden", 192);
    await page.set("blocks", 2);
    await page.set("iterations", 60);
    await page.until(`document.querySelector(".roles")`);
    await page.click("run");
    await page.until(
      `/(?:8|9|1\\d) of 14 layers/.test(document.querySelector(".summary p:last-child")?.textContent)`,
    );
    await page.click("cancel");
    await page.until(`${idle} && document.querySelector(".cancel").hidden`);
    assert.equal(await page.evaluate(`document.querySelector(".problem").hidden`), true);
    await page.solve();
    assert.ok((await page.texts(".remarks li")).some((remark) => /^1 of its blocks was there already/.test(remark)));
  });

  const { files } = randomLlama(64, 32);
  const config = new TextDecoder().decode(files.get("config.json")!), weights = [...files.get("model.safetensors")!];
  const text = (seed: number) =>
    Array.from(
      { length: 3 },
      (_, i) => Array.from({ length: 20 }, (_, j) => `w${(seed * (i + 7) * (j + 3)) % 300}`).join(" "),
    ).join("\n");

  it("takes the files of a model with texts beside them, each text for its role", async () => {
    await page.uploadAll({
      "config.json": config,
      "model.safetensors": weights,
      "tokenizer.json": JSON.stringify(wordTokenizer(300)),
      "valid.txt": text(11),
      "train.txt": text(5),
    });
    await page.until(`document.querySelector("[name=calibration]")`);
    const chosen = (name: string) =>
      page.evaluate<string>(`document.querySelector("[name=${name}]").selectedOptions[0].textContent`);
    assert.deepEqual([await chosen("calibration"), await chosen("heldOut")], ["train.txt (1 KB)", "valid.txt (1 KB)"]);
    await page.set("iterations", 2);
    await page.set("prompt", "w1 w2 w3");
    await page.set("format", "safetensors");
    await page.solve();
    assert.match(await page.text(".summary p"), /on 57 tokens/);
    assert.match((await page.texts("figcaption"))[0], /What it writes after “w1 w2 w3”/);
    assert.deepEqual(await page.texts(".downloads a"), [
      "Download model.safetensors",
      "Download tokenizer.json",
      "Download config.json",
    ]);
  });

  it("names what is missing, and what no format holds", async () => {
    await page.uploadAll({ "model.safetensors": weights });
    await page.until(`!document.querySelector(".problem").hidden`);
    assert.match(await page.text(".problem"), /config\.json is missing in the files/);
    await page.uploadAll({ "config.json": config, "model.safetensors": weights });
    await page.until(opened);
    await page.set("format", "onnx");
    await page.set("groupSize", 24);
    await page.solve();
    assert.match(
      await page.text(".problem:not([hidden])"),
      /groups of multiples of 16 columns or whole rows, not of 24/,
    );
  });
};
