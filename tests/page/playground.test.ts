import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { serve, type ServerType } from "@hono/node-server";
import { findChromium, findFirefox, type Page } from "../../scripts/test/browsers.ts";
import { allRequired } from "../support/required.ts";
import { createApp } from "../../server/mod.ts";

const browsers = [["Chromium", findChromium], ["Firefox", findFirefox]] as const;

for (const [browser, find] of browsers) {
  const found = await find();
  const missing = typeof found === "string" ? found : undefined;
  if (missing !== undefined && allRequired()) throw new Error(`${browser} is missing: ${missing}`);

  describe(`the playground in ${browser}`, { skip: missing }, () => {
    let server: ServerType, page: Page;

    before(async () => {
      if (typeof found === "string") return;
      const port = await new Promise<number>((resolve) => {
        server = serve({ fetch: createApp().fetch, port: 0, hostname: "127.0.0.1" }, (info: AddressInfo) => {
          resolve(info.port);
        });
      });
      page = await found.open();
      await page.goto(`http://127.0.0.1:${port}/`);
    });
    after(async () => {
      await page?.close();
      server?.close();
    });

    const evaluate = <T>(expression: string) => page.evaluate(expression) as Promise<T>;
    const set = (name: string, value: number | string) =>
      evaluate(`document.querySelector("[name=${name}]").value = "${value}"`);
    /** Waits for an expression in the page to hold; says what the page shows where it does not. */
    async function until(expression: string): Promise<void> {
      for (let attempt = 0; attempt < 600; attempt++) {
        if (await evaluate<boolean>(`Boolean(${expression})`)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.fail(`${expression} never came true; the page says: ${await evaluate("document.body.innerText")}`);
    }
    const click = (id: string) => evaluate(`document.getElementById("${id}").click()`);
    const idle = `!document.getElementById("run").disabled`;
    const shown = (id: string) => `!document.getElementById("${id}").hidden`;

    it("quantises the example by four methods, the composite best, and offers it as a file", async () => {
      await set("rows", 64);
      await set("columns", 48);
      await click("run");
      await until(shown("download"));
      const rows = await evaluate<string[][]>(
        `[...document.querySelectorAll("#errors tbody tr")].map((row) => [...row.cells].map((cell) => cell.innerText))`,
      );
      assert.deepEqual(rows.map(([name]) => name), ["Rounding", "GPTQ", "QuantEase", "Minima's composite"]);
      const errors = rows.map(([, error]) => Number(error));
      assert.ok(errors.every((error) => error > 0 && error < 1), errors.join());
      assert.equal(Math.min(...errors), errors[3]);
      const best = await evaluate<string>(`document.querySelector("#errors .best th").innerText`);
      assert.equal(best, "Minima's composite");
      for (const [plot, mark] of [["descent", "polyline"], ["outputs", "polyline"], ["codes", "rect"]]) {
        const count = await evaluate<number>(`document.querySelectorAll("#${plot} ${mark}").length`);
        assert.equal(count, plot === "codes" ? 8 : 2, plot);
      }
      assert.match(await evaluate<string>(`document.getElementById("download").href`), /^blob:/);
      assert.match(await evaluate<string>(`document.getElementById("where").innerText`), /in this page, on wasm/);
    });

    it("says what is wrong with an option, and goes on", async () => {
      await set("groupSize", 7);
      await click("run");
      await until(shown("problem"));
      const problem = await evaluate<string>(`document.getElementById("problem").innerText`);
      assert.match(problem, /"groupSize".*48.*7/);
      await until(idle);
      await set("groupSize", "");
      await click("run");
      await until(`${idle} && ${shown("download")}`);
      assert.equal(await evaluate(`document.getElementById("problem").hidden`), true);
    });

    it("cancels while it prepares and while it solves", async () => {
      await set("rows", 2048);
      await set("columns", 1024);
      for (const stage of ["Preparing the layer", ":"]) {
        await click("run");
        await until(`document.getElementById("stage").innerText.includes("${stage}")`);
        await click("cancel");
        await until(`${idle} && document.getElementById("cancel").hidden`);
        assert.equal(await evaluate(`document.getElementById("problem").hidden`), true);
      }
    });

    it("quantises the tensors of a file", async () => {
      await evaluate(`(() => {
        const header = JSON.stringify({
          "a.weights": { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
          "a.gram": { dtype: "F32", shape: [3, 3], data_offsets: [24, 60] },
        });
        const bytes = new Uint8Array(8 + header.length + 60), view = new DataView(bytes.buffer);
        view.setUint32(0, header.length, true);
        bytes.set(new TextEncoder().encode(header), 8);
        [0.9, -0.4, 0.3, 0.2, 0.8, -1.1, 2, 1, 0, 1, 2, 1, 0, 1, 2]
          .forEach((value, at) => view.setFloat32(8 + header.length + 4 * at, value, true));
        const files = new DataTransfer();
        files.items.add(new File([bytes], "layer.safetensors"));
        document.querySelector("[name=source][value=file]").click();
        const upload = document.querySelector("[name=upload]");
        upload.files = files.files;
        upload.dispatchEvent(new Event("change", { bubbles: true }));
      })()`);
      await until(`document.querySelector("[name=weights]").value === "a.weights"`);
      assert.equal(await evaluate(`document.querySelector("[name=gram]").value`), "a.gram");
      await click("run");
      await until(`${idle} && ${shown("download")}`);
      assert.equal(await evaluate(`document.querySelectorAll("#errors tbody tr").length`), 4);
    });
  });
}
