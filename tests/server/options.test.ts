import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  archetypalNmfOptions,
  completeQuantizedOptions,
  completeViolationsOptions,
  nmfOptions,
  quantizeLayerOptions,
  sparseMultiTaskOptions,
  sparsePrecisionOptions,
  sparseRegressionOptions,
  trainClassifierOptions,
  transduceOptions,
} from "../../mod.ts";
import { createApp } from "../../server/mod.ts";
import type { OptionEntries, OptionEntry } from "../../solvers/core/options.ts";

const app = createApp({ threads: 1024 });
const square = { shape: [2, 2], data: [2, 1, 1, 2] };

interface Offer {
  readonly path: string;
  readonly values: object;
  readonly options: object;
  readonly table: OptionEntries;
  /** A misspelt option and the right one. */
  readonly misspelt: readonly [string, string];
}

const penalties = { lambda0: 0.1, lambda2: 0.1 };
const offers: readonly Offer[] = [
  {
    path: "/v1/quantize-layer",
    values: { weights: square, gram: square },
    options: {},
    table: quantizeLayerOptions as unknown as OptionEntries,
    misspelt: ["groupsize", "groupSize"],
  },
  {
    path: "/v1/sparse-regression",
    values: { X: square, y: [1, 2] },
    options: penalties,
    table: sparseRegressionOptions as unknown as OptionEntries,
    misspelt: ["standardise", "standardize"],
  },
  {
    path: "/v1/sparse-multi-task",
    values: { tasks: [{ X: square, y: [1, 2] }] },
    options: { support: 1 },
    table: sparseMultiTaskOptions as unknown as OptionEntries,
    misspelt: ["commonsupport", "commonSupport"],
  },
  {
    path: "/v1/sparse-precision",
    values: { samples: square },
    options: penalties,
    table: sparsePrecisionOptions as unknown as OptionEntries,
    misspelt: ["perturbation", "perturbations"],
  },
  {
    path: "/v1/archetypal-nmf",
    values: { X: square },
    options: { rank: 1 },
    table: archetypalNmfOptions as unknown as OptionEntries,
    misspelt: ["nonzero", "nonzeros"],
  },
  {
    path: "/v1/nmf",
    values: { X: square },
    options: { rank: 1 },
    table: nmfOptions as unknown as OptionEntries,
    misspelt: ["weight", "weights"],
  },
  {
    path: "/v1/train-classifier",
    values: { X: square, labels: [0, 1] },
    options: { epochs: 1 },
    table: trainClassifierOptions as unknown as OptionEntries,
    misspelt: ["batchsize", "batchSize"],
  },
  {
    path: "/v1/complete-quantized",
    values: { levels: [[0, 1], [1, null]] },
    options: { lambda: 1 },
    table: completeQuantizedOptions as unknown as OptionEntries,
    misspelt: ["offset", "offsets"],
  },
  {
    path: "/v1/complete-violations",
    values: { levels: [[0, 1], [2, null]] },
    options: { boundaries: [-1, 1] },
    table: completeViolationsOptions as unknown as OptionEntries,
    misspelt: ["treshold", "threshold"],
  },
  {
    path: "/v1/transduce",
    values: { features: [[1], [2]], labels: [[1], [null]] },
    options: {},
    table: transduceOptions as unknown as OptionEntries,
    misspelt: ["labelsWeight", "labelWeight"],
  },
];

/** The options that can travel. */
const named = (table: OptionEntries) =>
  Object.entries(table).filter(([, { kind }]) => kind !== "signal" && kind !== "callback");

for (const { path, values, options, table, misspelt: [given, right] } of offers) {
  describe(`options of ${path}`, () => {
    const ask = (changed: object) =>
      app.fetch(
        new Request(`http://localhost${path}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ ...values, options: { ...options, ...changed } }),
        }),
      );

    it("that are misspelt are refused with the nearest name", async () => {
      const response = await ask({ [given]: 1 }), problem = await response.json();
      assert.equal(response.status, 422);
      assert.equal(problem.argument, given);
      assert.ok(problem.detail.includes(`the nearest is "${right}"`), problem.detail);
    });

    it("out of their range, or only for callers in JavaScript, are refused by name", async () => {
      const wrong = { seed: "x", threads: 1025, maxIterations: 2 ** 53, timeLimitMs: -1, signal: {}, onProgress: null };
      for (const [name, value] of Object.entries(wrong)) {
        const response = await ask({ [name]: value });
        assert.equal(response.status, 422, name);
        assert.equal((await response.json()).argument, name);
      }
    });

    it("are in the description with their ranges, values, defaults and sentences", async () => {
      const document = await (await app.fetch(new Request("http://localhost/openapi.json"))).json();
      const body = document.paths[path].post.requestBody.content["application/json"].schema;
      const { properties, required = [] } = body.properties.options;
      assert.deepEqual(Object.keys(properties), named(table).map(([name]) => name));
      assert.deepEqual(required, named(table).filter(([, entry]) => entry.required).map(([name]) => name));
      for (const [name, entry] of named(table)) compare(properties[name], entry, name);
    });
  });
}

function compare(schema: Record<string, unknown>, entry: OptionEntry, name: string): void {
  assert.ok((schema.description as string).startsWith(entry.about), name);
  assert.deepEqual(schema.default, entry.default === Infinity ? undefined : entry.default, name);
  if (entry.kind === "number" || entry.kind === "integer") {
    assert.equal(schema.type, entry.kind);
    assert.equal(schema[entry.above ? "exclusiveMinimum" : "minimum"], entry.least, name);
    assert.equal(schema.maximum, entry.most, name);
  }
  if (entry.kind === "choice") assert.deepEqual(schema.enum, entry.values);
  if (entry.kind === "group") {
    const properties = schema.properties as Record<string, Record<string, unknown>>;
    for (const [field, inner] of Object.entries(entry.fields)) compare(properties[field], inner, `${name}.${field}`);
  }
}
