/**
 * GGUF: the magic `GGUF`, u32 version 3, u64 counts of tensors and of values; the values, each a key, a u32 type and its
 * content; the tensors, each a name, its sizes with the fastest axis first, a u32 type and its place; and behind padding
 * the elements, each tensor at a multiple of the alignment. Little-endian. Defined by docs/gguf.md of the ggml project.
 *
 * Here shapes are row-major, the slowest axis first, as everywhere else.
 */

import { checkKind, checkParts } from "../solvers/core/kinds.ts";
import { clipped, FormatError } from "./errors.ts";
import { blockTypes, decodeBlocks, type GgufType, storageOf, typeNames } from "./gguf_blocks.ts";
import { ggufCursor, type GgufValue, valueBytes, writeValue } from "./gguf_values.ts";
import { checkSource, type RandomAccess } from "./safetensors.ts";
import { elementCount, elementsOver, type Tensor } from "./tensor.ts";

/** Where a tensor lies in a file. */
export interface GgufEntry {
  /** Type of the elements, such as `F16` or `Q4_0`; `type 99` for one that is not known. */
  readonly type: GgufType | `type ${number}`;
  /** Size along each axis, the slowest first. */
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly begin: number;
  /** One past the last byte; of a type that is not known, where the next tensor begins. */
  readonly end: number;
}

/** What a file holds, without the elements. */
export interface GgufHeader {
  /** Values by key, in their order. */
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** Tensors by name, in their order. */
  readonly entries: ReadonlyMap<string, GgufEntry>;
}

/** A tensor to write: its bytes, or what makes them. */
export interface GgufTensorInput {
  /** Type of the elements. */
  readonly type: GgufType;
  /** Size along each axis, the slowest first: one to four of them. */
  readonly shape: readonly number[];
}

const magic = 0x46554747, version = 3, defaultAlignment = 32, mostAxes = 4, mostNameBytes = 64;
const alignmentKey = "general.alignment";

/** Bytes of a header that are read at once; more when it is longer. */
const firstBytes = 2 ** 20;

/**
 * Reads the header of a file that is in memory.
 *
 * @throws {FormatError} where it breaks a rule of the format; its `field` names the part
 *
 * @example
 * ```ts
 * import { parseGguf, serializeGguf } from "@minima/minima";
 * const weights = new Uint8Array(new Float32Array([1, 2]).buffer);
 * const file = serializeGguf(
 *   new Map([["general.name", { type: "string", value: "two" }]]),
 *   new Map([["w", { type: "F32", shape: [2, 1], bytes: weights }]]),
 * );
 * const { metadata, entries } = parseGguf(file), { begin, end } = entries.get("w")!;
 * if (metadata.get("general.name")?.value !== "two" || end - begin !== 8) throw new Error("not the same");
 * ```
 */
export function parseGguf(bytes: Uint8Array): GgufHeader {
  checkKind("bytes", bytes, "bytes", reading);
  return parseHeader(bytes, bytes.length);
}

/**
 * Reads the header alone, so that tensors can be taken out of a file that would not fit in memory.
 *
 * @throws {FormatError} where it breaks a rule of the format
 */
export async function readGgufHeader(source: RandomAccess): Promise<GgufHeader> {
  checkSource(source, "gguf");
  for (let length = Math.min(firstBytes, source.size);; length = Math.min(4 * length, source.size)) {
    try {
      return parseHeader(await source.read(0, length), source.size);
    } catch (error) {
      if (!(error instanceof FormatError && error.message.includes(cutShort)) || length === source.size) throw error;
    }
  }
}

/**
 * Reads one tensor: floats and whole numbers as they are, blocks of codes as the numbers in f32 that they stand for.
 *
 * @throws {FormatError} where there is none of that name, or its type is not known
 */
export async function readGgufTensor(source: RandomAccess, header: GgufHeader, name: string): Promise<Tensor> {
  checkSource(source, "gguf");
  checkParts("header", header, { entries: "map" }, reading);
  checkKind("name", name, "text", reading);
  const entry = header.entries.get(name);
  if (!entry) throw refuse(`tensor "${clipped(name)}"`, "is missing");
  const { type, shape, begin, end } = entry;
  if (!isKnown(type)) throw refuse(`tensor "${clipped(name)}"`, `has the ${type}, which is not known`);
  const bytes = await source.read(begin, end - begin), block = blockTypes[type];
  if (!block) {
    const dtype = type as Exclude<GgufType, keyof typeof blockTypes>;
    return { dtype, shape, data: elementsOver(dtype, bytes) };
  }
  return { dtype: "F32", shape, data: decodeBlocks(block, bytes) };
}

/** Whether elements of a type can be read. */
function isKnown(type: GgufEntry["type"]): type is GgufType {
  return !type.startsWith("type ");
}

/** Where everything goes in a file, and its beginning. */
export interface GgufLayout {
  /** The file up to the first tensor. */
  readonly header: Uint8Array<ArrayBuffer>;
  /** First byte of each tensor. */
  readonly places: ReadonlyMap<string, number>;
  /** Bytes of the whole file. */
  readonly size: number;
}

/**
 * Lays out a file: the bytes before the tensors, and where each of them goes. What is between them is zero.
 *
 * @throws {TypeError} for a name, a shape or an alignment that the format cannot hold
 */
export function layOutGguf(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: ReadonlyMap<string, GgufTensorInput>,
): GgufLayout {
  const encoder = new TextEncoder(), alignment = Number(metadata.get(alignmentKey)?.value ?? defaultAlignment);
  if (!(Number.isInteger(alignment) && alignment >= 8 && alignment % 8 === 0)) {
    throw new TypeError(`Cannot write "${alignmentKey}" ${alignment}: it must be a multiple of 8.`);
  }
  const names = [...tensors.keys()].map((name) => encoder.encode(name));
  const keys = [...metadata.keys()].map((key) => encoder.encode(key));
  let length = 24;
  for (const [at, value] of [...metadata.values()].entries()) length += 8 + keys[at].length + 4 + valueBytes(value);
  for (const [at, [name, { type, shape }]] of [...tensors].entries()) {
    if (names[at].length > mostNameBytes) throw new TypeError(`Cannot write "${name}": it has more than 64 bytes.`);
    if (shape.length < 1 || shape.length > mostAxes || !shape.every((size) => Number.isSafeInteger(size) && size > 0)) {
      throw new TypeError(`Cannot write "${name}": its shape [${shape}] must be one to four whole numbers from 1.`);
    }
    const { elements } = storageOf(type);
    if (shape.at(-1)! % elements !== 0) {
      throw new TypeError(`Cannot write "${name}": rows of ${shape.at(-1)} do not divide into ${type} of ${elements}.`);
    }
    length += 8 + names[at].length + 4 + 8 * shape.length + 4 + 8;
  }
  const aligned = (bytes: number) => Math.ceil(bytes / alignment) * alignment, start = aligned(length);
  const header = new Uint8Array(start), view = new DataView(header.buffer);
  let at = 0;
  const u32 = (value: number) => (view.setUint32(at, value, true), at += 4);
  const u64 = (value: number) => (view.setBigUint64(at, BigInt(value), true), at += 8);
  const text = (bytes: Uint8Array) => (u64(bytes.length), header.set(bytes, at), at += bytes.length);
  u32(magic);
  u32(version);
  u64(tensors.size);
  u64(metadata.size);
  for (const [index, value] of [...metadata.values()].entries()) {
    text(keys[index]);
    at = writeValue(value, view, at);
  }
  const places = new Map<string, number>();
  let place = 0;
  for (const [index, [name, { type, shape }]] of [...tensors].entries()) {
    text(names[index]);
    u32(shape.length);
    shape.toReversed().forEach(u64);
    u32(typeNames.indexOf(type));
    u64(place);
    places.set(name, start + place);
    place = aligned(place + bytesOfTensor(type, shape));
  }
  return { header, places, size: start + place };
}

/**
 * Writes a file.
 *
 * @param metadata Values by key; `general.alignment`, where it is given, is kept to.
 * @param tensors Tensors by name, with their bytes as the file holds them.
 * @throws {TypeError} for a name, a shape or a number of bytes that the format cannot hold
 */
export function serializeGguf(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: ReadonlyMap<string, GgufTensorInput & { readonly bytes: Uint8Array }>,
): Uint8Array<ArrayBuffer> {
  checkKind("metadata", metadata, "map", "write the gguf data");
  checkKind("tensors", tensors, "map", "write the gguf data");
  const { header, places, size } = layOutGguf(metadata, tensors), file = new Uint8Array(size);
  file.set(header);
  for (const [name, { type, shape, bytes }] of tensors) {
    const needed = bytesOfTensor(type, shape);
    if (bytes.length !== needed) {
      throw new TypeError(
        `Cannot write "${name}": ${type} [${shape}] needs ${needed} bytes, received ${bytes.length}.`,
      );
    }
    file.set(bytes, places.get(name)!);
  }
  return file;
}

/** Bytes of a tensor. */
export function bytesOfTensor(type: GgufType, shape: readonly number[]): number {
  const { elements, bytes } = storageOf(type);
  return elementCount(shape) / elements * bytes;
}

function refuse(field: string, problem: string): FormatError {
  return new FormatError("gguf", field, problem);
}

const reading = "read the gguf data";

/** What errors of a header say that goes on behind the bytes there are. */
const cutShort = "is cut short";

function parseHeader(bytes: Uint8Array, fileBytes: number): GgufHeader {
  const cursor = ggufCursor(bytes, (what) => refuse(what, `${cutShort}: the file has ${fileBytes} bytes`));
  if (cursor.u32("the magic") !== magic) throw refuse("the magic", 'is not "GGUF"');
  const found = cursor.u32("the version");
  if (found !== 2 && found !== version) throw refuse("the version", `is ${found}; 2 and 3 are known`);
  const count = (what: string, least: number) => {
    const value = cursor.u64(what);
    if (value > fileBytes / least) throw refuse(what, `is ${value}, more than ${fileBytes} bytes hold`);
    return value;
  };
  const tensorCount = count("the number of tensors", 24), valueCount = count("the number of values", 13);
  const metadata = new Map<string, GgufValue>();
  for (let index = 0; index < valueCount; index++) {
    const key = cursor.text("a key");
    if (metadata.has(key)) throw refuse(`the key "${clipped(key)}"`, "is there twice");
    metadata.set(key, cursor.value(`the key "${clipped(key)}"`));
  }
  const alignment = metadata.get(alignmentKey)?.value ?? defaultAlignment;
  if (typeof alignment !== "number" || alignment < 8 || alignment > 2 ** 20 || alignment % 8 !== 0) {
    throw refuse(`the key "${alignmentKey}"`, `is ${clipped(String(alignment))}; a multiple of 8 is needed`);
  }
  // One by one: the number of them may be untrue, and then the bytes end sooner.
  const infos: ReturnType<typeof tensorInfo>[] = [];
  while (infos.length < tensorCount) infos.push(tensorInfo(alignment));
  const start = Math.ceil(cursor.position() / alignment) * alignment;
  const starts = infos.map(({ place }) => place).sort((a, b) => a - b), entries = new Map<string, GgufEntry>();
  for (const { name, type, shape, place } of infos) {
    if (entries.has(name)) throw refuse(`tensor "${clipped(name)}"`, "is there twice");
    // The first that begins behind it.
    let low = 0, high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] > place) high = middle;
      else low = middle + 1;
    }
    const next = low < starts.length ? start + starts[low] : fileBytes, begin = start + place;
    const end = isKnown(type) ? begin + bytesOfTensor(type, shape) : next;
    if (end > fileBytes) {
      throw refuse(`tensor "${clipped(name)}"`, `${cutShort}: it ends at ${end} of ${fileBytes} bytes`);
    }
    if (end > next) throw refuse(`tensor "${clipped(name)}"`, "overlaps the one behind it");
    if (low >= 2 && starts[low - 2] === place) {
      throw refuse(`tensor "${clipped(name)}"`, "begins where another one does");
    }
    entries.set(name, { type, shape, begin, end });
  }
  return { metadata, entries };

  function tensorInfo(alignment: number) {
    const name = cursor.text("the name of a tensor"), label = `tensor "${clipped(name)}"`, axes = cursor.u32(label);
    if (axes < 1 || axes > mostAxes) throw refuse(label, `has ${axes} axes; 1 to ${mostAxes} are allowed`);
    const shape = Array.from({ length: axes }, () => cursor.u64(label)).toReversed();
    if (shape.includes(0) || elementCount(shape) > 2 ** 50) throw refuse(label, `has the shape [${shape}]`);
    const id = cursor.u32(label), type: GgufEntry["type"] = typeNames[id] ?? `type ${id}`, place = cursor.u64(label);
    if (isKnown(type) && shape.at(-1)! % storageOf(type).elements !== 0) {
      throw refuse(label, `has rows of ${shape.at(-1)}, which do not divide into ${type}`);
    }
    if (place % alignment !== 0) throw refuse(label, `begins at ${place}; a multiple of ${alignment} is needed`);
    return { name, type, shape, place };
  }
}
