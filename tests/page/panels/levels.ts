import assert from "node:assert/strict";
import { it } from "node:test";
import type { PanelTests } from "../on_page.ts";

const stars = (i: number, j: number) => 1 + (i * 7 + (i % 3) * j) % 5;
const lines = Array.from(
  { length: 20 },
  (_, i) =>
    Array.from({ length: 12 }, (_, j) => (i + j) % 4 === 0 ? [] : [`person ${i},film ${j},${stars(i, j)}`]).flat(),
).flat();

/** The panel `levels`. */
export const levels: PanelTests = (page) => {
  it("predicts the blanks of its example, and draws losses, reliability and the table", async () => {
    await page.set("people", 40);
    await page.solve();
    assert.match(await page.text(".summary p"), /of 1600 levels were missing .* predicted by \d+ factors?/);
    assert.match(await page.text(".summary"), /Of the levels held out, [\d.]+ % are the most probable one/);
    const titles = await page.texts(".picture svg > title");
    assert.deepEqual(titles, [
      "Loss at the levels held out",
      "Reliability at the levels held out",
      "Observed",
      "Filled",
    ]);
  });

  it("takes lines of row, column and value, and names what is wrong", async () => {
    await page.upload("ratings.csv", `person,film,stars\n${lines.join("\n")}\n`);
    await page.until(
      `document.querySelector("[name=value]")?.options.length === 4`,
    );
    await page.solve();
    assert.match(await page.text(".summary p"), /of 240 levels were missing/);
    await page.set("holdout", 0);
    await page.click("run");
    await page.until(`!document.querySelector(".problem").hidden`);
    assert.match(await page.text(".problem"), /can be held out/);
  });
};
