import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  accumulateGram,
  createRandom,
  crossValidateRegression,
  init,
  type Matrix,
  matrix,
  nearestPositiveDefinite,
  OptionError,
  parseCsv,
  quantizeLayer,
  serializeCsv,
  type SparseMatrix,
  sparsePrecision,
  sparsePrecisionPath,
  sparseRegression,
  sparseRegressionPath,
} from "../../../mod.ts";
import { nearestName } from "../../../solvers/core/names.ts";
import {
  callback,
  choice,
  denseMatrix,
  edges,
  flag,
  group,
  indices,
  type IndicesLike,
  integer,
  list,
  names,
  number,
  type OptionTable,
  required,
  signal,
  sparseMatrix,
  text,
  vector,
} from "../../../solvers/core/options.ts";
import type { VectorLike } from "../../../solvers/core/matrix.ts";
import { resolveOptions } from "../../../solvers/core/resolve_options.ts";

interface Inner {
  readonly share: number;
  readonly whole?: boolean;
}

interface Options {
  readonly price: number;
  readonly bound?: number;
  readonly count?: number;
  readonly method?: "fast" | "best";
  readonly bits?: 2 | 4;
  readonly mark?: string;
  readonly words?: readonly string[];
  readonly scale?: boolean;
  readonly grid?: readonly number[];
  readonly weights?: VectorLike;
  readonly always?: IndicesLike;
  readonly edges?: readonly (readonly [number, number])[];
  readonly target?: Matrix;
  readonly initial?: SparseMatrix;
  readonly group?: Inner;
  readonly signal?: AbortSignal;
  readonly onProgress?: (share: number) => void;
}

const inner: OptionTable<Inner> = {
  share: required(number({ least: 0, most: 1, about: "A share." })),
  whole: flag({ default: false, about: "All of it." }),
};

type Open = "grid" | "weights" | "always" | "target" | "initial" | "group" | "signal" | "onProgress";

const table: OptionTable<Options, Open> = {
  price: required(number({ least: 0, most: 100, about: "A price." })),
  bound: number({ least: 0, above: true, most: 10, infinite: true, default: Infinity, about: "A bound." }),
  count: integer({ least: 1, most: 1000, default: 7, about: "A count." }),
  method: choice(["fast", "best"], { default: "best", about: "A method." }),
  bits: choice([2, 4], { default: 4, about: "Bits." }),
  mark: text({ default: "#", about: "A mark." }),
  words: names({ default: [], about: "Words." }),
  scale: flag({ default: true, about: "Scaling." }),
  grid: list({ least: 0, most: 1, about: "Prices." }),
  weights: vector({ least: 0, most: 1e6, about: "Weights." }),
  always: indices({ about: "Features." }),
  edges: edges({ default: [], about: "Edges." }),
  target: denseMatrix({ about: "A target." }),
  initial: sparseMatrix({ about: "A start." }),
  group: group(inner, { about: "A group." }),
  signal: signal("A signal."),
  onProgress: callback("A callback."),
};

const resolve = (options: object | undefined) => resolveOptions(table, options as Options, "the test");

/** The error that options meet, which must name an argument. */
function refusal(options: object | undefined): { argument: string; message: string } {
  try {
    resolve(options);
  } catch (error) {
    assert.ok(error instanceof OptionError, `${error}`);
    return error;
  }
  assert.fail(`${JSON.stringify(options)} was taken`);
}

describe("resolveOptions", () => {
  it("fills in defaults, and takes undefined as left out", () => {
    const filled = {
      price: 1,
      bound: Infinity,
      count: 7,
      method: "best",
      bits: 4,
      mark: "#",
      words: [],
      scale: true,
      grid: undefined,
      weights: undefined,
      always: undefined,
      edges: [],
      target: undefined,
      initial: undefined,
      group: undefined,
      signal: undefined,
      onProgress: undefined,
    };
    assert.deepEqual(resolve({ price: 1 }), filled);
    assert.deepEqual(resolve({ price: 1, count: undefined, method: undefined, group: undefined }), filled);
    assert.deepEqual(resolve({ price: 1, group: { share: 0.5 } }).group, { share: 0.5, whole: false });
  });

  it("takes the ends of every range, and nothing beyond", () => {
    for (const price of [0, 100]) assert.equal(resolve({ price }).price, price);
    for (const price of [-1e-9, 100.1, NaN, Infinity, "1", null, [1], true]) {
      assert.equal(refusal({ price }).argument, "price");
    }
    for (const bound of [Number.MIN_VALUE, 10, Infinity]) assert.equal(resolve({ price: 0, bound }).bound, bound);
    for (const bound of [0, 11, -Infinity]) assert.equal(refusal({ price: 0, bound }).argument, "bound");
    for (const count of [1, 1000]) assert.equal(resolve({ price: 0, count }).count, count);
    for (const count of [0, 1001, 1.5, 2 ** 53, Infinity]) assert.equal(refusal({ price: 0, count }).argument, "count");
  });

  it("refuses every other kind of value by its name", () => {
    const wrong: readonly [keyof Options, unknown, RegExp][] = [
      ["method", "worst", /expected "fast" or "best", received "worst"\.$/],
      ["bits", "4", /expected 2 or 4, received "4"\.$/],
      ["scale", 1, /expected true or false, received 1\.$/],
      ["grid", 1, /expected an array of numbers from 0 to 1, one at least, received 1\.$/],
      ["grid", [], /expected an array of numbers from 0 to 1, one at least, received \[\]\.$/],
      ["weights", { 0: 1 }, /expected a Float32Array, a Float64Array or an array of numbers, received {"0":1}\.$/],
      ["always", new Float64Array(1), /expected a Uint32Array or an array of indices/],
      ["group", 1, /expected { share, whole\? }, received 1\.$/],
      ["signal", {}, /expected an AbortSignal/],
      ["onProgress", 1, /expected a function, received 1\.$/],
    ];
    for (const [argument, value, message] of wrong) {
      const error = refusal({ price: 1, [argument]: value });
      assert.equal(error.argument, argument);
      assert.match(error.message, message);
    }
    assert.throws(() => resolve({ price: 1, initial: {} }), TypeError);
    assert.throws(() => resolve({ price: 1, target: [[1]] }), TypeError);
    assert.throws(() => resolve({ price: 1, target: matrix(1, 1, Float64Array.of(NaN)) }), { argument: "target" });
    assert.equal(refusal([] as object).argument, "options");
    assert.equal(refusal(null as unknown as object).argument, "options");
  });

  it("names the element of a vector that is wrong", () => {
    assert.equal(refusal({ price: 1, grid: [0, 2] }).argument, "grid[1]");
    assert.equal(refusal({ price: 1, weights: [1, NaN] }).argument, "weights[1]");
    assert.equal(refusal({ price: 1, weights: new Float32Array([1, 1, -1]) }).argument, "weights[2]");
    assert.equal(refusal({ price: 1, weights: [1, "1"] }).argument, "weights[1]");
    for (const index of [-1, 0.5, 2 ** 32]) {
      assert.equal(refusal({ price: 1, always: [0, index] }).argument, "always[1]");
    }
  });

  it("takes text and names, and names the one that is wrong", () => {
    const { mark, words } = resolve({ price: 1, words: ["a", ""] });
    assert.deepEqual([mark, words], ["#", ["a", ""]]);
    assert.match(refusal({ price: 1, mark: "" }).message, /"mark": expected text, received ""/);
    assert.match(refusal({ price: 1, words: "a" }).message, /"words": expected an array of names, received "a"/);
    assert.equal(refusal({ price: 1, words: ["a", 1] }).argument, "words[1]");
  });

  it("takes the holes of an array for what they are: nothing", () => {
    const holed = new Array(3);
    for (const option of ["grid", "words", "weights", "always", "edges"]) {
      assert.equal(refusal({ price: 1, [option]: holed }).argument, `${option}[0]`);
    }
    assert.equal(refusal({ price: 1, edges: [[0, 1], new Array(2)] }).argument, "edges[1]");
  });

  it("gives typed vectors for ordinary arrays, and typed ones as they are", () => {
    const { weights, always } = resolve({ price: 1, weights: [1, 2], always: [3, 0] });
    assert.deepEqual(weights, new Float64Array([1, 2]));
    assert.deepEqual(always, new Uint32Array([3, 0]));
    const typed = { weights: new Float32Array([1]), always: new Uint32Array([2]) };
    const same = resolve({ price: 1, ...typed });
    assert.ok(same.weights === typed.weights && same.always === typed.always);
  });

  it("tells an unknown name before all else, with the nearest known one", () => {
    const { argument, message } = refusal({ prise: 1, count: -1 });
    assert.equal(argument, "prise");
    assert.match(message, /^Cannot use "prise": the test has no such option; the nearest is "price"\.$/);
    assert.match(refusal({ price: 1, xyzzy: 1 }).message, /known are price, bound, count, method,/);
    assert.equal(refusal({ price: 1, group: { share: 1, hole: true } }).argument, "group.hole");
    assert.equal(refusal({ price: 1, ["__proto__x"]: 1 }).argument, "__proto__x");
    assert.equal(refusal(JSON.parse('{ "price": 1, "__proto__": 1 }')).argument, "__proto__");
    assert.equal(refusal({ price: 1, toString: 1 }).argument, "toString");
  });

  it("takes own properties alone", () => {
    assert.equal(refusal(Object.create({ price: 1 })).argument, "price");
    const inheriting = Object.assign(Object.create({ count: -1, prise: 1 }), { price: 1 });
    assert.equal(resolve(inheriting).count, 7);
    assert.equal(refusal({ price: 1, group: Object.create({ share: 1 }) }).argument, "group.share");
  });

  it("names a required option that is missing", () => {
    for (const options of [undefined, {}, { price: undefined }]) {
      assert.match(refusal(options).message, /^The option "price" of the test is missing: expected a number from 0/);
    }
    assert.equal(refusal({ price: 1, group: {} }).argument, "group.share");
  });
});

describe("options without a table", () => {
  const refused = (argument: string, message: RegExp) => ({ name: "OptionError", argument, message });
  const nothing = null as never;

  it("are refused by a name that is not known, with the nearest: init, parseCsv, serializeCsv", async () => {
    await assert.rejects(
      init({ maximumMemoryByte: 1 << 20 } as object),
      refused("maximumMemoryByte", /the engine has no such option; the nearest is "maximumMemoryBytes"\.$/),
    );
    await assert.rejects(
      init({ crossovers: { thread: 1 } as object }),
      refused("crossovers.thread", /the nearest is "threads"\.$/),
    );
    assert.throws(
      () => parseCsv("1\n", { delimeter: ";" } as object),
      refused("delimeter", /nearest is "delimiter"\.$/),
    );
    assert.throws(
      () => serializeCsv({ matrix: matrix(1, 1) }, { delimeter: ";" } as object),
      refused("delimeter", /nearest is "delimiter"\.$/),
    );
  });

  it("are refused where they are none, or of another kind: init, parseCsv", async () => {
    await assert.rejects(init(nothing), refused("options", /expected an object, received null\.$/));
    await assert.rejects(init({ crossovers: nothing }), refused("crossovers", /expected an object, received null\.$/));
    assert.throws(() => parseCsv("1\n", nothing), refused("options", /expected an object, received null\.$/));
    assert.throws(() => parseCsv("1\n", { missing: "NaN" as "nan" }), refused("missing", /expected "error", "nan", /));
    assert.throws(() => parseCsv("1\n", { header: 1 as never }), refused("header", /expected true or false/));
    assert.throws(() => parseCsv("1\n", { delimiter: "x".repeat(1e6) }), refused("delimiter", /x\.\.\.\.$/));
  });

  it("count as their own alone: parseCsv", () => {
    assert.equal(parseCsv("1;2\n", Object.create({ delimiter: "," })).columns.length, 2);
  });
});

describe("createRandom", () => {
  it("refuses a seed that is no whole number", () => {
    for (const seed of ["x", null, NaN, 0.5, Infinity]) {
      assert.throws(
        () => createRandom(seed as number),
        { name: "OptionError", argument: "seed", message: /^Cannot use "seed": expected a whole number, received / },
      );
    }
    assert.equal(createRandom(-1).uniform(), createRandom(2 ** 32 - 1).uniform());
  });
});

describe("OptionTable", () => {
  it("makes a missing, a superfluous and a wrong entry errors of types", () => {
    const { share, whole } = inner;
    // @ts-expect-error An option of the interface has no entry.
    const missing: OptionTable<Inner> = { share };
    // @ts-expect-error An entry is no option of the interface.
    const superfluous: OptionTable<Inner> = { share, whole, half: flag({ default: true, about: "Half of it." }) };
    // @ts-expect-error A required option must be required by its entry.
    const optional: OptionTable<Inner> = { share: number({ least: 0, most: 1, default: 1, about: "A share." }), whole };
    // @ts-expect-error An option without a default must be declared open.
    const open: OptionTable<Inner> = { share, whole: flag({ about: "All of it." }) };
    // @ts-expect-error An entry must be of the kind of its option.
    const kind: OptionTable<Inner> = { share, whole: number({ least: 0, most: 1, default: 1, about: "All of it." }) };
    assert.equal([missing, superfluous, optional, open, kind].length, 5);
  });
});

describe("nearestName", () => {
  it("bridges a letter, or one in three, and no more", () => {
    const names = ["groupSize", "gapTolerance", "seed"];
    assert.equal(nearestName("groupsize", names), "groupSize");
    assert.equal(nearestName("group", names), "groupSize");
    assert.equal(nearestName("gap_tolerance", names), "gapTolerance");
    assert.equal(nearestName("sead", names), "seed");
    assert.equal(nearestName("frobnicate", names), undefined);
  });
});

describe("every solver", () => {
  const square = matrix(2, 2, new Float64Array([2, 1, 1, 2])), y = [1, 2];
  const first = async (path: AsyncIterable<unknown>) => {
    for await (const _ of path) return;
  };
  const penalties = { lambda0: 0.1, lambda2: 0.1 };
  const solvers: readonly [name: string, solve: (options: object) => unknown, given: object, misspelt: string][] = [
    ["sparseRegression", (options) => sparseRegression(square, y, options as never), penalties, "interceptt"],
    ["sparseRegressionPath", (options) => first(sparseRegressionPath(square, y, options)), {}, "maxsupport"],
    ["crossValidateRegression", (options) => crossValidateRegression(square, y, options), { folds: 2 }, "fold"],
    ["sparsePrecision", (options) => sparsePrecision(square, options as never), penalties, "bigm"],
    [
      "sparsePrecisionPath",
      (options) => first(sparsePrecisionPath(square, options as never)),
      { lambda2: 1 },
      "criterium",
    ],
    ["quantizeLayer", (options) => quantizeLayer(square, square, options), {}, "grupSize"],
  ];
  const known = ["intercept", "maxSupport", "folds", "bigM", "criterion", "groupSize"];

  solvers.forEach(([name, solve, given, misspelt], i) => {
    it(`refuses a misspelt option with the nearest name, ${name}`, async () => {
      await assert.rejects(async () => await solve({ ...given, [misspelt]: 1 }), (error: OptionError) => {
        assert.ok(error instanceof OptionError, `${error}`);
        assert.equal(error.argument, misspelt);
        assert.ok(error.message.includes(`the nearest is "${known[i]}"`), error.message);
        return true;
      });
    });

    it(`refuses a seed, threads, a backend, a time limit and iterations out of their range, ${name}`, async () => {
      const wrong = {
        seed: ["x", -1, 0.5, 2 ** 32],
        threads: [0, -1, 1.5, NaN, Infinity, 1025, "2"],
        backend: ["cuda", "", null],
        timeLimitMs: [-1, NaN, "1"],
        maxIterations: [0, 2 ** 53, 1e10],
      };
      for (const [argument, values] of Object.entries(wrong)) {
        for (const value of values) {
          await assert.rejects(
            async () => await solve({ ...given, [argument]: value }),
            { name: "OptionError", argument },
            `${argument}: ${value}`,
          );
        }
      }
    });
  });

  it("refuses iterations that no machine finishes, quantizeLayer", async () => {
    const weights = matrix(1, 2, new Float64Array([0.3, -0.7]));
    await assert.rejects(quantizeLayer(weights, square, { iterations: 2 ** 53 }), { argument: "iterations" });
  });

  it("is joined by accumulateGram and nearestPositiveDefinite", () => {
    assert.throws(() => accumulateGram(2, { dtyp: "f32" } as object), /the nearest is "dtype"/);
    const identity: SparseMatrix = {
      format: "csr",
      shape: [1, 1],
      indptr: new Uint32Array([0, 1]),
      indices: new Uint32Array([0]),
      data: new Float64Array([1]),
    };
    assert.throws(() => nearestPositiveDefinite(identity, { leastEigenvalues: 1 } as object), /"leastEigenvalue"\.$/);
    for (const leastEigenvalue of [0, -1, NaN, Infinity]) {
      assert.throws(() => nearestPositiveDefinite(identity, { leastEigenvalue }), { argument: "leastEigenvalue" });
    }
  });

  it("takes ordinary arrays as vectors, with the answer that typed ones have", async () => {
    const X = matrix(4, 2, new Float64Array([1, 0, 0, 1, 1, 1, 2, 0])), response = [3, 1, 3, 5];
    const plain = await sparseRegression(X, response, penalties);
    const typed = await sparseRegression(X, Float64Array.from(response), penalties);
    assert.deepEqual(plain.coefficients, typed.coefficients);
  });
});
