/**
 * The blocks of codes that GGUF tensors are made of. A block holds 32 or 256 weights of a row, in groups of 16, 32 or all
 * of them, and a weight of group `g` is, rounded once to f32,
 *
 *     D (code - zero) + M        D = d        or d (scale_g - scaleZero)
 *                                M = 0, or m, or -m minimum_g
 *
 * with `d` and `m` in f16. Where the bits of a code, of a scale or of a minimum stand in the block is a table of fields,
 * made from the public definition (ggml-common.h of the ggml project), by which blocks are both read and written.
 */

import { decodeFloat16 } from "./half.ts";
import { elementBits, type ElementType } from "./tensor.ts";

/** Types by their numbers in the format; those that are left out are not known here. */
const types = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q5_0: 6,
  Q5_1: 7,
  Q8_0: 8,
  Q2_K: 10,
  Q3_K: 11,
  Q4_K: 12,
  Q5_K: 13,
  Q6_K: 14,
  I8: 24,
  I16: 25,
  I32: 26,
  I64: 27,
  F64: 28,
  BF16: 30,
} as const satisfies Record<GgufType, number>;

/** Name of an element type, as ggml writes it. */
export type GgufType =
  | ("F32" | "F16" | "BF16" | "F64" | "I8" | "I16" | "I32" | "I64")
  | ("Q4_0" | "Q4_1" | "Q5_0" | "Q5_1" | "Q8_0" | "Q2_K" | "Q3_K" | "Q4_K" | "Q5_K" | "Q6_K");

/** Names of the types at the places of their numbers. */
export const typeNames: readonly (GgufType | undefined)[] = Object.entries(types).reduce(
  (names: (GgufType | undefined)[], [name, id]) => {
    names[id] = name as GgufType;
    return names;
  },
  [],
);

/** Bits of a byte of the block that are bits of a number, from `up` on. */
type Field = readonly [byte: number, shift: number, bits: number, up: number];

/** Fields of several numbers, one or two each, as arrays. */
interface Fields {
  readonly count: number;
  /** The fields one after the other, and the number that each belongs to. */
  readonly of: Uint16Array;
  readonly bytes: Uint16Array;
  readonly shifts: Uint8Array;
  readonly masks: Uint8Array;
  readonly ups: Uint8Array;
  /** Bits that are stored the other way round, as the sign of two's complement is. */
  readonly flip: number;
}

/** What a block is made of. */
export interface BlockType {
  /** Weights of a block. */
  readonly elements: number;
  /** Bytes of a block. */
  readonly bytes: number;
  /** Weights that share a scale. */
  readonly group: number;
  /** The code of 0, where nothing is added. */
  readonly zero: number;
  readonly codes: Fields;
  /** Byte of `d`. */
  readonly d: number;
  /** Byte of `m`, where there is one. */
  readonly m?: number;
  /** Whole factors of `d` by group. */
  readonly scales?: Fields;
  readonly scaleZero: number;
  /** Whole factors of `-m` by group; where there are none, `m` itself is added. */
  readonly minimums?: Fields;
}

function fields(count: number, flip: number, ...parts: readonly ((index: number) => Field | undefined)[]): Fields {
  const all: [number, Field][] = [];
  for (let index = 0; index < count; index++) {
    for (const part of parts) {
      const field = part(index);
      if (field) all.push([index, field]);
    }
  }
  return {
    count,
    flip,
    of: Uint16Array.from(all, ([index]) => index),
    bytes: Uint16Array.from(all, ([, [byte]]) => byte),
    shifts: Uint8Array.from(all, ([, [, shift]]) => shift),
    masks: Uint8Array.from(all, ([, [, , bits]]) => 2 ** bits - 1),
    ups: Uint8Array.from(all, ([, [, , , up]]) => up),
  };
}

/** Nibbles of 32 weights from a byte on: the first half of them low, the second high. */
const nibbles32 = (at: number) => (w: number): Field => [at + (w & 15), 4 * (w >> 4), 4, 0];
/** The fifth bits of 32 weights. */
const fifth32 = (at: number) => (w: number): Field => [at + (w >> 3), w & 7, 1, 4];
/** Nibbles of 256 weights: of each 64 the first 32 low, the others high. */
const nibbles256 = (at: number) => (w: number): Field => [at + 32 * (w >> 6) + (w & 31), 4 * (w >> 5 & 1), 4, 0];
/** Pairs of bits of 256 weights: of each 128, the first 32 lowest. */
const pairs256 = (at: number, up = 0) => (w: number): Field => [at + 32 * (w >> 7) + (w & 31), 2 * (w >> 5 & 3), 2, up];
/** A bit of each of 256 weights. */
const bits256 = (at: number, up: number) => (w: number): Field => [at + (w & 31), w >> 5, 1, up];
/** Scales and minimums of six bits, of eight groups, in bytes 4 to 15. */
const sixBits = {
  scales: fields(8, 0, (g) => g < 4 ? [4 + g, 0, 6, 0] : [8 + g, 0, 4, 0], (g) => g < 4 ? undefined : [g, 6, 2, 4]),
  minimums: fields(
    8,
    0,
    (g) => g < 4 ? [8 + g, 0, 6, 0] : [8 + g, 4, 4, 0],
    (g) => g < 4 ? undefined : [4 + g, 6, 2, 4],
  ),
  scaleZero: 0,
  d: 0,
  m: 2,
} as const;

const small = { elements: 32, group: 32, scaleZero: 0, d: 0 } as const, large = { elements: 256, group: 16 } as const;

/** The types that are made of blocks. */
export const blockTypes:
  & Readonly<Partial<Record<GgufType, BlockType>>>
  & {
    readonly [name in "Q4_0" | "Q4_1" | "Q8_0" | "Q3_K" | "Q4_K"]: BlockType;
  } = {
    Q4_0: { ...small, bytes: 18, zero: 8, codes: fields(32, 0, nibbles32(2)) },
    Q4_1: { ...small, bytes: 20, zero: 0, m: 2, codes: fields(32, 0, nibbles32(4)) },
    Q5_0: { ...small, bytes: 22, zero: 16, codes: fields(32, 0, nibbles32(6), fifth32(2)) },
    Q5_1: { ...small, bytes: 24, zero: 0, m: 2, codes: fields(32, 0, nibbles32(8), fifth32(4)) },
    Q8_0: { ...small, bytes: 34, zero: 128, codes: fields(32, 128, (w) => [2 + w, 0, 8, 0]) },
    Q2_K: {
      ...large,
      bytes: 84,
      zero: 0,
      codes: fields(256, 0, pairs256(16)),
      d: 80,
      m: 82,
      scales: fields(16, 0, (g) => [g, 0, 4, 0]),
      scaleZero: 0,
      minimums: fields(16, 0, (g) => [g, 4, 4, 0]),
    },
    Q3_K: {
      ...large,
      bytes: 110,
      zero: 4,
      codes: fields(256, 0, pairs256(32), bits256(0, 2)),
      d: 108,
      scales: fields(16, 0, (g) => [96 + (g & 7), 4 * (g >> 3), 4, 0], (g) => [104 + (g & 3), 2 * (g >> 2), 2, 4]),
      scaleZero: 32,
    },
    Q4_K: { ...large, ...sixBits, group: 32, bytes: 144, zero: 0, codes: fields(256, 0, nibbles256(16)) },
    Q5_K: {
      ...large,
      ...sixBits,
      group: 32,
      bytes: 176,
      zero: 0,
      codes: fields(256, 0, nibbles256(48), bits256(16, 4)),
    },
    Q6_K: {
      ...large,
      bytes: 210,
      zero: 32,
      codes: fields(256, 0, (w) => [64 * (w >> 7) + (w & 63), 4 * (w >> 6 & 1), 4, 0], pairs256(128, 4)),
      d: 208,
      scales: fields(16, 128, (g) => [192 + g, 0, 8, 0]),
      scaleZero: 128,
    },
  };

/** Elements that are stored together, and their bytes. */
export function storageOf(type: GgufType): { readonly elements: number; readonly bytes: number } {
  return blockTypes[type] ?? { elements: 1, bytes: elementBits(type as ElementType & GgufType) / 8 };
}

/** What a block holds. */
export interface Block {
  readonly codes: Uint8Array;
  /** `d` and `m`, as the bits of f16. */
  d: number;
  m: number;
  /** Whole factors by group, as they are stored; empty where the type has none. */
  readonly scales: Uint8Array;
  readonly minimums: Uint8Array;
}

/** An empty block of a type. */
export function emptyBlock({ elements, scales, minimums }: BlockType): Block {
  return {
    codes: new Uint8Array(elements),
    d: 0,
    m: 0,
    scales: new Uint8Array(scales?.count ?? 0),
    minimums: new Uint8Array(minimums?.count ?? 0),
  };
}

/** Writes a block at a place. */
export function writeBlock(type: BlockType, block: Block, bytes: Uint8Array, at: number): void {
  bytes.fill(0, at, at + type.bytes);
  put(type.codes, block.codes, bytes, at);
  if (type.scales) put(type.scales, block.scales, bytes, at);
  if (type.minimums) put(type.minimums, block.minimums, bytes, at);
  bytes[at + type.d] = block.d & 255;
  bytes[at + type.d + 1] = block.d >> 8;
  if (type.m === undefined) return;
  bytes[at + type.m] = block.m & 255;
  bytes[at + type.m + 1] = block.m >> 8;
}

/** Reads the block at a place. */
export function readBlock(type: BlockType, bytes: Uint8Array, at: number, block: Block): void {
  take(type.codes, bytes, at, block.codes);
  if (type.scales) take(type.scales, bytes, at, block.scales);
  if (type.minimums) take(type.minimums, bytes, at, block.minimums);
  block.d = bytes[at + type.d] | bytes[at + type.d + 1] << 8;
  block.m = type.m === undefined ? 0 : bytes[at + type.m] | bytes[at + type.m + 1] << 8;
}

function put({ of, bytes: places, shifts, masks, ups, flip }: Fields, values: Uint8Array, to: Uint8Array, at: number) {
  for (let k = 0; k < of.length; k++) to[at + places[k]] |= ((values[of[k]] ^ flip) >> ups[k] & masks[k]) << shifts[k];
}

function take({ of, bytes: places, shifts, masks, ups, flip }: Fields, from: Uint8Array, at: number, to: Uint8Array) {
  to.fill(flip);
  for (let k = 0; k < of.length; k++) to[of[k]] ^= (from[at + places[k]] >> shifts[k] & masks[k]) << ups[k];
}

/** `D` and `M` of every group of a block, exactly. */
function blockGrid(type: BlockType, block: Block, scales: Float32Array, offsets: Float32Array): void {
  const [d, m] = decodeFloat16(Uint16Array.of(block.d, block.m));
  for (let g = 0; g < scales.length; g++) {
    scales[g] = type.scales ? d * (block.scales[g] - type.scaleZero) : d;
    offsets[g] = type.minimums ? -m * block.minimums[g] : m;
  }
}

/** The numbers that blocks stand for. */
export function decodeBlocks(type: BlockType, bytes: Uint8Array): Float32Array {
  const { elements, group, zero } = type, count = bytes.length / type.bytes, block = emptyBlock(type);
  const values = new Float32Array(count * elements), groups = elements / group;
  const scales = new Float32Array(groups), offsets = new Float32Array(groups);
  for (let index = 0; index < count; index++) {
    readBlock(type, bytes, index * type.bytes, block);
    blockGrid(type, block, scales, offsets);
    const { codes } = block, to = index * elements;
    for (let w = 0; w < elements; w++) {
      const g = w / group | 0;
      values[to + w] = scales[g] * (codes[w] - zero) + offsets[g];
    }
  }
  return values;
}
