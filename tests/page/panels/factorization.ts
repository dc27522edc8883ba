import assert from "node:assert/strict";
import { it } from "node:test";
import type { PanelTests } from "../on_page.ts";

/** The panel `factorization`. */
export const factorization: PanelTests = (page) => {
  it("finds the archetypes of its example, and draws them, the rows among them and the objective", async () => {
    await page.solve();
    assert.match(await page.text(".summary p"), /^3 archetypes of 48 columns leave [\d.]+ % of the 300 rows/);
    const titles = await page.texts(".picture svg > title");
    assert.deepEqual(titles, ["Archetypes", "Rows among the archetypes", "Weights of the rows", "Objective"]);
  });

  it("takes a table as images, sums of components too, and says what is wrong with one", async () => {
    const rows = Array.from({ length: 20 }, (_, i) => [i % 3, (i * i) % 5, (3 * i) % 4, i % 2].join());
    await page.upload("pixels.csv", `a,b,c,d\n${rows.join("\n")}\n`);
    await page.until(`document.querySelector(".many output")?.textContent === "4 of 4"`);
    await page.set("model", "components");
    await page.set("imageWidth", 2);
    await page.solve();
    assert.match(await page.text(".summary p"), /^3 components of 4 columns/);
    await page.upload("gaps.csv", `a,b,c,d\n,${rows[0].slice(2)}\n${rows.slice(1).join("\n")}\n`);
    await page.until(`document.querySelector(".many output")?.textContent === "4 of 4"`);
    await page.set("initialComponents", "random");
    await page.solve();
    assert.match(await page.text(".summary p"), /of the 20 rows/);
    assert.match(await page.text(".remarks"), /1 value is missing, and left out of the sums/);
    await page.upload("signs.csv", "a,b\n1,-2\n3,4\n");
    await page.until(`document.querySelector(".many output")?.textContent === "2 of 2"`);
    await page.evaluate(`document.querySelector("form").requestSubmit()`);
    await page.until(`!document.querySelector(".problem").hidden`);
    assert.match(await page.text(".problem"), /-2 at row 1, column 2/);
  });
};
