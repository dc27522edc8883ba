import assert from "node:assert/strict";
import { it } from "node:test";
import type { PanelTests } from "../on_page.ts";

const points = Array.from({ length: 60 }, (_, i) => [Math.cos(i) + (i % 2) * 3, Math.sin(i)]);
const csv = `x,y,kind\n${points.map(([x, y], i) => `${x},${y},${i % 2 ? "near" : "far"}`).join("\n")}\n`;

/** The panel `sharpness`. */
export const sharpness: PanelTests = (page) => {
  it("trains on its example with three optimisers, and says how flat each minimum is", async () => {
    await page.set("rows", 200);
    await page.set("epochs", 15);
    await page.solve();
    assert.match(await page.text(".summary p"), /mSAM tells [\d.]+ % of the samples held out right\. mSAM ends at/);
    const titles = await page.texts(".picture svg > title");
    assert.deepEqual(titles, [
      "Loss by epoch",
      "Loss along the sharpest direction",
      "Eigenvalues of the Hessian",
      "Loss around mSAM",
    ]);
    assert.deepEqual(await page.texts("tbody th"), ["SGD", "SAM", "mSAM"]);
    const values = await page.evaluate<number[]>(
      `[...document.querySelectorAll("tbody tr")].map((row) => Number(row.children[3].textContent))`,
    );
    assert.ok(values[0] > values[1] && values[1] > values[2], values.join());
    assert.match(await page.text(".downloads a"), /losses\.csv/);
  });

  it("takes a table of words, and names what it cannot use", async () => {
    await page.upload("table.csv", csv);
    await page.until(`document.querySelector(".many output")?.textContent?.startsWith("2 of")`);
    await page.set("microBatches", 1);
    await page.set("validation", 0);
    await page.solve();
    assert.match(await page.text(".summary p"), /SAM tells [\d.]+ % of the samples that it was trained on right/);
    assert.deepEqual(await page.texts("tbody th"), ["SGD", "SAM"]);
    await page.upload("one.csv", "x,kind\n1,a\n2,a\n3,a\n");
    await page.until(`document.querySelector(".many output")?.textContent?.startsWith("1 of")`);
    await page.click("run");
    await page.until(`!document.querySelector(".problem").hidden`);
    assert.match(await page.text(".problem"), /kind has one value alone/);
  });
};
