/**
 * Floats narrower than 32 bits as raw bits: IEEE 754 half precision, bfloat16, and the two 8-bit types of the Open
 * Compute Project. Decoding is exact; encoding rounds to nearest, ties to even, straight from the number given.
 */

import * as half from "../solvers/core/float16.ts";
import { checkKind } from "../solvers/core/kinds.ts";
import { choice } from "../solvers/core/options.ts";
import { checkOption } from "../solvers/core/resolve_options.ts";

const decoding = "decode the floats", encoding = "encode the numbers";

/** IEEE 754 half precision as numbers, exactly. */
export function decodeFloat16(bits: Uint16Array): Float32Array {
  checkKind("bits", bits, "words16", decoding);
  return half.decodeFloat16(bits);
}

/** Numbers in half precision; beyond its range they are infinite. */
export function encodeFloat16(values: ArrayLike<number>): Uint16Array {
  checkKind("values", values, "numbers", encoding);
  return half.encodeFloat16(values);
}

/** bfloat16 as numbers, exactly: it is the upper half of a 32-bit float. */
export function decodeBfloat16(bits: Uint16Array): Float32Array {
  checkKind("bits", bits, "words16", decoding);
  const values = new Float32Array(bits.length);
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16;
  return values;
}

/** 8-bit floats as numbers, exactly. E4M3 has no infinities and one NaN a sign; E5M2 is the upper half of float16. */
export function decodeFloat8(dtype: "F8_E4M3" | "F8_E5M2", bits: Uint8Array): Float32Array {
  checkOption(choice(["F8_E4M3", "F8_E5M2"], { about: "Type of the floats." }), dtype, "dtype", decoding);
  checkKind("bits", bits, "bytes", decoding);
  if (dtype === "F8_E5M2") return half.decodeFloat16(Uint16Array.from(bits, (code) => code << 8));
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
  checkKind("values", values, "numbers", encoding);
  return half.encodeNarrow(values, 7, -126, 0x7f80);
}
