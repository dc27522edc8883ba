import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { packRows, rowBytes, unpackRows } from "../../formats/bit_packing.ts";
import { createRandom } from "../../solvers/core/random.ts";

/** The definition, bit by bit. */
function packSlowly(values: Uint8Array, rows: number, columns: number, bits: number, unitBytes: number): number[] {
  const stride = rowBytes(columns, bits, unitBytes), packed = new Array<number>(rows * stride).fill(0);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < bits; k++) {
        const bit = Math.floor(values[i * columns + j] / 2 ** k) % 2, at = j * bits + k;
        packed[i * stride + Math.floor(at / 8)] += bit * 2 ** (at % 8);
      }
    }
  }
  return packed;
}

describe("packRows and unpackRows", () => {
  it("are the definition, bit by bit, and each other's inverse", () => {
    const { integer } = createRandom(1);
    for (const bits of [1, 2, 3, 4, 5, 6, 7, 8]) {
      for (const unitBytes of [1, 4]) {
        for (const [rows, columns] of [[0, 5], [3, 0], [1, 1], [2, 7], [3, 8], [2, 31], [4, 32], [3, 33]] as const) {
          const values = Uint8Array.from({ length: rows * columns }, () => integer(2 ** bits));
          const packed = packRows(values, [rows, columns], bits, unitBytes);
          assert.deepEqual([...packed], packSlowly(values, rows, columns, bits, unitBytes));
          assert.deepEqual(unpackRows(packed, [rows, columns], bits, unitBytes), values);
        }
      }
    }
  });

  it("give the words of published examples", () => {
    const words = (values: number[], bits: number) => {
      const { buffer } = packRows(values, [1, values.length], bits, 4);
      return [...new Uint32Array(buffer)].map((word) => word.toString(16).padStart(8, "0"));
    };
    assert.deepEqual(words([7, 7, 7, 7, 7, 7, 7, 7], 4), ["77777777"]);
    assert.deepEqual(words([0, 1, 2, 3, 4, 5, 6, 7], 4), ["76543210"]);
    // The 11th and the 22nd of 32 numbers lie across words.
    const ones = (at: number) => words(Array.from({ length: 32 }, (_, i) => i === at ? 7 : 0), 3);
    assert.deepEqual(ones(10), ["c0000000", "00000001", "00000000"]);
    assert.deepEqual(ones(21), ["00000000", "80000000", "00000003"]);
  });

  it("do not look at padding, and say what does not fit", () => {
    assert.deepEqual([...unpackRows(Uint8Array.of(0xf5, 0xff), [2, 1], 4)], [5, 15]);
    assert.throws(() => packRows([1, 4], [1, 2], 2), /Cannot pack 4 at 1: expected a whole number from 0 to 3/);
    for (const wrong of [-1, 0.5, NaN]) assert.throws(() => packRows([wrong], [1, 1], 8), RangeError);
    assert.throws(() => packRows([1, 2, 3], [2, 2], 8), /"values": expected 4, received 3/);
    assert.throws(() => unpackRows(new Uint8Array(3), [1, 7], 4), /"packed": expected 4, received 3/);
  });
});
