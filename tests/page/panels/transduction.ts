import assert from "node:assert/strict";
import { it } from "node:test";
import type { PanelTests } from "../on_page.ts";

const lines = Array.from({ length: 40 }, (_, i) => {
  const x = Math.sin(i * i), y = Math.cos(3 * i);
  return [x, y, x + y, x - 2 * y].map((value) => value.toFixed(4)).concat(i % 3 === 0 ? "?" : String(Number(x > 0)))
    .join(",");
});
const arff = `@relation r\n${["a", "b", "c", "d"].map((name) => `@attribute ${name} numeric`).join("\n")}
@attribute good {0,1}\n@data\n${lines.join("\n")}\n`;

/** The panel `transduction`. */
export const transduction: PanelTests = (page) => {
  it("predicts the labels of its example, and draws what it chose by", async () => {
    await page.solve();
    assert.match(await page.text(".summary p"), /of 600 labels were missing .* by 20 features/);
    const titles = await page.texts(".picture svg > title");
    assert.deepEqual(titles, [
      "Error of the features held out",
      "Known labels: the first 60 of 150 items",
      "Probability of 1: the first 60 of 150 items",
    ]);
  });

  it("takes ARFF with labels of words", async () => {
    await page.upload("songs.arff", arff);
    await page.until(`document.querySelectorAll(".many output")[1]?.textContent === "4 of 4"`);
    await page.solve();
    assert.match(await page.text(".summary p"), /14 of 40 labels were missing/);
  });
};
