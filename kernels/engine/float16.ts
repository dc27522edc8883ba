/**
 * Half precision as raw bits, and rounding to floats narrower than 32 bits. Decoding is exact; encoding rounds to
 * nearest, ties to even, straight from the number given, so a `Float64Array` is not rounded twice.
 */

/** Half precision (1 sign, 5 exponent, 10 fraction bits) as numbers, exactly. */
export function decodeFloat16(bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; i++) {
    const code = bits[i];
    // Read as a 32-bit float the fields lie 127 - 15 powers of two too low, subnormals included.
    words[i] = (code & 0x7fff) << 13;
    if ((code & 0x7c00) === 0x7c00) words[i] |= 0x7f800000;
    else values[i] *= 2 ** 112;
    words[i] |= (code & 0x8000) << 16;
  }
  return values;
}

/** Numbers in half precision; beyond 65504 they round to infinity. */
export function encodeFloat16(values: ArrayLike<number>): Uint16Array {
  return encodeNarrow(values, 10, -14, 0x7c00);
}

/** A number rounded to half precision, ties to even; beyond 65504 to infinity. */
export function roundToFloat16(value: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude < 65520)) return Number.isNaN(value) ? value : Math.sign(value) * Infinity;
  scratch[0] = magnitude;
  const unit = 2 ** (Math.max((words[1] >>> 20) - 1023, -14) - 10);
  return Math.sign(value) * ((magnitude / unit + 2 ** 52) - 2 ** 52) * unit;
}

const scratch = new Float64Array(1);
const words = new Uint32Array(scratch.buffer);

/**
 * Numbers as floats of so many fraction bits, whose least normal exponent and code of infinity are given.
 *
 * With `e` the exponent of `x`, not below the least normal one, `n = |x| / 2^(e - fractionBits)` is exact and adding
 * and taking away 2^52 rounds it to a whole number, ties to even. The code is then `(e - least) * 2^fractionBits + n`:
 * the implicit bit of `n` adds one to the exponent field, subnormals lack it, and a carry moves into the exponent by
 * itself, at the top end into infinity.
 */
export function encodeNarrow(
  values: ArrayLike<number>,
  fractionBits: number,
  least: number,
  infinity: number,
): Uint16Array {
  const codes = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    scratch[0] = values[i];
    const sign = (words[1] >>> 16) & 0x8000;
    const e = Math.max(((words[1] >>> 20) & 0x7ff) - 1023, least);
    const magnitude = Math.abs(values[i]);
    if (magnitude !== magnitude) codes[i] = infinity | (1 << (fractionBits - 1));
    else if (magnitude === Infinity) codes[i] = sign | infinity;
    else {
      const n = (magnitude * 2 ** (fractionBits - e) + 2 ** 52) - 2 ** 52;
      codes[i] = sign | Math.min((e - least) * 2 ** fractionBits + n, infinity);
    }
  }
  return codes;
}
