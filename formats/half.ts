/**
 * Floats narrower than 32 bits as raw bits: IEEE 754 half precision, bfloat16, and the two 8-bit types of the Open
 * Compute Project. Decoding is exact; encoding rounds to nearest, ties to even, straight from the number given.
 */

import { decodeFloat16, encodeNarrow } from "../solvers/core/float16.ts";

export { decodeFloat16, encodeFloat16 } from "../solvers/core/float16.ts";

/** bfloat16 as numbers, exactly: it is the upper half of a 32-bit float. */
export function decodeBfloat16(bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16;
  return values;
}

/** 8-bit floats as numbers, exactly. E4M3 has no infinities and one NaN a sign; E5M2 is the upper half of float16. */
export function decodeFloat8(dtype: "F8_E4M3" | "F8_E5M2", bits: Uint8Array): Float32Array {
  if (dtype === "F8_E5M2") return decodeFloat16(Uint16Array.from(bits, (code) => code << 8));
  const values = new Float32Array(bits.length);
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; i++) {
    const code = bits[i];
    words[i] = (code & 0x7f) << 20;
    if ((code & 0x7f) === 0x7f) values[i] = NaN;
    else values[i] *= 2 ** 120; // bias 127 - 7
    words[i] |= (code & 0x80) << 24;
  }
  return values;
}

/** Numbers in bfloat16. */
export function encodeBfloat16(values: ArrayLike<number>): Uint16Array {
  return encodeNarrow(values, 7, -126, 0x7f80);
}
