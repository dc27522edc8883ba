/**
 * Small whole numbers packed end to end: bit `k` of number `i` of a row is bit `i bits + k` of the row's stream, and bit
 * `b` of a stream is bit `b % 8` of its byte `floor(b / 8)`. As 32-bit words, little-endian, the same bytes are the same
 * stream. Rows begin at a whole unit of bytes; what they leave of their last unit is zero.
 *
 * This is how GPTQ, ONNX and compressed-tensors pack codes, beside what each does with the order of its rows.
 */

import { ShapeError } from "../solvers/core/errors.ts";

/** Bytes of a row of so many numbers. */
export function rowBytes(columns: number, bits: number, unitBytes = 1): number {
  return Math.ceil(columns * bits / (8 * unitBytes)) * unitBytes;
}

/**
 * Packs rows of numbers.
 *
 * @param values Whole numbers in `[0, 2^bits)`, [rows, columns].
 * @param bits 1 to 8.
 * @param unitBytes What rows are padded to: 1 for bytes, 4 for 32-bit words.
 * @returns The rows one after the other, `rows * rowBytes` bytes in a buffer of their own.
 * @throws {RangeError} for a number that does not fit
 */
export function packRows(
  values: ArrayLike<number>,
  [rows, columns]: readonly [rows: number, columns: number],
  bits: number,
  unitBytes = 1,
): Uint8Array<ArrayBuffer> {
  checkLength("values", values.length, rows * columns);
  const stride = rowBytes(columns, bits, unitBytes), packed = new Uint8Array(rows * stride), limit = 2 ** bits;
  for (let i = 0, from = 0; i < rows; i++) {
    // Fewer than 8 bits wait for their byte.
    let to = i * stride, waiting = 0, filled = 0;
    for (const end = from + columns; from < end; from++) {
      const value = values[from];
      if (!(value >= 0 && value < limit) || value !== Math.floor(value)) {
        throw new RangeError(`Cannot pack ${value} at ${from}: expected a whole number from 0 to ${limit - 1}.`);
      }
      waiting |= value << filled;
      filled += bits;
      if (filled < 8) continue;
      packed[to++] = waiting;
      waiting >>>= 8;
      filled -= 8;
    }
    if (filled > 0) packed[to] = waiting;
  }
  return packed;
}

/**
 * Unpacks rows of numbers: the inverse of {@linkcode packRows}. Padding is not looked at.
 *
 * @returns [rows, columns], one number a byte.
 */
export function unpackRows(
  packed: Uint8Array,
  [rows, columns]: readonly [rows: number, columns: number],
  bits: number,
  unitBytes = 1,
): Uint8Array<ArrayBuffer> {
  const stride = rowBytes(columns, bits, unitBytes), values = new Uint8Array(rows * columns), mask = 2 ** bits - 1;
  checkLength("packed", packed.length, rows * stride);
  for (let i = 0, to = 0; i < rows; i++) {
    let from = i * stride, waiting = 0, filled = 0;
    for (const end = to + columns; to < end; to++) {
      if (filled < bits) {
        waiting |= packed[from++] << filled;
        filled += 8;
      }
      values[to] = waiting & mask;
      waiting >>>= bits;
      filled -= bits;
    }
  }
  return values;
}

function checkLength(name: string, received: number, needed: number): void {
  if (received !== needed) {
    throw new ShapeError(name, `Cannot use "${name}": expected ${needed}, received ${received}.`);
  }
}
