/**
 * Safetensors: `u64` header length, a JSON header, and the elements of all tensors end to end, little-endian. The
 * header names every tensor with its type, shape and place; nothing in the file runs.
 *
 * Reading follows the checks of the reference implementation (no holes, no overlap, no trailing bytes, header of at
 * most 100 MB) and refuses duplicate keys besides. Writing sorts tensors by falling width and pads the header to 8
 * bytes, so that every tensor is aligned and can be viewed without a copy.
 */

import { checkKind, checkParts } from "../solvers/core/kinds.ts";
import { FormatError } from "./errors.ts";
import { duplicateKey } from "./json.ts";
import {
  bytesOf,
  completeTensor,
  elementBits,
  elementCount,
  elementsOver,
  type ElementType,
  isCounts,
  isElementType,
  type Tensor,
  type TensorInput,
} from "./tensor.ts";

/** Limit of the reference implementation. */
const maximumHeaderBytes = 100_000_000;

/** Where a tensor lies in a file. */
export interface SafetensorsEntry {
  /** Type of the elements. */
  readonly dtype: ElementType;
  /** Size along each axis; empty for a scalar. */
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly begin: number;
  /** One past the last byte, counted from the start of the file. */
  readonly end: number;
}

/** Sees that a caller's source can be read. */
export function checkSource(source: RandomAccess, format: string): void {
  checkParts("source", source, { size: "count", read: "callback" }, `read the ${format} data`);
}

/** The header of a file: what it holds, without the elements. */
export interface SafetensorsHeader {
  /** Tensors by name, in the order of their bytes. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  /** Strings that the writer kept in the header. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A file in memory. */
export interface Safetensors {
  /** Tensors by name, in the order of their bytes. */
  readonly tensors: Map<string, Tensor>;
  /** Strings that the writer kept in the header. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes that are read piece by piece: a file handle, an HTTP range. */
export interface RandomAccess {
  /** Size in bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`; the range lies within `size`. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/**
 * Reads a file that is in memory.
 *
 * @param bytes The whole file.
 * @returns Tensors that are views of `bytes` where they are aligned, and copies where they are not.
 * @throws {FormatError} when the file breaks a rule of the format; its `field` names the part
 *
 * @example
 * ```ts
 * import { parseSafetensors, serializeSafetensors } from "@minima/minima";
 * const bytes = serializeSafetensors({ w: { shape: [2, 1], data: new Float32Array([1, 2]) } }, { source: "example" });
 * const { tensors, metadata } = parseSafetensors(bytes);
 * if (tensors.get("w")?.data[1] !== 2 || metadata.source !== "example") throw new Error("not the same");
 * ```
 */
export function parseSafetensors(bytes: Uint8Array | ArrayBuffer): Safetensors {
  checkKind("bytes", bytes, "file", "read the safetensors data");
  const file = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  const length = headerLength(file.subarray(0, 8), file.length);
  const { entries, metadata } = parseHeader(file.subarray(8, 8 + length), file.length);
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, begin, end }] of entries) {
    tensors.set(name, { dtype, shape, data: elementsOver(dtype, file.subarray(begin, end)) });
  }
  return { tensors, metadata };
}

/**
 * Reads the header alone, so that one tensor can be taken out of a file that would not fit in memory.
 *
 * @throws {FormatError} when the header breaks a rule of the format
 */
export async function readSafetensorsHeader(source: RandomAccess): Promise<SafetensorsHeader> {
  checkSource(source, "safetensors");
  const length = headerLength(await source.read(0, Math.min(8, source.size)), source.size);
  return parseHeader(await source.read(8, length), source.size);
}

/**
 * Reads one tensor.
 *
 * @throws {FormatError} when the header has no tensor of that name
 */
export async function readSafetensorsTensor(
  source: RandomAccess,
  header: SafetensorsHeader,
  name: string,
): Promise<Tensor> {
  checkSource(source, "safetensors");
  checkParts("header", header, { entries: "map" }, "read the safetensors data");
  checkKind("name", name, "text", "read the safetensors data");
  const entry = header.entries.get(name);
  if (!entry) {
    const names = [...header.entries.keys()];
    const some = names.slice(0, 8).map((other) => `"${other}"`).join(", ") + (names.length > 8 ? ", ..." : "");
    throw new FormatError("safetensors", `tensor "${name}"`, `is missing; the file holds ${some || "no tensors"}`);
  }
  const { dtype, shape, begin, end } = entry;
  return { dtype, shape, data: elementsOver(dtype, await source.read(begin, end - begin)) };
}

/**
 * Writes a file.
 *
 * @param tensors Tensors by name; a {@linkcode Matrix} is one, its type follows from its array.
 * @param metadata Strings to keep in the header.
 * @throws {TypeError} when an array does not hold its type, or metadata is not a string
 * @throws {ShapeError} when a shape does not fit its array
 */
export function serializeSafetensors(
  tensors: ReadonlyMap<string, TensorInput> | Readonly<Record<string, TensorInput>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  checkKind("tensors", tensors, "object", "write the safetensors data");
  checkKind("metadata", metadata, "object", "write the safetensors data");
  const sorted = [...(tensors instanceof Map ? tensors : Object.entries(tensors))]
    .map(([name, tensor]) => ({ name, ...completeTensor(name, tensor) }))
    .sort((a, b) => elementBits(b.dtype) - elementBits(a.dtype) || (a.name < b.name ? -1 : 1));

  // The members are joined by hand because a JavaScript object would lose the order, and the key "__proto__".
  const members: string[] = [];
  if (Object.keys(metadata).length > 0) {
    for (const [key, value] of Object.entries(metadata)) {
      if (typeof value !== "string") throw new TypeError(`Cannot write metadata "${key}": it must be a string.`);
    }
    members.push(`"__metadata__":${JSON.stringify(metadata)}`);
  }
  let end = 0;
  for (const tensor of sorted) {
    if (tensor.name === "__metadata__") throw new TypeError('Cannot write a tensor named "__metadata__".');
    const data_offsets = [end, end += tensor.data.byteLength];
    const info = { dtype: tensor.dtype, shape: tensor.shape, data_offsets };
    members.push(`${JSON.stringify(tensor.name)}:${JSON.stringify(info)}`);
  }
  const header = new TextEncoder().encode(`{${members.join(",")}}`);
  const dataStart = 8 + Math.ceil(header.length / 8) * 8;

  const file = new Uint8Array(dataStart + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  file.set(header, 8);
  file.fill(0x20, 8 + header.length, dataStart);
  let at = dataStart;
  for (const tensor of sorted) {
    file.set(bytesOf(tensor), at);
    at += tensor.data.byteLength;
  }
  return file;
}

function refuse(field: string, problem: string): FormatError {
  return new FormatError("safetensors", field, problem);
}

function headerLength(prefix: Uint8Array, fileBytes: number): number {
  if (prefix.length < 8) throw refuse("the header length", `needs 8 bytes, but the file has ${fileBytes}`);
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > maximumHeaderBytes) {
    throw refuse("the header length", `is ${length} bytes, but at most ${maximumHeaderBytes} are allowed`);
  }
  if (Number(length) > fileBytes - 8) {
    throw refuse("the header", `is ${length} bytes long, but only ${fileBytes - 8} follow its length: truncated`);
  }
  return Number(length);
}

function parseHeader(bytes: Uint8Array, fileBytes: number): SafetensorsHeader {
  const header = parseObject(bytes);
  const dataStart = 8 + bytes.length;
  const metadata = checkMetadata(header.__metadata__);
  const entries = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, info]) => [name, checkEntry(name, info, dataStart)] as const)
    .sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);

  let expected = dataStart;
  for (const [name, { begin, end }] of entries) {
    if (begin !== expected) {
      const what = begin > expected ? "a hole" : "an overlap";
      throw refuse(
        `tensor "${name}": data_offsets`,
        `begins at ${begin - dataStart} where ${expected - dataStart} was expected: ${what}`,
      );
    }
    expected = end;
  }
  if (expected !== fileBytes) {
    const problem = expected > fileBytes ? "truncated" : "bytes that no tensor owns";
    throw refuse("the data", `has ${fileBytes - dataStart} bytes instead of ${expected - dataStart}: ${problem}`);
  }
  return { entries: new Map(entries), metadata };
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  if (bytes[0] !== 0x7b) throw refuse("the header", 'must start with "{"');
  let text: string, header: Record<string, unknown>;
  try {
    // A copy, because decoders refuse views of shared memory.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.slice());
  } catch {
    throw refuse("the header", "is not UTF-8");
  }
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw refuse("the header", `is not JSON (${(error as Error).message})`);
  }
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) throw refuse("the header", `names "${duplicate}" twice`);
  return header;
}

function checkMetadata(metadata: unknown): Record<string, string> {
  // The reference implementation takes null for none.
  if (metadata === undefined || metadata === null) return {};
  if (!isObject(metadata)) throw refuse("__metadata__", "must be an object");
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string") throw refuse(`__metadata__: "${key}"`, "must be a string");
  }
  return metadata as Record<string, string>;
}

function checkEntry(name: string, info: unknown, dataStart: number): SafetensorsEntry {
  const field = (key: string) => `tensor "${name}": ${key}`;
  if (!isObject(info)) throw refuse(`tensor "${name}"`, "must be an object with dtype, shape and data_offsets");
  const { dtype, shape, data_offsets: offsets } = info;
  if (!isElementType(dtype)) throw refuse(field("dtype"), `is ${JSON.stringify(dtype)}, which is not known`);
  if (!isCounts(shape)) throw refuse(field("shape"), "must be an array of whole numbers from 0 to 2^53 - 1");
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw refuse(field("data_offsets"), "must be [begin, end] with whole numbers from 0 to 2^53 - 1, begin <= end");
  }
  const bytes = offsets[1] - offsets[0];
  const needed = elementCount(shape) * elementBits(dtype) / 8;
  if (bytes !== needed) {
    throw refuse(field("data_offsets"), `spans ${bytes} bytes, but ${dtype} [${shape}] needs ${needed}`);
  }
  return { dtype, shape, begin: dataStart + offsets[0], end: dataStart + offsets[1] };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
