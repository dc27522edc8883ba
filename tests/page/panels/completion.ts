import assert from "node:assert/strict";
import { it } from "node:test";
import type { PanelTests } from "../on_page.ts";

const cell = (i: number, j: number) => (i * 3 + j) % 4 === 0 ? "" : String((i + 1) * (j + 1));
const rows = Array.from({ length: 9 }, (_, i) => Array.from({ length: 6 }, (_, j) => cell(i, j)).join(","));
const csv = `a,b,c,d,e,f\n${rows.join("\n")}\n`;

/** The panel `completion`. */
export const completion: PanelTests = (page) => {
  it("predicts the blanks of its example, and draws errors, singular values and the table", async () => {
    await page.solve();
    assert.match(await page.text(".summary p"), /of 1800 values were missing .* predicted by \d+ factors/);
    assert.match(await page.text(".summary"), /At the values held out the error is [\d.]+; without factors/);
    const titles = await page.texts(".picture svg > title");
    assert.deepEqual(titles, ["Error at the values held out", "Singular values", "Observed", "Filled"]);
  });

  it("takes a table with blanks", async () => {
    await page.upload("table.csv", csv);
    await page.until(`document.querySelector(".many output")?.textContent === "6 of 6"`);
    await page.set("holdout", 0);
    await page.solve();
    assert.match(await page.text(".summary p"), /of 54 values were missing .* predicted by 1 factor/);
  });
};
