import assert from "node:assert/strict";
import { it } from "node:test";
import { opened, type PanelTests } from "../on_page.ts";

const rows = Array.from({ length: 60 }, (_, i) => {
  const [a, b, c] = [i % 7, (i * i) % 5, (3 * i) % 11];
  return `site ${i % 4},${a},${b},${c},${2 * a - 3 * b + (i % 3 - 1) / 10}`;
});
const csv = `place,"dose, mg",age,noise,growth\n${rows.join("\n")}\n`;

/** The panel `regression`. */
export const regression: PanelTests = (page) => {
  const chooseTarget = async () => {
    const at = await page.evaluate<string>(
      `[...document.querySelector("[name=target]").options].find((option) => option.text.startsWith("growth")).value`,
    );
    await page.set("target", at);
  };

  it("finds the features of its example by cross-validation, and draws errors and coefficients", async () => {
    await page.solve();
    assert.match(await page.text(".summary p"), /of 40 features explain [\d.]+ % of the variance of y/);
    assert.match(await page.text(".summary"), /least mean squared error/);
    const features = await page.texts("tbody th");
    for (const feature of ["x5", "x13", "x21", "x29", "x37"]) assert.ok(features.includes(feature), features.join());
    const titles = await page.texts(".picture svg > title");
    assert.match(titles[0], /Error in cross-validation/);
    assert.equal(titles[1], "Coefficients");
  });

  it("takes a table, its columns by choice, and marks the target as no feature", async () => {
    await page.upload("cells.csv", csv);
    await page.until(`document.querySelector("[name=target]")?.options.length === 5`);
    await page.click("run");
    assert.match(await page.text(".problem:not([hidden])"), /Target: choose one first/);
    await chooseTarget();
    assert.equal(await page.text(".many output"), "3 of 4");
    await page.set("judge", "bic");
    await page.solve();
    assert.match(await page.text(".summary p"), /^2 of 3 features explain (99|100)[\d.]* % of the variance of growth/);
    assert.deepEqual(await page.texts("tbody th"), ["(intercept)", "dose, mg", "age"]);
    assert.match((await page.texts(".pick")).join(), /place 4 different words/);
    const coefficients = (await page.texts("tbody td")).map(Number);
    assert.ok(Math.abs(coefficients[1] - 2) < 0.05 && Math.abs(coefficients[2] + 3) < 0.05, coefficients.join());
  });

  it("reads a table as it is said to be written: encoding, decimal sign, delimiter, words for what is missing", async () => {
    const lines = rows.slice(0, 40).map((row, i) => {
      const [, a, b, , growth] = row.split(",");
      return `${i === 7 ? "keine" : a},5;${b};${String(growth).replace(".", ",")}`;
    }).map((line) => line.replace("keine,5", "keine"));
    const text = `gr\u00f6\u00dfe;b;growth\n${lines.join("\n")}\n`;
    await page.upload("latin1.csv", [...text].map((character) => character.charCodeAt(0)));
    await page.until(`!document.querySelector(".problem").hidden`);
    assert.match(await page.text(".problem"), /encoding/);
    await page.set("encoding", "latin1");
    await page.set("delimiter", "semicolon");
    await page.set("decimal", "comma");
    await page.set("missingWords", "keine, n.v.");
    await page.until(`document.querySelector("[name=target]")?.options.length === 4`);
    assert.match((await page.texts(".pick")).join(), /größe 0.5 to 6.5, 1 missing/);
    await chooseTarget();
    await page.set("judge", "bic");
    await page.solve();
    assert.match(await page.text(".summary p"), /of 2 features explain (99|100)[\d.]* % of the variance of growth/);
    for (const name of ["encoding", "delimiter", "decimal", "missingWords"]) await page.set(name, "");
  });

  it("says at the field what the solver refuses", async () => {
    await page.upload("cells.csv", csv);
    await page.until(`document.querySelector("[name=target]")?.options.length === 5`);
    await chooseTarget();
    await page.set("judge", "cross-validation");
    await page.set("folds", 1000);
    await page.solve();
    assert.match(await page.text(".problem:not([hidden])"), /"folds"/);
    assert.equal(await page.evaluate(`document.activeElement.name`), "folds");
    assert.equal(await page.evaluate(`document.activeElement.getAttribute("aria-invalid")`), "true");
    await page.set("folds", "");
    assert.equal(await page.evaluate(`document.querySelector("[name=folds]").hasAttribute("aria-invalid")`), false);
  });

  it("leaves out rows with a missing value and says so; refuses a table that is none", async () => {
    await page.upload("gaps.csv", csv.replace("site 1,1,", "site 1,,"));
    await page.until(`document.querySelector("[name=target]")?.options.length === 5`);
    assert.match((await page.texts(".pick")).join(), /dose, mg 0 to 6, 1 missing/);
    await chooseTarget();
    await page.solve();
    assert.match(await page.text(".remarks"), /1 row was left out/);
    await page.set("missing", "mean");
    await page.until(`document.querySelector("[name=target]")?.options.length === 5`);
    await chooseTarget();
    await page.solve();
    assert.match(await page.text(".remarks"), /^1 missing value was replaced by the mean/);
    await page.set("missing", "drop");
    await page.upload("table.xlsx", [0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0, 0]);
    await page.until(`!document.querySelector(".problem").hidden`);
    assert.match(await page.text(".problem"), /table\.xlsx is a zip archive: a spreadsheet/);
    await page.upload("ragged.csv", "a,b\n1,2\n3\n");
    await page.until(`document.querySelector(".problem").textContent.includes("ragged")`);
    assert.match(await page.text(".problem"), /line 3 has 1 cell instead of 2/);
    assert.equal(await page.evaluate(`Boolean(${opened})`), false);
  });
};
