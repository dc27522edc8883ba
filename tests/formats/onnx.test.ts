import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { FormatError, type OnnxModel, parseOnnx, serializeOnnx } from "../../formats/mod.ts";
import { createMessage, finishMessage, readMessage } from "../../formats/protobuf.ts";
import { createRandom } from "../../solvers/core/random.ts";

const model: OnnxModel = {
  operators: { "": 17, "com.microsoft": 1 },
  nodes: [
    { operator: "Add", inputs: ["x", "one"], outputs: ["y"] },
    {
      operator: "Odd",
      domain: "com.microsoft",
      name: "odd",
      inputs: ["y", "", "apart"],
      outputs: ["z", "w"],
      attributes: {
        count: { integer: -3 },
        share: { float: 0.25 },
        word: { text: "für" },
        axes: { integers: [-1, 0, 2 ** 40] },
        none: { integers: [] },
      },
    },
  ],
  tensors: new Map([
    ["one", { dtype: "F32", shape: [1, 2], data: new Float32Array([1, -2]) }],
    ["whole", { dtype: "I64", shape: [], data: new BigInt64Array([-5n]) }],
    ["empty", { dtype: "U8", shape: [0, 3], data: new Uint8Array() }],
    ["apart", { dtype: "F16", shape: [2], place: { file: "data", offset: 8, length: 4 } }],
  ]),
  inputs: [{ name: "x", dtype: "F32", shape: ["rows", 2] }],
  outputs: [{ name: "z", dtype: "BOOL", shape: [] }],
  metadata: { key: "value", more: "" },
};

describe("serializeOnnx and parseOnnx", () => {
  it("give back what was written", () => assert.deepEqual(parseOnnx(serializeOnnx(model)), model));

  it("write the bytes of the definition", () => {
    const bytes = serializeOnnx({
      operators: { "": 17 },
      nodes: [{ operator: "Neg", inputs: ["x"], outputs: ["y"] }],
      tensors: new Map(),
      inputs: [{ name: "x", dtype: "F32", shape: [2] }],
      outputs: [],
    });
    const text = (value: string) => [value.length, ...new TextEncoder().encode(value)];
    const node = [0x0a, ...text("x"), 0x12, ...text("y"), 0x22, ...text("Neg")];
    // name "x", type { tensor_type { elem_type 1, shape { dim { dim_value 2 } } } }
    const value = [0x0a, ...text("x"), 0x12, 10, 0x0a, 8, 0x08, 1, 0x12, 4, 0x0a, 2, 0x08, 2];
    const graph = [0x0a, node.length, ...node, 0x12, ...text("model"), 0x5a, value.length, ...value];
    const opset = [0x0a, 0, 0x10, 17];
    const whole = [0x08, 8, 0x12, ...text("minima"), 0x3a, graph.length, ...graph, 0x42, opset.length, ...opset];
    assert.deepEqual([...bytes], whole);
  });

  it("take whole numbers packed and one by one, and skip fields that are not known", () => {
    const shape = (...bytes: number[]) => {
      const tensor = createMessage();
      if (bytes.length > 0) tensor.bytes(1, Uint8Array.from(bytes));
      else tensor.integer(1, 300).integer(1, 0);
      tensor.integer(2, 2).text(8, "t").text(12, "some words");
      const graph = createMessage().message(5, tensor).float(99, 1);
      return parseOnnx(finishMessage(createMessage().message(7, graph))).tensors.get("t")!.shape;
    };
    assert.deepEqual(shape(0xac, 0x02, 0x00), [300, 0]);
    assert.deepEqual(shape(), [300, 0]);
  });

  const graphWith = (tensor: ReturnType<typeof createMessage>) =>
    finishMessage(createMessage().message(7, createMessage().message(5, tensor)));
  const tensor = (type: number, ...shape: number[]) =>
    shape.reduce((message, size) => message.integer(1, size), createMessage()).integer(2, type).text(8, "t");
  const place = (location: string, offset = "0") => {
    const entry = (key: string, value: string) => createMessage().text(1, key).text(2, value);
    return tensor(2, 1).message(13, entry("location", location)).message(13, entry("offset", offset)).integer(14, 1);
  };
  const refusals: [string, Uint8Array, RegExp][] = [
    ["bytes that are no message", Uint8Array.of(0x0b), /field 1 of kind 3/],
    ["a file that is cut short", serializeOnnx(model).subarray(0, 200), /truncated/],
    ["a file without a graph", finishMessage(createMessage().integer(1, 8)), /the graph is missing/],
    ["elements of a type that is not known", graphWith(tensor(8, 1)), /elements of type 8/],
    ["elements too few", graphWith(tensor(1, 3).bytes(9, new Uint8Array(8))), /has 8 bytes, but F32 \[3\] needs 12/],
    ["elements that are not raw", graphWith(tensor(1, 1).float(4, 1)), /has no raw elements/],
    [
      "more axes than a call takes",
      graphWith(createMessage().bytes(1, new Uint8Array(300_000)).integer(2, 1)),
      /has 300000 axes/,
    ],
    ["a negative size", graphWith(tensor(1, -1)), /has the shape \[-1\]/],
    ["a way out of the folder", graphWith(place("../secret")), /lies in "..\/secret"/],
    ["a place that is no number", graphWith(place("data", "x")), /lies at x/],
    ["a number beyond 64 bits", Uint8Array.of(8, ...new Array(11).fill(0xff)), /more than 64 bits/],
  ];
  for (const [what, bytes, pattern] of refusals) {
    it(`refuse ${what}`, () => assert.throws(() => parseOnnx(bytes), { name: "FormatError", message: pattern }));
  }

  it("refuse types that ONNX lacks", () => {
    const odd = new Map([["t", { dtype: "F8_E8M0" as const, shape: [1], data: new Uint8Array(1) }]]);
    assert.throws(() => serializeOnnx({ ...model, tensors: odd }), /Cannot write F8_E8M0 as ONNX/);
  });

  it("refuse damage as damage", () => {
    const bytes = serializeOnnx(model), { integer } = createRandom(3);
    for (let trial = 0; trial < 500; trial++) {
      const damaged = bytes.slice(0, trial % 3 === 0 ? integer(bytes.length) : bytes.length);
      for (let k = 0; k < 3; k++) damaged[integer(damaged.length)] = integer(256);
      try {
        parseOnnx(damaged);
      } catch (error) {
        assert.ok(error instanceof FormatError, String((error as Error).stack));
      }
    }
  });
});

describe("readMessage", () => {
  it("reads what createMessage wrote, negative numbers as 64 bits", () => {
    const inner = createMessage().integer(1, -1).text(2, "für");
    const bytes = finishMessage(createMessage().message(3, inner).float(4, 1.5).integer(1000, 2 ** 52));
    const [first, second, third] = readMessage(bytes, "toy");
    assert.deepEqual([...readMessage(first.bytes!, "toy")][0], { field: 1, integer: 2n ** 64n - 1n });
    assert.equal(new DataView(second.bytes!.buffer, second.bytes!.byteOffset).getFloat32(0, true), 1.5);
    assert.deepEqual(third, { field: 1000, integer: 2n ** 52n });
    assert.equal(createMessage().text(1, "ab").length, 4);
  });
});
