import assert from "node:assert/strict";
import { it } from "node:test";
import type { PanelTests } from "../on_page.ts";

/** The panel `graph`. */
export const graph: PanelTests = (page) => {
  it("finds the graph of its example along a path, and draws it", async () => {
    await page.solve();
    assert.match(
      await page.text(".summary p"),
      /^\d+ edges among 24 variables in 400 rows, the least ebic among \d+ graphs/,
    );
    const titles = await page.texts(".picture svg > title");
    assert.ok(titles.includes("EBIC along the path") && titles.includes("Partial correlations"), titles.join());
    assert.ok(await page.evaluate<number>(`document.querySelectorAll(".picture svg text").length`) > 24);
  });

  it("takes a table, the variables by choice, and a price", async () => {
    const rows = Array.from({ length: 50 }, (_, i) => {
      const a = Math.sin(i * 12.9898) * 43758.5453 % 1, b = Math.sin(i * 78.233) * 12543.123 % 1;
      return `${a},${a + 0.3 * b},${b},${Math.sin(i * 37.719) * 9431.7 % 1}`;
    });
    await page.upload(
      "cells.csv",
      `rain,river,wind,"a name that is rather long for a table, but is there"\n${rows.join("\n")}\n`,
    );
    await page.until(`document.querySelectorAll(".pick").length === 4`);
    await page.set("transform", "normal-scores");
    await page.set("lambda0", 0.2);
    await page.solve();
    assert.match(await page.text(".summary p"), /edges? among 4 variables in 50 rows, at the price 0\.2/);
    assert.match((await page.texts("tbody th")).join(), /rain – river/);
    assert.match((await page.texts(".pick")).join(), /a name that is rather long for a table, but is there/);
  });

  it("colours groups, and says at their field what is none", async () => {
    await page.set("groups", "r*: water; wind: air");
    await page.solve();
    // Pictures may be drawn after the answer has come.
    await page.until(
      `[...document.querySelectorAll(".picture svg text")].some(({ textContent }) => textContent === "water")`,
    );
    const fills = await page.evaluate<string[]>(`[...document.querySelectorAll(".picture svg rect[rx]")]
      .map((box) => box.getAttribute("fill"))`);
    assert.ok(new Set(fills).size >= 3, fills.join());
    await page.set("groups", "rian: water");
    await page.solve();
    assert.match(await page.text(".problem:not([hidden])"), /no variable is called rian/);
    assert.equal(await page.evaluate(`document.activeElement.name`), "groups");
    assert.equal(await page.evaluate(`document.activeElement.getAttribute("aria-invalid")`), "true");
    await page.set("groups", "");
  });
};
