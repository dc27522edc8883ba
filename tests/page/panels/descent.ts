import assert from "node:assert/strict";
import { it } from "node:test";
import type { PanelTests } from "../on_page.ts";

const rows = Array.from(
  { length: 30 },
  (_, i) => `${i % 7},${(i * i) % 11},${(i % 7) * 2 - (i * i) % 11 + (i % 3) / 3}`,
);
const csv = `a,b,y\n${rows.join("\n")}\n`;

/** The panel `descent`. */
export const descent: PanelTests = (page) => {
  /** Moves a slider, and waits for what follows. */
  const move = async (name: string, place: number) => {
    await page.evaluate(`(() => {
      const slider = document.querySelector('.sliders [name="${name}"]');
      slider.value = ${place};
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    })()`);
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))");
  };
  const numberAfter = (text: string, words: RegExp) => Number(words.exec(text)?.[1]);

  it("decomposes its example, and draws bias, variance and risk", async () => {
    await page.solve();
    assert.match(await page.text(".summary p"), /y by 100 features in 200 rows: 100 directions/);
    const titles = await page.texts(".picture svg > title");
    assert.deepEqual(titles, [
      "Bias, variance and risk by steps",
      "Share of each direction that is fitted",
      "Loss by steps",
    ]);
    assert.equal((await page.texts(".sliders input")).length, 4);
  });

  it("sentences and curves follow the sliders at once, and end where they began", async () => {
    const said = () => page.text(".moved .summary"), drawn = () => page.text(".moved .picture");
    const curve = () =>
      page.evaluate<string>(`document.querySelector(".moved .picture path[fill=none]").getAttribute("d")`);
    const first = await said(),
      before = await curve(),
      place = await page.evaluate<number>(
        `Number(document.querySelector('.sliders [name="rho"]').value)`,
      );
    const risk = numberAfter(first, /risk is ([\d.e-]+):/), best = numberAfter(first, /At best it is ([\d.e-]+),/);
    assert.ok(risk >= best && risk < 1.02 * best, first);
    await move("rho", 0);
    const plain = await said();
    // Without rho it is gradient descent, which the sentences compare with.
    const [, own, others] = /At best it is ([\d.e-]+), after \d+; .* at best ([\d.e-]+),/.exec(plain)!;
    assert.equal(own, others);
    assert.notEqual(await curve(), before);
    await move("rho", place);
    assert.equal(await said(), first);
    assert.equal(await curve(), before);
    await move("stop", 0);
    assert.match(await said(), /Stopped after 0 steps .* variance 0\./);
    await move("rate", 100);
    assert.match(await said(), /The steps do not converge/);
    assert.ok((await drawn()).includes("risk"));
    const ms = await page.evaluate<number>(`(async () => {
      const slider = document.querySelector('.sliders [name="noise"]'), begin = performance.now();
      for (let place = 0; place < 10; place++) {
        slider.value = place;
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        await new Promise((done) => requestAnimationFrame(done));
      }
      return performance.now() - begin;
    })()`);
    assert.ok(ms < 5000, `ten moves took ${ms} ms`);
  });

  it("takes a table without a truth, with the risk estimated, and kernels", async () => {
    await page.upload("table.csv", csv);
    await page.until(`document.querySelector(".many output")?.textContent === "2 of 2"`);
    await page.solve();
    assert.match(await page.text(".moved .summary p"), /the estimated risk is/);
    assert.match(await page.text(".answer > .summary"), /from the residual of least squares/);
    await page.set("kernel", "gaussian");
    await page.solve();
    assert.match(await page.text(".summary p"), /by a gaussian kernel in 30 rows/);
  });
};
