import assert from "node:assert/strict";
import { it } from "node:test";
import type { PanelTests } from "../on_page.ts";

const rows = Array.from({ length: 60 }, (_, i) => {
  const [a, b, c] = [i % 7, (i * i) % 5, (3 * i) % 11], site = i % 3;
  return `site ${site},${a},${b},${c},${(1 + site) * a - 3 * b + site + (i % 2) / 10}`;
});
const csv = `place,dose,age,noise,growth\n${rows.join("\n")}\n`;

/** The panel `multitask`. */
export const multitask: PanelTests = (page) => {
  it("finds what the tasks of its example share, and draws errors, supports and agreement", async () => {
    await page.solve();
    assert.match(await page.text(".summary p"), /^y in 6 tasks by \d+ of 30 features, [4-9] of them in all tasks/);
    const features = await page.texts("tbody th");
    for (const feature of ["x4", "x12", "x19", "x27"]) assert.ok(features.includes(feature), features.join());
    const titles = await page.texts(".picture svg > title");
    assert.match(titles[0], /Cross-validation of y/);
    assert.match(titles[1], /Coefficients of the tasks/);
    assert.match(titles[2], /Agreement/);
  });

  it("takes a table whose words say the task, and names what is wrong", async () => {
    await page.upload("sites.csv", csv);
    await page.until(`document.querySelector("[name=target]")?.options.length === 4`);
    const at = await page.evaluate<number>(
      `[...document.querySelector("[name=target]").options].findIndex((option) => option.text.startsWith("growth"))`,
    );
    await page.set("target", at);
    await page.solve();
    assert.match(await page.text(".summary p"), /^growth in 3 tasks by 2 of 3 features, 2 of them in all tasks/);
    await page.set("folds", 50);
    await page.click("run");
    await page.until(`!document.querySelector(".problem").hidden`);
    assert.match(await page.text(".problem"), /at most the 20 samples of the largest task/);
  });
};
