import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openWorkspace } from "../../../kernels/engine/mod.ts";
import { denseFamily } from "../../../kernels/families/dense.ts";
import { spectralFamily } from "../../../kernels/families/spectral.ts";
import { type Entries, entriesOf } from "../../../solvers/completion/entries.ts";
import type { Iterate } from "../../../solvers/completion/iterate.ts";
import { createIterate, type Layout } from "../../../solvers/completion/layout.ts";
import { smoothedRank } from "../../../solvers/completion/shrinkage.ts";
import { checkObservations } from "../../../solvers/core/observations.ts";
import { createRandom } from "../../../mod.ts";
import { lowRank, singularValuesOf } from "./problems.ts";

const pause = () => Promise.resolve();

async function within(entries: Entries, layout: Layout, work: (iterate: Iterate) => Promise<void>): Promise<void> {
  const families = [denseFamily, spectralFamily];
  const workspace = await openWorkspace({ families, backend: "wasm", dtype: "f64", flops: 0 });
  try {
    await work(await createIterate(workspace, entries, layout, 0, pause));
  } finally {
    workspace.release();
  }
}

const gram = (rankLimit = 1000): Layout => ({ representation: "gram", rankLimit });
const entriesFor = (...given: Parameters<typeof lowRank>) =>
  entriesOf(checkObservations("observed", lowRank(...given).observed, "test"));

describe("steps of matrix completion", () => {
  it("decrease the smoothed rank for steps up to 1.9, and not for 2.1", async () => {
    const entries = entriesFor(30, 24, 4, 0.5, 1);
    for (const step of [0.5, 1, 1.5, 1.9, 2.1]) {
      let worst = -Infinity;
      await within(entries, gram(), async (iterate) => {
        const width = 0.15 * await iterate.largest(pause);
        let last = Infinity;
        for (let k = 0; k < 120; k++) {
          const cost = await iterate.step(smoothedRank(width, step), pause);
          worst = Math.max(worst, (cost - last) / cost);
          last = cost;
        }
      });
      if (step < 2) assert.ok(worst <= 1e-12, `a step of ${step} increases it by ${worst}`);
      else assert.ok(worst > 1e-6, `a step of ${step} increases it by ${worst} at most`);
    }
  });

  it("follow the gradient of the smoothed rank, which differences confirm", () => {
    const rows = 7, columns = 5, random = createRandom(2), width = 1.3;
    const x = Float64Array.from({ length: rows * columns }, random.normal), e = x.map(random.normal);
    const { cost } = smoothedRank(width);
    const smoothed = (data: Float64Array) => singularValuesOf(data, rows, columns).reduce((sum, s) => sum + cost(s), 0);
    // X - Y is width^2 times the gradient, and Y = exp(-X X^T / 2 width^2) X by its series.
    const g = new Float64Array(rows * rows), exponential = new Float64Array(rows * rows);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < rows; j++) {
        for (let k = 0; k < columns; k++) {
          g[i * rows + j] -= x[i * columns + k] * x[j * columns + k] / (2 * width * width);
        }
      }
    }
    let term = Float64Array.from({ length: rows * rows }, (_, at) => Number(at % (rows + 1) === 0));
    for (let order = 1; order < 80; order++) {
      term.forEach((value, at) => exponential[at] += value);
      const next = new Float64Array(rows * rows);
      for (let i = 0; i < rows; i++) {
        for (let k = 0; k < rows; k++) {
          for (let j = 0; j < rows; j++) next[i * rows + j] += term[i * rows + k] * g[k * rows + j] / order;
        }
      }
      term = next;
    }
    let slope = 0;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let value = 0;
        for (let k = 0; k < rows; k++) value += exponential[i * rows + k] * x[k * columns + j];
        slope += value / (width * width) * e[i * columns + j];
      }
    }
    const h = 1e-5, moved = (sign: number) => smoothed(x.map((value, at) => value + sign * h * e[at]));
    assert.ok(Math.abs((moved(1) - moved(-1)) / (2 * h) - slope) <= 1e-7, `${slope}`);
  });

  it("give the same by truncated singular values, held whole or by entries, as by all", async () => {
    const entries = entriesFor(60, 45, 3, 0.4, 3), errors: Record<string, number> = {};
    const { whole } = lowRank(60, 45, 3, 0.4, 3);
    const layouts: Layout[] = [gram(), gram(6)];
    for (const representation of ["dense", "sparse"] as const) {
      for (const rankLimit of [3, 8, 6]) layouts.push({ representation, rankLimit });
    }
    for (const layout of layouts) {
      await within(entries, layout, async (iterate) => {
        const largest = await iterate.largest(pause);
        for (let width = 4 * largest; width > 0.01 * largest; width *= 0.9) {
          for (let step = 0; step < 8; step++) await iterate.step(smoothedRank(width), pause);
        }
        const rows = Uint32Array.from(whole, (_, at) => Math.floor(at / 45));
        const found = iterate.at(rows, Uint32Array.from(whole, (_, at) => at % 45));
        const off = Math.hypot(...found.map((value, at) => value - whole[at]));
        errors[`${layout.representation} ${layout.rankLimit}`] = off / Math.hypot(...whole);
      });
    }
    const full = errors["gram 1000"];
    assert.ok(full < 1e-3, `${full}`);
    for (const [name, error] of Object.entries(errors)) {
      assert.ok(Math.abs(error - full) <= 0.05 * full + 1e-9, `${name}: ${error} instead of ${full}`);
    }
  });

  it("have the same momentum however the matrix is held, and none changes nothing", async () => {
    const entries = entriesFor(40, 30, 3, 0.4, 6), all = Uint32Array.from({ length: 1200 }, (_, at) => at);
    const places = [all.map((at) => Math.floor(at / 30)), all.map((at) => at % 30)] as const;
    const found: Float64Array[] = [];
    for (const representation of ["gram", "dense", "sparse"] as const) {
      for (const momentum of [0.7, 0, undefined]) {
        await within(entries, { representation, rankLimit: 30 }, async (iterate) => {
          const width = 0.3 * await iterate.largest(pause);
          for (let step = 0; step < 60; step++) await iterate.step(smoothedRank(width), pause, momentum);
          found.push(iterate.at(...places));
        });
      }
    }
    const [gram, plain] = found, size = Math.hypot(...gram);
    found.forEach((other, k) => {
      const off = Math.hypot(...other.map((value, at) => value - (k % 3 === 0 ? gram : plain)[at]));
      assert.ok(off <= 1e-6 * size, `${k}: ${off / size}`);
    });
    assert.ok(Math.hypot(...gram.map((value, at) => value - plain[at])) > 1e-6 * size, "momentum does something");
  });

  it("leave no denormal numbers behind, however far below the singular values the width falls", async () => {
    const entries = entriesFor(20, 15, 2, 0.7, 4);
    await within(entries, gram(), async (iterate) => {
      const largest = await iterate.largest(pause);
      for (let k = 0; k < 300; k++) await iterate.step(smoothedRank(largest * 0.9 ** Math.min(k, 150)), pause);
      const { values, left, right } = await iterate.factors();
      assert.ok(values.every((value) => value > 1e-10 * values[0]), `${values}`);
      for (const value of [...left, ...right]) assert.ok(value === 0 || Math.abs(value) > 1e-150);
    });
  });

  it("go to the matrix filled with zeros at a wide width, and through factors and back", async () => {
    const { observed } = lowRank(12, 9, 2, 0.5, 5), entries = entriesFor(12, 9, 2, 0.5, 5);
    for (const representation of ["gram", "dense", "sparse"] as const) {
      await within(entries, { representation, rankLimit: 4 }, async (iterate) => {
        const largest = await iterate.largest(pause);
        await iterate.step(smoothedRank(1e6 * largest), pause);
        const rows = Uint32Array.from(observed.rows), columns = Uint32Array.from(observed.columns);
        assert.ok(iterate.at(rows, columns).every((value) => Math.abs(value) < 1e-9 * largest));
        for (let k = 0; k < 20; k++) await iterate.step(smoothedRank(0.3 * largest), pause);
        iterate.mark();
        const before = iterate.at(rows, columns);
        await iterate.restore(await iterate.factors());
        const after = iterate.at(rows, columns);
        assert.ok(before.every((value, e) => Math.abs(value - after[e]) <= 1e-7 * largest));
        assert.ok(await iterate.change() <= 1e-6 * largest);
      });
    }
  });
});
