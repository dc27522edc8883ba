/**
 * The wire format of protocol buffers, as far as ONNX needs it: fields `number << 3 | kind` with varints, 32-bit floats,
 * and bytes, which are text, messages or packed numbers. It is defined at protobuf.dev/programming-guides/encoding.
 */

import { FormatError } from "./errors.ts";

/** A message that is being written: byte arrays are kept, not copied, until it is finished. */
export interface Message {
  /** A whole number, in two's complement of 64 bits where it is negative. */
  integer(field: number, value: number): Message;
  /** A float of 32 bits. */
  float(field: number, value: number): Message;
  /** Bytes. */
  bytes(field: number, value: Uint8Array): Message;
  /** Text. */
  text(field: number, value: string): Message;
  /** A message inside this one. */
  message(field: number, value: Message): Message;
  /** Bytes so far. */
  readonly length: number;
  /** Pieces that make up the message. */
  readonly parts: readonly Uint8Array[];
}

const kinds = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** An empty message. */
export function createMessage(): Message {
  const parts: Uint8Array[] = [];
  let length = 0;
  const add = (part: Uint8Array) => {
    parts.push(part);
    length += part.length;
    return message;
  };
  const begin = (field: number, kind: number) => add(varint(BigInt(field * 8 + kind)));
  const message: Message = {
    integer(field, value) {
      begin(field, kinds.varint);
      return add(varint(BigInt.asUintN(64, BigInt(value))));
    },
    float(field, value) {
      begin(field, kinds.fixed32);
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setFloat32(0, value, true);
      return add(bytes);
    },
    bytes(field, value) {
      begin(field, kinds.bytes);
      add(varint(BigInt(value.length)));
      return add(value);
    },
    text: (field, value) => message.bytes(field, new TextEncoder().encode(value)),
    message(field, value) {
      begin(field, kinds.bytes);
      add(varint(BigInt(value.length)));
      for (const part of value.parts) add(part);
      return message;
    },
    get length() {
      return length;
    },
    parts,
  };
  return message;
}

/** The bytes of a message. */
export function finishMessage({ length, parts }: Message): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  do {
    const low = Number(value & 0x7fn);
    value >>= 7n;
    bytes.push(value > 0n ? low | 0x80 : low);
  } while (value > 0n);
  return Uint8Array.from(bytes);
}

/** A field that was read: a varint as 64 bits, a float or bits of 64 as their bytes, bytes as a view. */
export type Field =
  | { readonly field: number; readonly integer: bigint; readonly bytes?: undefined }
  | { readonly field: number; readonly bytes: Uint8Array; readonly integer?: undefined };

/**
 * The fields of a message, in the order of the file.
 *
 * @throws {FormatError} of `format` for bytes that are no message
 */
export function* readMessage(bytes: Uint8Array, format: string): Generator<Field, void, void> {
  const refuse = (problem: string) => new FormatError(format, "a message", problem);
  let at = 0;
  function readVarint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= bytes.length) throw refuse("ends inside a number: truncated");
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw refuse("has a number of more than 64 bits");
  }
  while (at < bytes.length) {
    const key = readVarint(), field = Number(key >> 3n), kind = Number(key & 7n);
    if (field < 1 || field >= 2 ** 29) throw refuse(`has a field of number ${field}`);
    if (kind === kinds.varint) {
      yield { field, integer: readVarint() };
      continue;
    }
    const length = kind === kinds.fixed32 ? 4 : kind === kinds.fixed64 ? 8 : kind === kinds.bytes ? readVarint() : -1;
    if (length === -1) throw refuse(`has field ${field} of kind ${kind}, which is not known`);
    if (BigInt(length) > BigInt(bytes.length - at)) {
      throw refuse(`gives field ${field} ${length} bytes where ${bytes.length - at} are left: truncated`);
    }
    yield { field, bytes: bytes.subarray(at, at += Number(length)) };
  }
}

/** Whole numbers of a field that is repeated, whether they are packed or not. */
export function integersOf({ field, integer, bytes }: Field, format: string): number[] {
  const numbers: number[] = [];
  const add = (value: bigint) => {
    const number = Number(BigInt.asIntN(64, value));
    if (!Number.isSafeInteger(number)) throw new FormatError(format, `field ${field}`, `holds ${number}, beyond 2^53`);
    numbers.push(number);
  };
  if (integer !== undefined) add(integer);
  else {
    let value = 0n, shift = 0n;
    for (const byte of bytes) {
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte >= 0x80 && shift < 70n) continue;
      add(BigInt.asUintN(64, value));
      value = shift = 0n;
    }
    if (shift > 0n) throw new FormatError(format, `field ${field}`, "ends inside a number: truncated");
  }
  return numbers;
}
