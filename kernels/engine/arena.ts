import type { Dtype, HostArray, ViewOf } from "../contract.ts";
import { MemoryLimitError } from "./errors.ts";

/** Every block begins on a cache line. */
const alignment = 64;
const pageBytes = 65536;

/** First byte that may be allocated. */
export const arenaBase = 2048;

const constructors = {
  f16: Float32Array,
  f32: Float32Array,
  f64: Float64Array,
  u8: Uint8Array,
  u32: Uint32Array,
  i32: Int32Array,
} as const;

/** Bytes of one element of each dtype in JavaScript. */
export const elementBytes: { readonly [D in Dtype]: number } = { f16: 4, f32: 4, f64: 8, u8: 1, u32: 4, i32: 4 };

/** A typed view of `length` elements at `byteOffset` of a buffer. */
export function viewOf<D extends Dtype>(
  buffer: ArrayBufferLike,
  dtype: D,
  byteOffset: number,
  length: number,
): ViewOf[D] {
  const View = constructors[dtype] as new (buffer: ArrayBufferLike, byteOffset: number, length: number) => unknown;
  return new View(buffer, byteOffset, length) as ViewOf[D];
}

/** Use of the arena, in bytes. */
export interface ArenaUsage {
  /** Held by allocations now. */
  readonly used: number;
  /** Taken from the runtime so far; WASM memory never shrinks. */
  readonly reserved: number;
  /** The most it may take. */
  readonly limit: number;
}

/** Allocates aligned blocks of one WASM memory, and frees them. */
export interface Arena {
  readonly memory: WebAssembly.Memory;
  /**
   * A zeroed array; `high` places it at the highest address that is free, so that what outlives a solve does not
   * fragment the memory that solves use in turn.
   *
   * @throws {MemoryLimitError} past the limit
   */
  allocate<D extends Dtype>(dtype: D, length: number, label: string, high?: boolean): HostArray<D>;
  /** Frees a block; the array must not be touched afterwards. */
  free(array: HostArray): void;
  /**
   * The same numbers rounded to f32, where they are; the array must not be touched afterwards, and half its bytes are
   * free.
   */
  narrow(array: HostArray<"f64">): HostArray<"f32">;
  usage(): ArenaUsage;
}

interface Gap {
  start: number;
  bytes: number;
}

/**
 * A first-fit allocator over `memory` from byte {@linkcode arenaBase} on, growing it up to `limit` bytes.
 *
 * Views stay valid while memory grows, because the memory is shared: growth makes a larger buffer over the same bytes
 * and leaves the old one attached.
 */
export function createArena(memory: WebAssembly.Memory, limit: number): Arena {
  const start = arenaBase;
  // Gaps are sorted by address and never adjacent: they are merged when a block is freed.
  const gaps: Gap[] = [{ start, bytes: memory.buffer.byteLength - start }];
  const blocks = new Map<number, number>();
  let used = 0;
  // The runtime zeroes each page when it is first touched: from this byte on, nothing was ever allocated.
  let untouched = start;

  function take(bytes: number, label: string, high: boolean): number {
    const fits = (gap: Gap) => gap.bytes >= bytes;
    let at = high ? gaps.findLastIndex(fits) : gaps.findIndex(fits);
    if (at < 0) at = grow(bytes, label);
    const gap = gaps[at];
    const address = high ? gap.start + gap.bytes - bytes : gap.start;
    if (!high) gap.start += bytes;
    gap.bytes -= bytes;
    if (gap.bytes === 0) gaps.splice(at, 1);
    return address;
  }

  function grow(bytes: number, label: string): number {
    const end = memory.buffer.byteLength;
    const last = gaps.at(-1);
    const tail = last !== undefined && last.start + last.bytes === end ? last : undefined;
    const missing = Math.ceil((bytes - (tail?.bytes ?? 0)) / pageBytes);
    const left = Math.floor((limit - end) / pageBytes);
    // Doubling up to 64 MiB at a time keeps the number of growths small, and the excess bounded.
    const preferred = Math.min(Math.max(missing, Math.min(end, 64 << 20) / pageBytes), left);
    const pages = missing > left ? undefined : [preferred, missing].find((pages) => tryGrow(memory, pages));
    if (pages === undefined) {
      throw new MemoryLimitError(
        `Cannot allocate ${bytes} bytes for "${label}": ${used} of at most ${limit} bytes are in use.`,
      );
    }
    if (tail) tail.bytes += pages * pageBytes;
    else gaps.push({ start: end, bytes: pages * pageBytes });
    return gaps.length - 1;
  }

  return {
    memory,
    allocate(dtype, length, label, high = false) {
      const bytes = blockBytes(dtype, length);
      const address = take(bytes, label, high);
      blocks.set(address, bytes);
      used += bytes;
      const view = viewOf(memory.buffer, dtype, address, length);
      view.subarray(0, Math.ceil(Math.max(0, untouched - address) / elementBytes[dtype])).fill(0);
      untouched = Math.max(untouched, address + bytes);
      return { dtype, length, label, address, view };
    },
    free({ address, label }) {
      const bytes = blocks.get(address);
      if (bytes === undefined) throw new Error(`Cannot free "${label}": it is not allocated.`);
      blocks.delete(address);
      used -= bytes;
      release(gaps, address, bytes);
    },
    narrow(array) {
      const narrowed = narrowInPlace(array);
      const held = blocks.get(array.address)!, needed = blockBytes("f32", array.length);
      if (needed < held) {
        blocks.set(array.address, needed);
        used -= held - needed;
        release(gaps, array.address + needed, held - needed);
      }
      return narrowed;
    },
    usage: () => ({ used, reserved: memory.buffer.byteLength, limit }),
  };
}

function release(gaps: Gap[], start: number, bytes: number): void {
  let next = gaps.findIndex((gap) => gap.start > start);
  if (next < 0) next = gaps.length;
  const before = gaps[next - 1], after = gaps[next];
  const joinsBefore = before !== undefined && before.start + before.bytes === start;
  const joinsAfter = after !== undefined && start + bytes === after.start;
  if (joinsBefore) {
    before.bytes += bytes + (joinsAfter ? after.bytes : 0);
    if (joinsAfter) gaps.splice(next, 1);
  } else if (joinsAfter) {
    after.start = start;
    after.bytes += bytes;
  } else {
    gaps.splice(next, 0, { start, bytes });
  }
}

function blockBytes(dtype: Dtype, length: number): number {
  return align(Math.max(1, length * elementBytes[dtype]));
}

/**
 * The numbers of an f64 array rounded to f32 at the beginning of its bytes. From the first on, none is overwritten
 * unread.
 */
export function narrowInPlace({ view, length, label, address }: HostArray<"f64">): HostArray<"f32"> {
  const narrowed = viewOf(view.buffer, "f32", view.byteOffset, length);
  for (let at = 0; at < length; at++) narrowed[at] = view[at];
  return { dtype: "f32", length, label, address, view: narrowed };
}

function align(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

function tryGrow(memory: WebAssembly.Memory, pages: number): boolean {
  try {
    memory.grow(pages);
    return true;
  } catch {
    return false;
  }
}
