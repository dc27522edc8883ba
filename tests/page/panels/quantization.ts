import assert from "node:assert/strict";
import { it } from "node:test";
import { idle, opened, type PanelTests } from "../on_page.ts";

/** A safetensors file of f32 matrices. */
function safetensors(matrices: Readonly<Record<string, readonly (readonly number[])[]>>): number[] {
  let end = 0;
  const header = JSON.stringify(Object.fromEntries(
    Object.entries(matrices).map(([name, rows]) => {
      const begin = end, shape = [rows.length, rows[0].length];
      end += 4 * shape[0] * shape[1];
      return [name, { dtype: "F32", shape, data_offsets: [begin, end] }];
    }),
  ));
  const values = Float32Array.from(Object.values(matrices).flat(2));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, header.length, true);
  return [...length, ...new TextEncoder().encode(header), ...new Uint8Array(values.buffer)];
}

/** The panel `quantization`. */
export const quantization: PanelTests = (page) => {
  it("quantises the example by four methods, the composite best, and offers it as a file", async () => {
    await page.set("outputs", 64);
    await page.set("inputs", 48);
    await page.until(opened);
    await page.solve();
    assert.deepEqual(await page.texts("tbody th"), ["Rounding", "GPTQ", "QuantEase", "Minima's composite"]);
    const errors = (await page.texts("tbody td:nth-child(3)")).map(Number);
    assert.ok(errors.every((error) => error > 0 && error < 1), errors.join());
    assert.equal(Math.min(...errors), errors[3]);
    assert.equal(await page.text(".best th"), "Minima's composite");
    const titles = await page.texts(".picture svg > title");
    assert.equal(titles.length, 3);
    assert.match(titles[2], /How often each code is used/);
    assert.match(await page.text(".summary p:last-child"), /in this page, on wasm/);
    assert.match(await page.evaluate<string>(`document.querySelector(".downloads a").href`), /^blob:/);
  });

  it("marks results as old when what they depend on is changed, and as theirs when it is changed back", async () => {
    const isOld = `document.querySelector(".results").classList.contains("old")`;
    assert.equal(await page.evaluate(isOld), false);
    await page.set("bits", 4);
    assert.equal(await page.evaluate(isOld), true);
    assert.match(await page.text(".old-note:not([hidden])"), /of what was set before/);
    await page.set("bits", 3);
    assert.equal(await page.evaluate(isOld), false);
    await page.set("seed", 2);
    assert.equal(await page.evaluate(isOld), true);
  });

  it("stops at the field of an option that is out of its range, and goes on", async () => {
    await page.set("groupSize", 0);
    await page.solve();
    assert.equal(await page.evaluate(`document.querySelector("input:invalid").name`), "groupSize");
    await page.set("groupSize", 7);
    await page.solve();
    assert.equal(await page.evaluate(`document.querySelector("input:invalid") === null`), true);
    assert.equal(await page.evaluate(`document.querySelector(".problem").hidden`), true);
    await page.set("groupSize", "");
    await page.solve();
  });

  it("cancels while it solves", async () => {
    await page.set("outputs", 2048);
    await page.set("inputs", 512);
    await page.until(opened);
    await page.click("run");
    await page.until(`document.querySelector(".progress p").textContent.includes(":")`);
    await page.click("cancel");
    await page.until(`${idle} && document.querySelector(".cancel").hidden`);
    assert.equal(await page.evaluate(`document.querySelector(".problem").hidden`), true);
  });

  it("chooses the weights of a file, and their Gram matrix, and quantises them", async () => {
    const gram = [[2, 1, 0], [1, 2, 1], [0, 1, 2]];
    await page.upload(
      "layers.safetensors",
      safetensors({
        "model.layers.0.attention.output.dense.gram": gram,
        "model.layers.0.attention.output.dense.weight": [[0.9, -0.4, 0.3], [0.2, 0.8, -1.1]],
        "other.gram": gram,
      }),
    );
    await page.until(opened);
    const chosen = (name: string) =>
      page.evaluate<string>(`document.querySelector("[name=${name}]").selectedOptions[0].textContent`);
    assert.equal(await chosen("weights"), "model.layers.0.attention.output.dense.weight (2 x 3, F32)");
    assert.equal(await chosen("gram"), "model.layers.0.attention.output.dense.gram (3 x 3, F32)");
    assert.ok((await page.texts(".whole")).includes("model.layers.0.attention.output.dense.weight"));
    await page.solve();
    assert.equal((await page.texts("tbody tr")).length, 4);
  });

  it("takes activations for the Gram matrix, and asks where the file has neither", async () => {
    const weights = [[0.9, -0.4], [0.2, 0.8], [-1, 0.5]];
    await page.upload("inputs.safetensors", safetensors({ "a.weight": weights, "a.inputs": [[1, 2], [0, 1], [2, 1]] }));
    await page.until(`document.querySelector("[name=gram]")?.selectedOptions[0].textContent.startsWith("a.inputs")`);
    await page.solve();
    assert.equal((await page.texts("tbody tr")).length, 4);
    await page.upload("model.safetensors", safetensors({ "a.weight": weights, "b.weight": [[1, 2], [3, 4]] }));
    await page.until(`document.querySelector("[name=gram]")?.selectedOptions[0].textContent === "choose"`);
    await page.click("run");
    assert.match(await page.text(".problem:not([hidden])"), /Gram matrix or activations: choose one first/);
  });

  it("says what a wrong file is", async () => {
    const cases: readonly (readonly [string, string | readonly number[], RegExp])[] = [
      ["model.gguf", "GGUF\u0003aaaaaaaaaaa", /model\.gguf is a GGUF model/],
      ["model.bin", [0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0, 0], /model\.bin is a zip archive.*PyTorch/],
      ["table.csv", "a,b\n1,2\n", /table\.csv is text: a \.safetensors file was expected/],
      ["empty.safetensors", "", /empty\.safetensors is empty/],
      ["vectors.safetensors", vectors(), /vectors\.safetensors holds no matrix.*bias \[3\]/],
    ];
    for (const [name, content, message] of cases) {
      await page.upload(name, content);
      await page.until(`!document.querySelector(".problem").hidden`);
      assert.match(await page.text(".problem"), message);
    }
  });
};

function vectors(): number[] {
  const header = `{"bias":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}`;
  return [header.length, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode(header), ...new Uint8Array(12)];
}
