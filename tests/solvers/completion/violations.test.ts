import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  completeMatrix,
  completeViolations,
  createRandom,
  DataError,
  foldIn,
  matrix,
  memoryUsage,
  OptionError,
  ShapeError,
  type ViolationCompletion,
  type ViolationOptions,
} from "../../../mod.ts";
import { openWorkspace } from "../../../kernels/engine/mod.ts";
import { denseFamily } from "../../../kernels/families/dense.ts";
import { spectralFamily } from "../../../kernels/families/spectral.ts";
import { type Entries, entriesOf } from "../../../solvers/completion/entries.ts";
import { pullToBin } from "../../../solvers/completion/fill.ts";
import type { Iterate } from "../../../solvers/completion/iterate.ts";
import { createIterate, type Layout } from "../../../solvers/completion/layout.ts";
import { smoothedRank } from "../../../solvers/completion/shrinkage.ts";
import { checkObservations } from "../../../solvers/core/observations.ts";
import { singularValuesOf } from "./problems.ts";
import { cutLowRank, violationObjective } from "./violations.ts";

const pause = () => Promise.resolve();
const exact = { holdout: 0, backend: "wasm" } as const;

/** An iterate over bins, in the units of the boundaries. */
async function within(
  { observed, boundaries }: ReturnType<typeof cutLowRank>,
  layout: Layout,
  work: (iterate: Iterate, entries: Entries) => Promise<void>,
): Promise<void> {
  const plain = entriesOf(checkObservations("levels", observed, "test"));
  const end = (other: number, infinite: number) => plain.values.map((level) => boundaries[level + other] ?? infinite);
  const bins = { lower: end(-1, -Infinity), upper: end(0, Infinity), threshold: 0.4, weight: 2 };
  const entries: Entries = { ...plain, bins };
  const workspace = await openWorkspace({
    families: [denseFamily, spectralFamily],
    backend: "wasm",
    dtype: "f64",
    flops: 0,
  });
  try {
    await work(await createIterate(workspace, entries, layout, 0, () => Promise.resolve()), entries);
  } finally {
    workspace.release();
  }
}

/** The filled matrix: what is found, and the proximal points of the violations. */
function filledOf(iterate: Iterate, entries: Entries): Float64Array {
  const [rows, columns] = entries.shape, all = Uint32Array.from({ length: rows * columns }, (_, at) => at);
  const x = iterate.at(all.map((at) => Math.floor(at / columns)), all.map((at) => at % columns));
  entries.rows.forEach((i, e) => {
    const at = i * columns + entries.columns[e];
    x[at] -= pullToBin(entries, e, x[at]).pull;
  });
  return x;
}

const gram: Layout = { representation: "gram", rankLimit: 1000 };
const small = { rows: 30, columns: 24, rank: 3, share: 0.5, seed: 4 };

describe("steps on violations", () => {
  it("do not increase the objective, which is that of the definition", async () => {
    await within(cutLowRank(small), gram, async (iterate, entries) => {
      const width = 0.2 * await iterate.largest(pause);
      let last = Infinity;
      for (let k = 0; k < 200; k++) {
        const x = k % 50 === 49 ? filledOf(iterate, entries) : undefined;
        const cost = await iterate.step(smoothedRank(width), pause);
        assert.ok(cost <= last * (1 + 1e-12), `step ${k}: ${cost} after ${last}`);
        last = cost;
        if (!x) continue;
        const truth = violationObjective(x, entries, width);
        assert.ok(Math.abs(cost - truth) <= 1e-9 * truth, `${cost}, in truth ${truth}`);
      }
    });
  });

  it("end where no direction leads down", async () => {
    const open = cutLowRank({ rows: 6, columns: 5, rank: 2, share: 1, seed: 2 }), { observed, boundaries } = open;
    // Closed bins: towards infinity there is always a way down.
    const closed = {
      ...open,
      boundaries: [boundaries[0] - 1, ...boundaries, boundaries[4] + 1],
      observed: { ...observed, values: observed.values.map((level) => level + 1) },
    };
    await within(closed, gram, async (iterate, entries) => {
      const width = 0.5 * await iterate.largest(pause), random = createRandom(3);
      for (let k = 0; k < 4000; k++) await iterate.step(smoothedRank(width), pause);
      const x = filledOf(iterate, entries), here = violationObjective(x, entries, width);
      for (let trial = 0; trial < 200; trial++) {
        const direction = x.map(random.normal);
        for (const size of [1e-2, 1e-4]) {
          const there = violationObjective(x.map((value, at) => value + size * direction[at]), entries, width);
          assert.ok(there >= here - 1e-5 * size, `${there} below ${here} at ${size}`);
        }
      }
    });
  });

  it("find the least of all values of one entry", async () => {
    for (const level of [0, 1, 2]) {
      const one = {
        whole: new Float64Array(1),
        boundaries: [1, 2],
        observed: { shape: [1, 1] as const, rows: [0], columns: [0], values: [level] },
      };
      await within(one, gram, async (iterate, entries) => {
        for (const width of [3, 1, 0.5]) {
          for (let k = 0; k < 3000; k++) await iterate.step(smoothedRank(width), pause);
          const cost = await iterate.step(smoothedRank(width), pause);
          let least = Infinity;
          for (let x = -1; x <= 4; x += 1e-4) {
            least = Math.min(least, violationObjective(Float64Array.of(x), entries, width));
          }
          assert.ok(Math.abs(cost - least) <= 1e-6 * (1 + least), `level ${level}, width ${width}: ${cost}, ${least}`);
        }
      });
    }
  });

  it("are the same however the matrix is held", async () => {
    const costs: number[][] = [];
    for (const representation of ["gram", "dense", "sparse"] as const) {
      const trail: number[] = [];
      await within(cutLowRank(small), { representation, rankLimit: 24 }, async (iterate) => {
        for (let k = 0; k < 60; k++) trail.push(await iterate.step(smoothedRank(8 * 0.94 ** k), pause));
      });
      costs.push(trail);
    }
    for (const trail of costs) {
      trail.forEach((cost, k) => assert.ok(Math.abs(cost - costs[0][k]) <= 1e-3 * costs[0][k], `step ${k}: ${cost}`));
    }
  });
});

const places = (rows: number, columns: number) => {
  const all = Array.from({ length: rows * columns }, (_, at) => at);
  return [all.map((at) => Math.floor(at / columns)), all.map((at) => at % columns)] as const;
};
const valuesOf = (fit: ViolationCompletion) => fit.predict(...places(...fit.shape)).values;

function distance(values: ArrayLike<number>, whole: Float64Array): number {
  const squares = whole.reduce((sum, value, at) => sum + (values[at] - value) ** 2, 0);
  return Math.sqrt(squares / whole.reduce((sum, value) => sum + value * value, 0));
}

function assertClose(values: Float64Array, wanted: Float64Array, share: number): void {
  assert.ok(distance(values, wanted) <= share, `${distance(values, wanted)}`);
}

describe("completeViolations", () => {
  it("is nearer than completion of the middles of bins, keeps to the bins, and finds the rank", async () => {
    for (const [rank, share, most] of [[2, 0.4, 0.4], [3, 0.7, 0.3]] as const) {
      const problem = cutLowRank({ rows: 60, columns: 50, rank, share, seed: 5 }), { observed, boundaries } = problem;
      const fit = await completeViolations(observed, { boundaries, ...exact }),
        error = distance(valuesOf(fit), problem.whole);
      const middles = observed.values.map((level) =>
        ((boundaries[level - 1] ?? 2 * boundaries[0] - boundaries[1]) +
          (boundaries[level] ?? 2 * boundaries.at(-1)! - boundaries.at(-2)!)) / 2
      );
      let least = Infinity;
      for (const method of ["srf", "soft-impute"] as const) {
        const plain = await completeMatrix({ ...observed, values: middles }, {
          method,
          offsets: false,
          backend: "wasm",
        });
        least = Math.min(least, distance(plain.predict(...places(60, 50)), problem.whole));
      }
      assert.ok(error < most && error < 0.85 * least, `${error} against ${least}`);
      assert.ok(fit.status === "converged" && fit.largestViolation <= 0.02, `${fit.largestViolation}`);
      assert.ok(fit.rank <= rank + 2, `rank ${fit.rank}`);
    }
  });

  it("stops above the noise, and reports what is true of its answer", async () => {
    const problem = cutLowRank({ rows: 60, columns: 50, rank: 2, share: 0.7, seed: 5, noise: 0.5 });
    const { observed, boundaries } = problem, weights = observed.values.map((_, e) => 0.5 + e % 3);
    const [held, narrow] = await Promise.all(
      [{}, exact].map((options) => completeViolations(observed, { boundaries, offsets: false, ...options })),
    );
    const errors = [held, narrow].map((fit) => distance(valuesOf(fit), problem.whole));
    assert.ok(errors[0] < 0.9 * errors[1], `${errors}`);
    assert.ok(held.holdout!.error < held.holdout!.baseline && held.width > narrow.width);
    for (const fit of [held, await completeViolations({ ...observed, weights }, { boundaries, threshold: 0.3 })]) {
      const own = fit === held ? observed : { ...observed, weights }, { values } = fit.predict(own.rows, own.columns);
      const low = matrix(60, 50);
      for (let i = 0, at = 0; i < 60; i++) {
        for (let j = 0; j < 50; j++, at++) {
          for (let k = 0; k < fit.rank; k++) {
            low.data[at] += fit.left.data[i * fit.rank + k] * fit.right.data[j * fit.rank + k];
          }
        }
      }
      let objective = singularValuesOf(low.data, 60, 50).reduce(
        (sum, s) => sum - Math.expm1(-s * s / 2 / fit.width ** 2),
        0,
      );
      let squares = 0, total = 0, largest = 0;
      own.values.forEach((level, e) => {
        const v = Math.max(
          0,
          values[e] - (boundaries[level] ?? Infinity),
          (boundaries[level - 1] ?? -Infinity) - values[e],
        );
        const weight = fit === held ? 1 : weights[e], { threshold } = fit;
        const price = v <= threshold ? v * v / 2 : threshold * (v - threshold / 2);
        objective += 2 * weight / (fit === held ? 1 : 2.5) * price / fit.width ** 2;
        [squares, total, largest] = [squares + weight * v * v, total + weight, Math.max(largest, v)];
      });
      for (
        const [said, truth] of [
          [fit.objective, objective],
          [fit.violation, Math.sqrt(squares / total)],
          [fit.largestViolation, largest],
        ]
      ) assert.ok(Math.abs(said - truth) <= 1e-9 * truth, `${said}, in truth ${truth}`);
    }
  });

  it("does not depend on order, side, sign or unit", async () => {
    const { observed, boundaries } = cutLowRank(small), { rows: height, columns: width } = small;
    const options = { ...exact, maxIterations: 300 },
      fit = await completeViolations(observed, { boundaries, ...options });
    const values = valuesOf(fit);
    const turned = await completeViolations(
      { ...observed, shape: [width, height], rows: observed.columns, columns: observed.rows },
      { boundaries, ...options },
    );
    const [rows, columns] = places(height, width);
    assertClose(turned.predict(columns, rows).values, values, 1e-9);
    const row = (i: number) => (7 * i + 3) % height, column = (j: number) => (11 * j + 5) % width;
    const mixed = await completeViolations(
      { ...observed, rows: observed.rows.map(row), columns: observed.columns.map(column) },
      { boundaries, ...options },
    );
    assertClose(mixed.predict(rows.map(row), columns.map(column)).values, values, 1e-9);
    const mirrored = await completeViolations(
      { ...observed, values: observed.values.map((level) => boundaries.length - level) },
      { boundaries: boundaries.map((b) => -b).reverse(), ...options },
    );
    assertClose(valuesOf(mirrored).map((value) => -value), values, 1e-9);
    for (const unit of [1e-8, 1e8, 1e80]) {
      const scaled = await completeViolations(observed, { boundaries: boundaries.map((b) => unit * b), ...options });
      assertClose(valuesOf(scaled).map((value) => value / unit), values, 1e-9);
      assert.ok(Math.abs(scaled.objective - fit.objective) <= 1e-9 * fit.objective);
    }
  });

  it("finds nothing of low rank in noise alone, as completeMatrix does", async () => {
    const ranks: number[] = [], found = { backend: "wasm" } as const;
    for (const [rows, columns, share] of [[20, 20, 0.7], [40, 30, 0.5], [10, 60, 0.6]] as const) {
      for (let seed = 0; seed < 6; seed++) {
        const { normal, uniform } = createRandom(1000 + seed);
        const places = Array.from({ length: rows * columns }, (_, at) => at).filter(() => uniform() < share);
        const values = places.map(normal),
          levels = values.map((value) => value < -1 ? 0 : value < 0 ? 1 : value < 1 ? 2 : 3);
        const at = {
          shape: [rows, columns] as const,
          rows: places.map((place) => Math.floor(place / columns)),
          columns: places.map((place) => place % columns),
        };
        ranks.push((await completeViolations({ ...at, values: levels }, { boundaries: [-1, 0, 1], ...found })).rank);
        ranks.push((await completeMatrix({ ...at, values }, found)).rank);
      }
    }
    // Two standard errors: a few of a hundred draws may seem to have something.
    assert.ok(ranks.filter((rank) => rank > 0).length <= 1, `ranks ${ranks}`);
  });

  it("fits offsets, takes weights, and tells of empty lines", async () => {
    const random = createRandom(8), rows: number[] = [], columns: number[] = [], values: number[] = [];
    const own = Array.from({ length: 40 }, random.normal), other = Array.from({ length: 30 }, random.normal);
    const boundaries = [3, 4, 5, 6, 7], truth = (i: number, j: number) => 5 + own[i] + other[j];
    for (let i = 0; i < 39; i++) {
      for (let j = 0; j < 30; j++) {
        if (random.uniform() < 0.5) continue;
        rows.push(i), columns.push(j), values.push(boundaries.filter((b) => truth(i, j) > b).length);
      }
    }
    const fit = await completeViolations({ shape: [40, 30], rows, columns, values }, { boundaries, offsets: true });
    assert.ok(fit.offsets && Math.abs(fit.offsets.mean - 5) < 0.5);
    assert.match(fit.remarks.join(), /row 39 has none, and is predicted by the offsets alone/);
    const counted = (share: number) => {
      const all = places(39, 30), found = fit.predict(...all).values;
      return found.filter((value, at) => Math.abs(value - truth(all[0][at], all[1][at])) < share).length / found.length;
    };
    assert.ok(counted(0.5) > 0.85, `${counted(0.5)}`);
    const blank = values.map((_, e) => e % 6 === 0 ? 0 : 1), kept = <T>(list: T[]) => list.filter((_, e) => e % 6);
    const [one, two] = await Promise.all([
      completeViolations({ shape: [40, 30], rows, columns, values, weights: blank }, { boundaries }),
      completeViolations({ shape: [40, 30], rows: kept(rows), columns: kept(columns), values: kept(values) }, {
        boundaries,
      }),
    ]);
    assert.deepEqual(one.left.data, two.left.data);
  });

  it("folds in rows as the fit has them", async () => {
    const { observed, boundaries, whole } = cutLowRank({ rows: 60, columns: 40, rank: 2, share: 0.8, seed: 3 });
    const fit = await completeViolations(observed, { boundaries, ...exact });
    const folded = await foldIn(fit, observed), all = places(60, 40), { values } = folded.predict(...all);
    assertClose(values, valuesOf(fit), 0.1);
    assert.ok(distance(values, whole) < 0.3);
    assert.equal(folded.left.shape[1], fit.rank);
    const empty = await foldIn(fit, { shape: [1, 40], rows: [], columns: [], values: [] });
    assert.equal(empty.predict([0], [3]).values[0], 0);
    await assert.rejects(foldIn(fit, { shape: [1, 39], rows: [], columns: [], values: [] }), ShapeError);
    await assert.rejects(foldIn(fit, { shape: [1, 40], rows: [0], columns: [0], values: [6] }), DataError);
  });

  it("stops at limits, and leaves no memory behind", async () => {
    const { observed, boundaries } = cutLowRank({ rows: 300, columns: 200, rank: 3, share: 0.3, seed: 1 });
    const place = { boundaries, backend: "wasm" } as const;
    assert.equal((await completeViolations(observed, { ...place, timeLimitMs: 60 })).status, "time-limit");
    const { used } = memoryUsage();
    const few = await completeViolations(observed, { ...place, maxIterations: 3 });
    assert.deepEqual([few.status, few.iterations], ["iteration-limit", 3]);
    const signal = AbortSignal.timeout(30);
    await assert.rejects(completeViolations(observed, { ...place, signal }), (error) => error === signal.reason);
    assert.equal(memoryUsage().used, used);
  });

  it("takes entries of one level, and all of them", async () => {
    const all = { shape: [2, 2] as const, rows: [0, 0, 1, 1], columns: [0, 1, 0, 1], values: [1, 1, 1, 1] };
    for (const boundaries of [[-1, 1], [1, 2]]) {
      const fit = await completeViolations(all, { boundaries, ...exact });
      assert.ok(fit.largestViolation <= 1e-3, `${fit.largestViolation}`);
      assert.ok(fit.remarks.some((remark) => /All entries are observed/.test(remark)));
    }
  });

  const levels = { shape: [2, 3] as const, rows: [0, 0, 1], columns: [0, 1, 2], values: [0, 1, 2] };
  const refused: readonly [string, object, object, abstract new (...of: never[]) => Error, RegExp][] = [
    ["a level beyond the boundaries", { values: [0, 1, 3] }, {}, DataError, /level 3 at row 1, column 2/],
    ["a level that is no whole number", { values: [0, 1.5, 2] }, {}, DataError, /1\.5/],
    ["NaN", { values: [0, NaN, 2] }, {}, DataError, /NaN/],
    ["an entry that stands there twice", { columns: [0, 0, 2] }, {}, DataError, /row 0, column 0|as entry 0/],
    ["no entries", { rows: [], columns: [], values: [] }, {}, DataError, /no entries/],
    ["boundaries that do not rise", {}, { boundaries: [2, 1] }, OptionError, /rise/],
    ["no boundaries", {}, { boundaries: undefined }, OptionError, /boundaries.*missing/],
    ["one boundary without a threshold", { values: [0, 1, 1] }, { boundaries: [0] }, OptionError, /threshold/],
    ["a threshold of 0", {}, { threshold: 0 }, OptionError, /threshold/],
    ["an option of another solver", {}, { lambda: 1 }, OptionError, /lambda/],
  ];
  for (const [what, data, options, type, message] of refused) {
    it(`refuses ${what}`, () =>
      assert.rejects(
        completeViolations({ ...levels, ...data }, { boundaries: [-1, 1], ...options } as ViolationOptions),
        (error) => error instanceof type && message.test(error.message),
      ));
  }
});
