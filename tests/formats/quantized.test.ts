import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  dequantize,
  FormatError,
  matrix,
  parseQuantizedLayers,
  parseSafetensors,
  type QuantizedWeights,
  serializeQuantizedLayers,
  serializeSafetensors,
  type TensorInput,
} from "../../mod.ts";

const anyLayer: fc.Arbitrary<QuantizedWeights> = fc
  .record({
    bits: fc.constantFrom(2, 3, 4, 8),
    outputs: fc.integer({ min: 1, max: 4 }),
    groups: fc.integer({ min: 1, max: 3 }),
    Elements: fc.constantFrom(Float32Array, Float64Array),
    sparse: fc.boolean(),
    numbers: fc.infiniteStream(fc.integer({ min: 0, max: 1_000_000 })),
  })
  .map(({ bits, outputs, groups, Elements, sparse, numbers }) => {
    const whole = (limit: number) => numbers.next().value % limit;
    const groupSize = 2, inputs = 2 * groups - 1;
    const perRow = whole(inputs + 1);
    const count = sparse ? perRow * outputs : 0;
    return {
      bits: bits as 2 | 3 | 4 | 8,
      groupSize,
      shape: [outputs, inputs],
      codes: new Uint8Array(outputs * inputs).map(() => whole(2 ** bits)),
      scales: matrix(outputs, groups, new Elements(outputs * groups).map(() => (1 + whole(1000)) / 7)),
      zeros: matrix(outputs, groups, new Elements(outputs * groups).map(() => whole(2 ** bits))),
      ...(groups > 1 && { groupIndex: Uint32Array.from({ length: inputs }, (_, j) => Math.floor(j / groupSize)) }),
      ...(sparse && {
        outliers: {
          format: "csr" as const,
          shape: [outputs, inputs] as const,
          indptr: Uint32Array.from({ length: outputs + 1 }, (_, i) => i * perRow),
          indices: Uint32Array.from({ length: count }, (_, k) => k % perRow),
          data: new Elements(count).map(() => whole(1000) / 3),
        },
      }),
    };
  });

describe("serializeQuantizedLayers and parseQuantizedLayers", () => {
  it("return every layer, and with it the same dense weights to the bit", () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), anyLayer, { maxKeys: 3, noNullPrototype: true }), (record) => {
      const layers = new Map(Object.entries(record));
      const back = parseQuantizedLayers(serializeQuantizedLayers(layers));
      assert.deepEqual([...back.keys()].sort(), [...layers.keys()].sort());
      for (const [name, layer] of layers) {
        assert.deepEqual(back.get(name), layer);
        assert.deepEqual(dequantize(back.get(name)!), dequantize(layer));
      }
    }));
  });
});

describe("parseQuantizedLayers", () => {
  const layer: QuantizedWeights = {
    bits: 2,
    groupSize: 1,
    shape: [1, 2],
    codes: Uint8Array.of(3, 0),
    scales: matrix(1, 2, Float32Array.of(1, 2)),
    zeros: matrix(1, 2, Float32Array.of(0, 1)),
    groupIndex: Uint32Array.of(0, 1),
    outliers: {
      format: "csr",
      shape: [1, 2],
      indptr: Uint32Array.of(0, 1),
      indices: Uint32Array.of(1),
      data: Float32Array.of(5),
    },
  };
  const { tensors, metadata } = parseSafetensors(serializeQuantizedLayers(new Map([["w", layer]])));
  /** The file with some tensors replaced or, with null, left out. */
  const altered = (changes: Record<string, TensorInput | null>, description = metadata["minima.layers"]) => {
    const all = { ...Object.fromEntries(tensors), ...changes };
    const kept = Object.entries(all).filter((entry): entry is [string, TensorInput] => entry[1] !== null);
    return serializeSafetensors(new Map(kept), { "minima.layers": description });
  };

  const wrong: [string, Uint8Array, RegExp][] = [
    ["another safetensors file", serializeSafetensors({}), /the metadata has no "minima\.layers"/],
    ["a description that is not JSON", altered({}, "{"), /"minima\.layers" is not JSON/],
    ["a description that is null", altered({}, '{"w":null}'), /"w" has undefined bits/],
    ["five bits", altered({}, '{"w":{"bits":5,"groupSize":1}}'), /"w" has 5 bits, not 2, 3, 4 or 8/],
    ["a group size that is text", altered({}, '{"w":{"bits":2,"groupSize":"1"}}'), /group size 1/],
    ["a list of layers", altered({}, "[]"), /"minima\.layers" must be an object/],
    [
      "a layer that is named twice",
      altered({}, '{"w":{"bits":2,"groupSize":1},"w":{"bits":2,"groupSize":1}}'),
      /names "w" twice/,
    ],
    ["a field that is not known", altered({}, '{"w":{"bits":2,"groupSize":1,"order":1}}'), /unknown field "order"/],
    ["a layer that is not described", altered({}, "{}"), /"w\.\S+" belongs to no layer/],
    [
      "a part of a layer that is not there",
      altered({ "v.zeros": { shape: [1], data: Float32Array.of(1) } }),
      /"v\.zeros" belongs to no layer/,
    ],
    ["groups that are not of their size", altered({}, '{"w":{"bits":2,"groupSize":2}}'), /has 2 groups, but .* are 1/],
    ["a group size of nothing", altered({}, '{"w":{"bits":2,"groupSize":0}}'), /group size 0/],
    [
      "a group that is too large",
      altered({ "w.group_index": { shape: [2], data: Uint32Array.of(1, 1) } }),
      /puts more than 1 columns into group 1/,
    ],
    [
      "a scale that is no number",
      altered({ "w.scales": { shape: [1, 2], data: Float32Array.of(1, NaN) } }),
      /"w\.scales" holds NaN at 1/,
    ],
    [
      "zeros in another precision",
      altered({ "w.zeros": { shape: [1, 2], data: Float64Array.of(0, 1) } }),
      /"w\.zeros" is F64, but the scales are F32/,
    ],
    [
      "an outlier that is no number",
      altered({ "w.outliers.data": { shape: [1], data: Float32Array.of(Infinity) } }),
      /"w\.outliers\.data" holds Infinity at 0/,
    ],
    ["outliers without values", altered({ "w.outliers.data": null }), /"w\.outliers\.data" is missing/],
    [
      "outliers that are there twice",
      altered({
        "w.outliers.data": { shape: [2], data: Float32Array.of(1, 2) },
        "w.outliers.indices": { shape: [2], data: Uint32Array.of(1, 1) },
        "w.outliers.indptr": { shape: [2], data: Uint32Array.of(0, 2) },
      }),
      /"w\.outliers\.indices" must rise within row 0/,
    ],
    ["missing codes", altered({ "w.codes": null }), /"w\.codes" is missing/],
    [
      "codes of another type",
      altered({ "w.codes": { shape: [1, 2], data: Int8Array.of(0, 0) } }),
      /is I8 \[1, 2\] instead/,
    ],
    ["a code beyond its bits", altered({ "w.codes": { shape: [1, 2], data: Uint8Array.of(0, 4) } }), /holds 4 at 1/],
    [
      "zeros of another shape",
      altered({ "w.zeros": { shape: [2, 1], data: Float32Array.of(0, 0) } }),
      /"w\.zeros" is F32 \[2, 1\] instead of F32 or F64 \[1, 2\]/,
    ],
    ["groups without an index", altered({ "w.group_index": null }), /"w\.group_index" is missing/],
    [
      "a group that is not there",
      altered({ "w.group_index": { shape: [2], data: Uint32Array.of(0, 2) } }),
      /holds 2 at 1/,
    ],
    ["outliers without positions", altered({ "w.outliers.indices": null }), /"w\.outliers\.indices" is missing/],
    [
      "an outlier past the last column",
      altered({ "w.outliers.indices": { shape: [1], data: Uint32Array.of(2) } }),
      /holds 2/,
    ],
    [
      "row starts that miss outliers",
      altered({ "w.outliers.indptr": { shape: [2], data: Uint32Array.of(0, 0) } }),
      /rise from 0 to 1/,
    ],
  ];
  for (const [what, content, message] of wrong) {
    it(`refuses ${what}`, () => {
      assert.throws(() => parseQuantizedLayers(content), (error) => {
        assert.ok(error instanceof FormatError, `${error}`);
        assert.match(error.message, message);
        return true;
      });
    });
  }
});
