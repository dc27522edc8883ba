/** The values of a GGUF header: numbers, text, and lists of them. @module */

import { FormatError } from "./errors.ts";

/** Types of single values, by their numbers in the format; `array` is 9. */
const types = [
  "u8",
  "i8",
  "u16",
  "i16",
  "u32",
  "i32",
  "f32",
  "bool",
  "string",
  "array",
  "u64",
  "i64",
  "f64",
] as const satisfies GgufValueType[];

/** Type of a value. */
export type GgufValueType =
  | ("u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "u64" | "i64")
  | ("f32" | "f64" | "bool" | "string" | "array");

/** A value of a GGUF header. */
export type GgufValue =
  | { readonly type: "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "f32" | "f64"; readonly value: number }
  | { readonly type: "u64" | "i64"; readonly value: bigint }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | {
    readonly type: "array";
    /** Type of the elements. */
    readonly of: Exclude<GgufValueType, "array">;
    readonly value: readonly (number | bigint | boolean | string)[];
  };

/** Bytes of a number. */
const widths: Readonly<Record<Exclude<GgufValueType, "string" | "array">, number>> = {
  u8: 1,
  i8: 1,
  bool: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  u64: 8,
  i64: 8,
  f64: 8,
};

/** Bytes of a text that is read by hand where it is plain. */
const shortText = 64;

/** Reads a header from its beginning. */
export interface GgufCursor {
  /** Bytes that have been read. */
  position(): number;
  u32(what: string): number;
  /** At most 2^53 - 1. */
  u64(what: string): number;
  text(what: string): string;
  /** A type and a value of it. */
  value(what: string): GgufValue;
}

/**
 * A cursor over bytes.
 *
 * @param short the error where they end too early
 */
export function ggufCursor(bytes: Uint8Array, short: (what: string) => FormatError): GgufCursor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let at = 0;
  const take = (length: number, what: string) => {
    if (length > bytes.length - at) throw short(what);
    at += length;
    return at - length;
  };
  const cursor: GgufCursor = {
    position: () => at,
    u32: (what) => view.getUint32(take(4, what), true),
    u64(what) {
      const value = view.getBigUint64(take(8, what), true);
      if (value > Number.MAX_SAFE_INTEGER) throw new FormatError("gguf", what, `has the number ${value}`);
      return Number(value);
    },
    text(what) {
      const length = cursor.u64(what), begin = take(length, what), part = bytes.subarray(begin, at);
      // Most tokens are short and plain, and decoders slow for such.
      if (length <= shortText && part.every((byte) => byte < 128)) return String.fromCharCode(...part);
      try {
        // A copy, because decoders refuse views of shared memory.
        return decoder.decode(part.slice());
      } catch {
        throw new FormatError("gguf", what, "is not UTF-8");
      }
    },
    value(what) {
      const type = typeAt(what);
      if (type !== "array") return { type, value: single(type, what) } as GgufValue;
      const of = typeAt(what), length = cursor.u64(what);
      if (of === "array") throw new FormatError("gguf", what, "is a list of lists");
      if (length * (of === "string" ? 8 : widths[of]) > bytes.length - at) throw short(what);
      return { type, of, value: Array.from({ length }, () => single(of, what)) };
    },
  };
  return cursor;

  function typeAt(what: string): GgufValueType {
    const id = cursor.u32(what);
    if (id >= types.length) {
      throw new FormatError("gguf", what, `has the type ${id}; 0 to ${types.length - 1} are known`);
    }
    return types[id];
  }

  function single(type: Exclude<GgufValueType, "array">, what: string): number | bigint | boolean | string {
    if (type === "string") return cursor.text(what);
    const place = take(widths[type], what);
    switch (type) {
      case "u8":
        return view.getUint8(place);
      case "i8":
        return view.getInt8(place);
      case "u16":
        return view.getUint16(place, true);
      case "i16":
        return view.getInt16(place, true);
      case "u32":
        return view.getUint32(place, true);
      case "i32":
        return view.getInt32(place, true);
      case "f32":
        return view.getFloat32(place, true);
      case "f64":
        return view.getFloat64(place, true);
      case "u64":
        return view.getBigUint64(place, true);
      case "i64":
        return view.getBigInt64(place, true);
      case "bool":
        return view.getUint8(place) !== 0;
    }
  }
}

const encoder = new TextEncoder();

/** Bytes of a value, without its type. */
export function valueBytes(value: GgufValue): number {
  const size = (type: Exclude<GgufValueType, "array">, part: unknown) =>
    type === "string" ? 8 + encoder.encode(part as string).length : widths[type];
  if (value.type !== "array") return size(value.type, value.value);
  return 12 + value.value.reduce<number>((sum, part) => sum + size(value.of, part), 0);
}

/** Writes a type and a value at a place. @returns the place behind it */
export function writeValue(value: GgufValue, view: DataView, at: number): number {
  const typed = (type: GgufValueType) => (view.setUint32(at, types.indexOf(type), true), at += 4);
  typed(value.type);
  if (value.type !== "array") return writeSingle(value.type, value.value, view, at);
  typed(value.of);
  view.setBigUint64(at, BigInt(value.value.length), true);
  at += 8;
  for (const part of value.value) at = writeSingle(value.of, part, view, at);
  return at;
}

function writeSingle(type: Exclude<GgufValueType, "array">, value: unknown, view: DataView, at: number): number {
  if (type === "string") {
    const bytes = encoder.encode(value as string);
    view.setBigUint64(at, BigInt(bytes.length), true);
    new Uint8Array(view.buffer, view.byteOffset + at + 8).set(bytes);
    return at + 8 + bytes.length;
  }
  const number = value as number;
  if (type === "u8" || type === "bool") view.setUint8(at, Number(number));
  else if (type === "i8") view.setInt8(at, number);
  else if (type === "u16") view.setUint16(at, number, true);
  else if (type === "i16") view.setInt16(at, number, true);
  else if (type === "u32") view.setUint32(at, number, true);
  else if (type === "i32") view.setInt32(at, number, true);
  else if (type === "f32") view.setFloat32(at, number, true);
  else if (type === "f64") view.setFloat64(at, number, true);
  else if (type === "u64") view.setBigUint64(at, value as bigint, true);
  else view.setBigInt64(at, value as bigint, true);
  return at + widths[type];
}
