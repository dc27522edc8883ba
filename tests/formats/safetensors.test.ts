import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type ElementType,
  FormatError,
  matrix,
  parseSafetensors,
  type RandomAccess,
  readSafetensorsHeader,
  readSafetensorsTensor,
  serializeSafetensors,
  ShapeError,
  type Tensor,
  toMatrix,
  toVector,
} from "../../mod.ts";

const bytes = (values: ArrayLike<number>) => Uint8Array.from(values);

/** A file from a header text and a buffer, with no regard for the rules. */
function file(header: string, buffer: Uint8Array = new Uint8Array(), claimedLength?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const result = new Uint8Array(8 + text.length + buffer.length);
  new DataView(result.buffer).setBigUint64(0, claimedLength ?? BigInt(text.length), true);
  result.set(text, 8);
  result.set(buffer, 8 + text.length);
  return result;
}

/** Every element type with a constructor for raw bytes. */
const types = {
  F64: Float64Array,
  C64: Float32Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I16: Int16Array,
  U16: Uint16Array,
  F8_E4M3: Uint8Array,
  F8_E5M2: Uint8Array,
  F8_E8M0: Uint8Array,
  F8_E4M3FNUZ: Uint8Array,
  F8_E5M2FNUZ: Uint8Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;
const widths: Partial<Record<ElementType, number>> = { C64: 8 };

const anyTensor: fc.Arbitrary<Tensor> = fc
  .tuple(
    fc.constantFrom(...Object.keys(types) as (keyof typeof types)[]),
    fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
    fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
  )
  .map(([dtype, shape, stream]) => {
    const Elements = types[dtype];
    const count = shape.reduce((product, size) => product * size, 1);
    const raw = new Uint8Array(count * (widths[dtype] ?? Elements.BYTES_PER_ELEMENT)).map(() => stream.next().value);
    return { dtype, shape, data: new Elements(raw.buffer) };
  });
const anyName = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("__proto__", "0", "constructor"))
  .filter((name) => name !== "__metadata__");
const rawBytes = ({ data }: Tensor) => [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];

function randomAccess(content: Uint8Array, reads: number[] = []): RandomAccess {
  return {
    size: content.length,
    read(offset, length) {
      reads.push(length);
      return Promise.resolve(content.slice(offset, offset + length));
    },
  };
}

describe("serializeSafetensors and parseSafetensors", () => {
  it("return every tensor bit by bit, and the metadata", () => {
    fc.assert(fc.property(
      fc.array(fc.tuple(anyName, anyTensor), { maxLength: 6 }),
      fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
      (entries, metadata) => {
        const tensors = new Map(entries);
        const parsed = parseSafetensors(serializeSafetensors(tensors, metadata));
        assert.deepEqual(Object.entries(parsed.metadata), Object.entries(metadata));
        assert.deepEqual([...parsed.tensors.keys()].sort(), [...tensors.keys()].sort());
        for (const [name, tensor] of tensors) {
          const back = parsed.tensors.get(name)!;
          assert.equal(back.dtype, tensor.dtype);
          assert.deepEqual(back.shape, tensor.shape);
          assert.equal(back.data.constructor, tensor.data.constructor);
          assert.deepEqual(rawBytes(back), rawBytes(tensor));
        }
      },
    ));
  });

  it("align every tensor, so that reading is a view", () => {
    const written = serializeSafetensors({
      a: { shape: [3], data: new Uint8Array(3) },
      b: { shape: [1], data: new Float64Array(1) },
      c: { dtype: "F16", shape: [1], data: new Uint16Array(1) },
      d: matrix(1, 1, new Float32Array(1)),
    });
    const { tensors } = parseSafetensors(written);
    assert.deepEqual([...tensors.keys()], ["b", "d", "c", "a"]);
    for (const { data } of tensors.values()) assert.equal(data.buffer, written.buffer);
  });

  it("write the bytes that the format prescribes", () => {
    const header = '{"__metadata__":{"k":"v"},"t":{"dtype":"I16","shape":[2],"data_offsets":[0,4]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    assert.deepEqual(
      serializeSafetensors({ t: { shape: [2], data: Int16Array.of(1, -2) } }, { k: "v" }),
      file(padded, bytes([1, 0, 0xfe, 0xff])),
    );
    assert.deepEqual(serializeSafetensors({}), file("{}      "));
  });

  it("refuse to write what does not fit", () => {
    assert.throws(() => serializeSafetensors({ t: { shape: [3], data: new Float32Array(2) } }), ShapeError);
    assert.throws(() => serializeSafetensors({ t: { shape: [0.5], data: new Float32Array(0) } }), ShapeError);
    assert.throws(
      () => serializeSafetensors({ t: { dtype: "BF16", shape: [2], data: new Float32Array(1) } }),
      TypeError,
    );
    assert.throws(() => serializeSafetensors({ __metadata__: { shape: [0], data: new Float32Array(0) } }), TypeError);
    assert.throws(() => serializeSafetensors({}, { k: 1 as unknown as string }), /metadata "k".*string/);
  });
});

describe("parseSafetensors", () => {
  it("copies misaligned tensors instead of failing", () => {
    const values = Float64Array.of(1.5, -2.5);
    const content = file('{"t":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}} ', new Uint8Array(values.buffer));
    for (let shift = 0; shift < 8; shift++) {
      const shifted = new Uint8Array(content.length + shift);
      shifted.set(content, shift);
      assert.deepEqual(parseSafetensors(shifted.subarray(shift)).tensors.get("t")!.data, values);
    }
  });

  it("accepts scalars, empty tensors, padding and a buffer in place of a view", () => {
    const header = '{"s":{"dtype":"U8","shape":[],"data_offsets":[0,1]},' +
      '"e":{"dtype":"F32","shape":[0,3],"data_offsets":[1,1]}}   ';
    const { tensors } = parseSafetensors(file(header, bytes([7])).buffer as ArrayBuffer);
    assert.deepEqual(toVector(tensors.get("s")!), Float64Array.of(7));
    assert.deepEqual(toMatrix(tensors.get("e")!), { data: new Float32Array(0), shape: [0, 3] });
    assert.deepEqual(parseSafetensors(file('{"__metadata__":null}')).metadata, {});
  });

  const one = '"dtype":"U8","shape":[4],"data_offsets":[0,4]';
  const four = new Uint8Array(4);
  const hostile: [string, Uint8Array, RegExp][] = [
    ["nothing at all", new Uint8Array(), /header length needs 8 bytes, but the file has 0/],
    ["a cut length", bytes([1, 2, 3]), /needs 8 bytes, but the file has 3/],
    ["a header of 2^63 bytes", file("{}", four, 1n << 63n), /at most 100000000/],
    ["a header over the limit", file("{}", four, 100_000_001n), /at most 100000000/],
    ["a header longer than the file", file("{}", four, 7n), /7 bytes long, but only 6 follow.*truncated/],
    ["an empty header", file(""), /must start with "\{"/],
    ["a header before which a space stands", file(" {}"), /must start with "\{"/],
    ["an array", file("[]"), /must start with "\{"/],
    ["a byte order mark", file("\uFEFF{}"), /must start with "\{"/],
    ["bytes that are not UTF-8", Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22, 0xff, 0x22), /not UTF-8/],
    ["text that is not JSON", file("{,}"), /not JSON/],
    ["a deep nest", file(`{"a":${"[".repeat(200000)}`), /not JSON/],
    ["a duplicate tensor", file(`{"t":{${one}},"t":{${one}}}`, four), /names "t" twice/],
    ["a duplicate in disguise", file(`{"t":{${one}},"\\u0074" :{${one}}}`, four), /names "t" twice/],
    ["a duplicate field", file(`{"t":{${one},"dtype":"I8"}}`, four), /names "dtype" twice/],
    ["a tensor that is a number", file('{"t":1}'), /tensor "t" must be an object/],
    ["a tensor that is null", file('{"t":null}'), /tensor "t" must be an object/],
    ["a missing dtype", file('{"t":{"shape":[4],"data_offsets":[0,4]}}', four), /tensor "t": dtype is undefined/],
    ["an unknown dtype", file(`{"t":{${one.replace("U8", "F7")}}}`, four), /dtype is "F7"/],
    ["a dtype from the prototype", file(`{"t":{${one.replace("U8", "toString")}}}`, four), /dtype is "toString"/],
    ["a shape that is text", file(`{"t":{${one.replace("[4]", '"4"')}}}`, four), /shape must be an array/],
    ["a negative size", file(`{"t":{${one.replace("[4]", "[-4]")}}}`, four), /shape must be an array/],
    ["a fractional size", file(`{"t":{${one.replace("[4]", "[0.5,8]")}}}`, four), /shape must be an array/],
    ["a shape that overflows", file(`{"t":{${one.replace("[4]", "[4294967296,4294967296]")}}}`, four), /spans 4 bytes/],
    [
      "an offset of 2^53 + 1",
      file(`{"t":{${one.replace("[0,4]", "[0,9007199254740993]")}}}`, four),
      /data_offsets must/,
    ],
    ["offsets the wrong way", file(`{"t":{${one.replace("[0,4]", "[4,0]")}}}`, four), /begin <= end/],
    ["three offsets", file(`{"t":{${one.replace("[0,4]", "[0,4,8]")}}}`, four), /data_offsets must/],
    ["a wrong byte count", file(`{"t":{${one.replace("U8", "F32")}}}`, four), /spans 4 bytes, but F32 \[4\] needs 16/],
    ["half a byte", file('{"t":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}', bytes([0, 0])), /needs 1\.5/],
    ["a hole at the start", file(`{"t":{${one.replace("[0,4]", "[1,5]")}}}`, new Uint8Array(5)), /a hole/],
    [
      "a hole between",
      file(`{"t":{${one}},"u":{"dtype":"U8","shape":[1],"data_offsets":[5,6]}}`, new Uint8Array(6)),
      /tensor "u".*a hole/,
    ],
    [
      "an overlap",
      file(`{"t":{${one}},"u":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}`, new Uint8Array(5)),
      /an overlap/,
    ],
    ["bytes at the end", file(`{"t":{${one}}}`, new Uint8Array(5)), /5 bytes instead of 4: bytes that no tensor owns/],
    ["bytes missing at the end", file(`{"t":{${one}}}`, new Uint8Array(3)), /3 bytes instead of 4: truncated/],
    ["metadata that is a list", file('{"__metadata__":[]}'), /__metadata__ must be an object/],
    ["metadata that is a number", file('{"__metadata__":{"k":1}}'), /__metadata__: "k" must be a string/],
  ];
  for (const [what, content, message] of hostile) {
    it(`refuses ${what}`, async () => {
      assert.throws(() => parseSafetensors(content), (error) => {
        assert.ok(error instanceof FormatError, `${error}`);
        assert.equal(error.format, "safetensors");
        assert.match(error.message, message);
        return true;
      });
      await assert.rejects(readSafetensorsHeader(randomAccess(content)), { name: "FormatError", message });
    });
  }

  it("answers any bytes with tensors or a FormatError", () => {
    const valid = serializeSafetensors({ a: { shape: [2], data: Float32Array.of(1, 2) } }, { k: "v" });
    fc.assert(fc.property(
      fc.array(fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
      fc.nat(valid.length),
      (changes, length) => {
        const content = valid.slice(0, length);
        for (const [at, value] of changes) if (at < length) content[at] = value;
        try {
          parseSafetensors(content);
        } catch (error) {
          assert.ok(error instanceof FormatError, `${error}`);
        }
      },
    ));
  });
});

describe("readSafetensorsTensor", () => {
  it("reads the header and the one tensor, nothing else", async () => {
    const content = serializeSafetensors({
      large: { shape: [1000], data: new Float64Array(1000) },
      small: { shape: [2], data: Float32Array.of(3, 4) },
    });
    const reads: number[] = [];
    const source = randomAccess(content, reads);
    const header = await readSafetensorsHeader(source);
    assert.deepEqual((await readSafetensorsTensor(source, header, "small")).data, Float32Array.of(3, 4));
    assert.deepEqual(reads, [8, content.length - 8 - 8008, 8]);
  });

  it("names the tensors that are there when one is missing", async () => {
    const source = randomAccess(serializeSafetensors({ a: { shape: [1], data: new Float32Array(1) } }));
    const header = await readSafetensorsHeader(source);
    await assert.rejects(readSafetensorsTensor(source, header, "b"), /tensor "b" is missing; the file holds "a"/);
  });
});

describe("toVector", () => {
  it("turns every numeric type into numbers", () => {
    const vector = (dtype: ElementType, data: Tensor["data"]) => [...toVector({ dtype, shape: [data.length], data })];
    assert.deepEqual(vector("BF16", Uint16Array.of(0x3f80, 0xc000)), [1, -2]);
    assert.deepEqual(vector("F8_E4M3", Uint8Array.of(0x38)), [1]);
    assert.deepEqual(vector("I64", BigInt64Array.of(-5n)), [-5]);
    assert.deepEqual(vector("U64", BigUint64Array.of(2n ** 53n, 2n ** 53n + 3n)), [2 ** 53, 2 ** 53 + 4]);
    assert.deepEqual(vector("U8", Uint8Array.of(255)), [255]);
    assert.throws(() => vector("C64", new Float32Array(2)), TypeError);
    assert.throws(() => vector("F4", new Uint8Array(2)), TypeError);
  });
});
