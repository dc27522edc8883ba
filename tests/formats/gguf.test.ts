import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  decodeFloat16,
  encodeFloat16,
  FormatError,
  type GgufType,
  type GgufValue,
  parseGguf,
  readGgufHeader,
  readGgufTensor,
  serializeGguf,
} from "../../mod.ts";
import { blockTypes, emptyBlock, readBlock, storageOf, writeBlock } from "../../formats/gguf_blocks.ts";
import { createRandom } from "../../solvers/core/random.ts";

const access = (file: Uint8Array) => ({
  size: file.length,
  read: (at: number, length: number) => Promise.resolve(file.slice(at, at + length)),
});

const text = (value: string): GgufValue => ({ type: "string", value });
const wordsOf = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

/** Bytes of a file by hand: text, and numbers of so many bytes. */
function bytesOf(...parts: readonly (string | readonly [bytes: number, value: number])[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "string"
        ? [...new TextEncoder().encode(part)]
        : Array.from({ length: part[0] }, (_, k) => Math.floor(part[1] / 256 ** k) % 256)
    ),
  );
}
const named = (value: string) => [[8, value.length], value] as const;

describe("GGUF", () => {
  const small = bytesOf(
    "GGUF",
    [4, 3],
    [8, 1],
    [8, 2],
    ...named("general.name"),
    [4, 8],
    ...named("two"),
    ...named("a.b"),
    [4, 9],
    [4, 4],
    [8, 2],
    [4, 7],
    [4, 9],
    ...named("w"),
    [4, 2],
    [8, 1],
    [8, 2],
    [4, 0],
    [8, 0],
  );
  const padded = new Uint8Array(Math.ceil(small.length / 32) * 32 + 32);
  padded.set(small);
  padded.set(wordsOf(1, 2), padded.length - 32);

  it("writes the bytes of the definition, and reads them", async () => {
    const metadata = new Map<string, GgufValue>([
      ["general.name", text("two")],
      ["a.b", { type: "array", of: "u32", value: [7, 9] }],
    ]);
    const tensors = new Map([["w", { type: "F32" as const, shape: [2, 1], bytes: wordsOf(1, 2) }]]);
    const file = serializeGguf(metadata, tensors);
    assert.deepEqual(file, padded);
    const header = parseGguf(file), begin = padded.length - 32;
    assert.deepEqual([...header.metadata], [...metadata]);
    assert.deepEqual([...header.entries], [["w", { type: "F32", shape: [2, 1], begin, end: begin + 8 }]]);
    const tensor = await readGgufTensor(access(file), header, "w");
    assert.deepEqual(tensor, { dtype: "F32", shape: [2, 1], data: Float32Array.of(1, 2) });
  });

  it("keeps values of every type, and tensors at multiples of the alignment", () => {
    const whole = (bits: number, signed: boolean) =>
      fc.integer({ min: signed ? -(2 ** (bits - 1)) : 0, max: 2 ** (signed ? bits - 1 : bits) - 1 });
    const singles = {
      u8: whole(8, false),
      i8: whole(8, true),
      u16: whole(16, false),
      i16: whole(16, true),
      u32: whole(32, false),
      i32: whole(32, true),
      f32: fc.float({ noNaN: true }),
      f64: fc.double({ noNaN: true }),
      u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      bool: fc.boolean(),
      string: fc.string({ unit: "grapheme", maxLength: 9 }),
    };
    const any = fc.constantFrom(...Object.keys(singles) as (keyof typeof singles)[]).chain((type) => {
      const single: fc.Arbitrary<unknown> = singles[type];
      return fc.oneof(
        single.map((value) => ({ type, value }) as GgufValue),
        fc.array(single, { maxLength: 4 }).map((value) => ({ type: "array", of: type, value }) as GgufValue),
      );
    });
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 6 }), any), fc.constantFrom(8, 32, 64), (values, alignment) => {
        const metadata = new Map<string, GgufValue>([
          ...Object.entries(values),
          ["general.alignment", { type: "u32", value: alignment }],
        ]);
        const tensors = new Map(["a", "b", "c"].map((name, at) => [name, {
          type: "I8" as const,
          shape: [3 * at + 1],
          bytes: new Uint8Array(3 * at + 1).fill(at + 1),
        }]));
        const file = serializeGguf(metadata, tensors), header = parseGguf(file);
        assert.deepEqual([...header.metadata], [...metadata]);
        for (const [name, { bytes }] of tensors) {
          const { begin, end } = header.entries.get(name)!;
          assert.equal(begin % alignment, 0);
          assert.deepEqual(file.slice(begin, end), bytes);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("reads a header longer than what it takes at once", async () => {
    const value = Array.from({ length: 200_000 }, (_, k) => `token ${k}`);
    const file = serializeGguf(
      new Map<string, GgufValue>([["tokens", { type: "array", of: "string", value }]]),
      new Map(),
    );
    assert.ok(file.length > 2 ** 21);
    const { metadata } = await readGgufHeader(access(file));
    assert.equal((metadata.get("tokens")!.value as string[]).at(-1), "token 199999");
  });

  it("names what is wrong with a file", () => {
    const refused = (change: (bytes: Uint8Array) => Uint8Array | void, message: RegExp) => {
      const bytes = padded.slice();
      assert.throws(() => parseGguf(change(bytes) ?? bytes), (error: Error) => {
        assert.ok(error instanceof FormatError, String(error));
        assert.match(error.message, message);
        return true;
      });
    };
    const put = (at: number, value: number) => (bytes: Uint8Array) => void (bytes[at] = value);
    const afterName = small.length - 32;
    refused(() => new Uint8Array(3), /the magic is cut short/);
    refused(put(0, 0x67), /the magic is not "GGUF"/);
    refused(put(4, 1), /the version is 1; 2 and 3 are known/);
    refused(put(14, 1), /the number of tensors is \d+, more than \d+ bytes hold/);
    refused(put(44, 13), /the key "general\.name" has the type 13/);
    refused((bytes) => bytes.subarray(0, 60), /is cut short/);
    refused((bytes) => bytes.subarray(0, bytes.length - 26), /tensor "w" is cut short: it ends at/);
    refused(put(afterName + 4, 0), /tensor "w" has the shape \[2,0\]/);
    refused(put(afterName, 5), /tensor "w" has 5 axes/);
    refused(put(small.length - 8, 4), /tensor "w" begins at 4; a multiple of 32/);
    refused(put(small.length - 12, 2), /tensor "w" has rows of 1, which do not divide into Q4_0/);
    const twice = new Map([["w", { type: "F32" as const, shape: [2], bytes: wordsOf(1, 2) }]]);
    const file = serializeGguf(new Map([["alignment", text("general.alignment")]]), twice);
    assert.throws(() => serializeGguf(new Map(), new Map([["w", { type: "Q4_0", shape: [33], bytes: file }]])), /33/);
    assert.throws(
      () => serializeGguf(new Map(), new Map([["w", { type: "F32", shape: [2], bytes: file }]])),
      /8 bytes/,
    );
    assert.throws(
      () => serializeGguf(new Map(), new Map([["w".repeat(65), { type: "F32", shape: [2], bytes: file }]])),
      /more than 64 bytes/,
    );
  });

  it("gives FormatErrors for damaged files, and nothing else", () => {
    const { integer } = createRandom(3);
    for (let trial = 0; trial < 4000; trial++) {
      const bytes = padded.slice(0, trial % 3 === 0 ? integer(padded.length) : padded.length);
      for (let k = 0; k < 1 + integer(4); k++) bytes[integer(bytes.length || 1)] = integer(256);
      try {
        parseGguf(bytes);
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
      }
    }
  });
});

/** A block's weights as the public definition has them, by hand. @returns the weight `k` */
type Slow = (block: Uint8Array, k: number) => number;
const half = (block: Uint8Array, at: number) => decodeFloat16(Uint16Array.of(block[at] + 256 * block[at + 1]))[0];
const signed = (byte: number) => byte < 128 ? byte : byte - 256;

/** Scale and minimum of six bits, in 12 bytes. */
function sixBits(bytes: Uint8Array, j: number): [scale: number, minimum: number] {
  if (j < 4) return [bytes[j] % 64, bytes[j + 4] % 64];
  const high = (byte: number) => 16 * Math.floor(byte / 64);
  return [bytes[j + 4] % 16 + high(bytes[j - 4]), Math.floor(bytes[j + 4] / 16) + high(bytes[j])];
}

const slow: Readonly<Partial<Record<GgufType, Slow>>> = {
  Q4_0: (block, k) => half(block, 0) * ((k < 16 ? block[2 + k] % 16 : Math.floor(block[2 + k - 16] / 16)) - 8),
  Q4_1: (block, k) =>
    half(block, 0) * (k < 16 ? block[4 + k] % 16 : Math.floor(block[4 + k - 16] / 16)) + half(block, 2),
  Q5_0(block, k) {
    const high = Math.floor((block[2] + 256 * block[3] + 65536 * block[4] + 2 ** 24 * block[5]) / 2 ** k) % 2;
    return half(block, 0) * ((k < 16 ? block[6 + k] % 16 : Math.floor(block[6 + k - 16] / 16)) + 16 * high - 16);
  },
  Q5_1(block, k) {
    const high = Math.floor((block[4] + 256 * block[5] + 65536 * block[6] + 2 ** 24 * block[7]) / 2 ** k) % 2;
    const low = k < 16 ? block[8 + k] % 16 : Math.floor(block[8 + k - 16] / 16);
    return half(block, 0) * (low + 16 * high) + half(block, 2);
  },
  Q8_0: (block, k) => half(block, 0) * signed(block[2 + k]),
  Q2_K(block, k) {
    const byte = block[Math.floor(k / 16)], part = Math.floor(k % 128 / 32);
    const code = Math.floor(block[16 + 32 * Math.floor(k / 128) + k % 32] / 4 ** part) % 4;
    return half(block, 80) * (byte % 16) * code - half(block, 82) * Math.floor(byte / 16);
  },
  Q3_K(block, k) {
    const j = Math.floor(k / 16), scales = block.subarray(96, 108), part = Math.floor(k % 128 / 32);
    const low = j < 8 ? scales[j] % 16 : Math.floor(scales[j - 8] / 16);
    const high = Math.floor(scales[8 + j % 4] / 4 ** Math.floor(j / 4)) % 4;
    const code = Math.floor(block[32 + 32 * Math.floor(k / 128) + k % 32] / 4 ** part) % 4;
    const set = Math.floor(block[k % 32] / 2 ** Math.floor(k / 32)) % 2;
    return half(block, 108) * (low + 16 * high - 32) * (code - (set ? 0 : 4));
  },
  Q4_K(block, k) {
    const [scale, minimum] = sixBits(block.subarray(4, 16), Math.floor(k / 32));
    const byte = block[16 + 32 * Math.floor(k / 64) + k % 32];
    const code = k % 64 < 32 ? byte % 16 : Math.floor(byte / 16);
    return half(block, 0) * scale * code - half(block, 2) * minimum;
  },
  Q5_K(block, k) {
    const [scale, minimum] = sixBits(block.subarray(4, 16), Math.floor(k / 32));
    const byte = block[48 + 32 * Math.floor(k / 64) + k % 32];
    const high = Math.floor(block[16 + k % 32] / 2 ** Math.floor(k / 32)) % 2;
    const code = (k % 64 < 32 ? byte % 16 : Math.floor(byte / 16)) + 16 * high;
    return half(block, 0) * scale * code - half(block, 2) * minimum;
  },
  Q6_K(block, k) {
    const h = Math.floor(k / 128), l = k % 128, byte = block[64 * h + l % 64];
    const low = l < 64 ? byte % 16 : Math.floor(byte / 16);
    const high = Math.floor(block[128 + 32 * h + l % 32] / 4 ** Math.floor(l / 32)) % 4;
    return half(block, 208) * signed(block[192 + Math.floor(k / 16)]) * (low + 16 * high - 32);
  },
};

describe("blocks of GGUF", () => {
  it("has a slow reader for each type", () => assert.deepEqual(Object.keys(slow), Object.keys(blockTypes)));

  for (const [name, read] of Object.entries(slow) as [GgufType, Slow][]) {
    const type = blockTypes[name]!, { elements, bytes: size } = storageOf(name);
    const { integer, normal } = createRandom(size), blocks = 6, file = new Uint8Array(blocks * size);
    for (let at = 0; at < file.length; at++) file[at] = integer(256);
    for (let block = 0; block < blocks; block++) {
      for (const at of [type.d, type.m ?? type.d]) {
        const bits = encodeFloat16([block === 0 ? 0 : normal()])[0];
        [file[block * size + at], file[block * size + at + 1]] = [bits & 255, bits >> 8];
      }
    }

    it(`of type ${name} stand for what the definition says, to the bit`, async () => {
      const shape = [2, blocks / 2 * elements];
      const bytes = serializeGguf(new Map(), new Map([["w", { type: name, shape, bytes: file }]]));
      const { dtype, data } = await readGgufTensor(access(bytes), parseGguf(bytes), "w");
      assert.equal(dtype, "F32");
      for (let k = 0; k < data.length; k++) {
        const at = Math.floor(k / elements) * size, block = file.subarray(at, at + size);
        assert.equal(data[k], Math.fround(read(block, k % elements)) + 0, `weight ${k}`);
      }
    });

    it(`of type ${name} are written as they are read`, () => {
      const again = new Uint8Array(file.length).fill(255), block = emptyBlock(type);
      for (let at = 0; at < file.length; at += size) {
        readBlock(type, file, at, block);
        assert.ok(block.codes.every((code) => code < 2 * (type.zero || 16)));
        writeBlock(type, block, again, at);
      }
      assert.deepEqual(again, file);
    });
  }

  it("of whole numbers are laid out as the definition says", () => {
    const type = blockTypes.Q4_0, block = emptyBlock(type), bytes = new Uint8Array(18);
    block.codes.set(Array.from({ length: 32 }, (_, k) => k % 16));
    block.d = 0x3c00;
    writeBlock(type, block, bytes, 0);
    assert.deepEqual([...bytes], [0x00, 0x3c, ...Array.from({ length: 16 }, (_, k) => k + 16 * k)]);
  });
});
