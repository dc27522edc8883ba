import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeBfloat16, decodeFloat16, decodeFloat8, encodeBfloat16, encodeFloat16 } from "../../mod.ts";

const everyCode = Uint16Array.from({ length: 65536 }, (_, code) => code);

/** Round to nearest by search: the oracle knows only the decoded values, in order of magnitude. */
function nearest(x: number, decoded: Float32Array, infinity: number): number {
  const magnitude = Math.abs(x);
  let low = 0, high = infinity - 1; // finite codes rise with their magnitude
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (decoded[middle] <= magnitude) low = middle;
    else high = middle - 1;
  }
  // What lies beyond the largest finite value rounds as if one more step followed it.
  const above = low + 1 < infinity ? decoded[low + 1] : 2 * decoded[low] - decoded[low - 1];
  const below = magnitude - decoded[low], rest = above - magnitude;
  const code = below < rest || (below === rest && low % 2 === 0) ? low : low + 1;
  return code | (x < 0 || Object.is(x, -0) ? 0x8000 : 0);
}

const formats = [
  { name: "Float16", encode: encodeFloat16, decode: decodeFloat16, infinity: 0x7c00, one: 0x3c00, largest: 65504 },
  {
    name: "Bfloat16",
    encode: encodeBfloat16,
    decode: decodeBfloat16,
    infinity: 0x7f80,
    one: 0x3f80,
    largest: (2 - 2 ** -7) * 2 ** 127,
  },
];

for (const { name, encode, decode, infinity, one, largest } of formats) {
  describe(`encode${name} and decode${name}`, () => {
    const decoded = decode(everyCode);

    it("return every code that is a number, signed zeros and infinities included", () => {
      const back = encode(decoded);
      everyCode.forEach((code) => {
        if ((code & 0x7fff) <= infinity) assert.equal(back[code], code);
        else assert.ok(Number.isNaN(decoded[code]) && (back[code] & 0x7fff) > infinity, `NaN 0x${code.toString(16)}`);
      });
    });

    it("know the landmarks of the type", () => {
      assert.equal(decoded[one], 1);
      assert.equal(decoded[infinity - 1], largest);
      assert.equal(decoded[infinity], Infinity);
      assert.equal(decoded[1], name === "Float16" ? 2 ** -24 : 2 ** -133);
      assert.ok(Object.is(decoded[0x8000], -0));
    });

    it("round to nearest, ties to even, from any double", () => {
      const check = (x: number) => assert.equal(encode([x])[0], nearest(x, decoded, infinity), `${x}`);
      fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), check), { numRuns: 2000 });
      fc.assert(fc.property(fc.double({ min: -largest, max: largest, noNaN: true }), check), { numRuns: 2000 });
      for (let code = 0; code < infinity; code += 7) {
        const tie = (decoded[code] + (code + 1 < infinity ? decoded[code + 1] : decoded[code])) / 2;
        for (const x of [tie, -tie, tie * (1 + 2 ** -50), tie * (1 - 2 ** -50)]) check(x);
      }
    });
  });
}

describe("decodeFloat8", () => {
  it("reads E4M3: 448 is the largest, 0x7f is NaN, the least subnormal is 2^-9", () => {
    const values = decodeFloat8("F8_E4M3", Uint8Array.of(0x00, 0x80, 0x01, 0x07, 0x08, 0x38, 0xb8, 0x7e, 0x7f, 0xff));
    assert.deepEqual([...values], [0, -0, 2 ** -9, 7 * 2 ** -9, 2 ** -6, 1, -1, 448, NaN, NaN]);
  });

  it("reads E5M2: 57344 is the largest, 0x7c is infinity", () => {
    const values = decodeFloat8("F8_E5M2", Uint8Array.of(0x01, 0x3c, 0xbc, 0x7b, 0x7c, 0xfc, 0x7d));
    assert.deepEqual([...values], [2 ** -16, 1, -1, 57344, Infinity, -Infinity, NaN]);
  });
});
