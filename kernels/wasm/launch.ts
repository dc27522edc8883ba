/** How a kernel call becomes a call into the WASM module. */

import type { HostArray, KernelArguments, KernelName, MatrixOperand, VectorOperand } from "../contract.ts";

/** A parameter of an exported function: a number, or the f64 words of a struct. */
export type Parameter = number | readonly number[];

/** Most words that the structs of one launch take together. */
export const structWords = 64;

/**
 * The parameters as an exported function takes them: structs go into `words`, which begin at byte `address` of the
 * memory.
 */
export function passStructs(parameters: readonly Parameter[], words: Float64Array, address: number): number[] {
  let used = 0;
  return parameters.map((parameter) => {
    if (typeof parameter === "number") return parameter;
    words.set(parameter, used);
    const place = address + 8 * used;
    used += parameter.length;
    return place;
  });
}

/**
 * One call of an exported function. Where `extent` is given, the work splits: the function takes `begin, end, scratch`
 * after `parameters`, and calling it over the pieces of any partition of `[0, extent)` gives the same bits. The value
 * of such a launch is the sum of what its pieces return, i32 counts; elsewhere it is what the function returns.
 */
export interface Launch {
  /** Name of the export. */
  readonly entry: string;
  /**
   * Pointers (bytes), sizes and strides (elements), scalars, and structs, of which the function takes the addresses.
   */
  readonly parameters: readonly Parameter[];
  /** Size of the dimension that splits. */
  readonly extent?: number;
  /** Pieces are multiples of this, except the last. @default 1 */
  readonly grain?: number;
  /**
   * Pieces may differ in cost: they are as small as the grain allows, and threads take another when they are done.
   * @default false
   */
  readonly uneven?: boolean;
  /** Private working memory of one piece, 64-byte aligned; without `extent`, `scratch` alone follows. @default 0 */
  readonly scratchBytes?: number;
}

/**
 * Turns the arguments of a kernel into launches, each finished before the next begins. A list's last value is the
 * kernel's. A generator is sent the value of each launch before it makes the next, and returns the kernel's.
 */
export type Lowering<K extends KernelName> = (operands: KernelArguments<K>) => Launches;

/** What a lowering gives. */
export type Launches = readonly Launch[] | Generator<Launch, number, number>;

/** Runs launches in turn where each gives its value at once. */
export function runLaunches(launches: Launches, run: (launch: Launch) => number): number {
  if (isList(launches)) {
    let value = 0;
    for (let i = 0; i < launches.length; i++) value = run(launches[i]);
    return value;
  }
  const steps: Iterator<Launch, number | undefined, number> = launches[Symbol.iterator]();
  let value = 0;
  while (true) {
    const step = steps.next(value);
    if (step.done) return step.value ?? value;
    value = run(step.value);
  }
}

function isList(launches: Launches): launches is readonly Launch[] {
  return Array.isArray(launches);
}

/** Runs launches in turn where some give a promise. */
export async function runLaunchesAsync(
  launches: Launches,
  run: (launch: Launch) => number | Promise<number>,
): Promise<number> {
  const steps: Iterator<Launch, number | undefined, number> = launches[Symbol.iterator]();
  let value = 0;
  while (true) {
    const step = steps.next(value);
    if (step.done) return step.value ?? value;
    value = await run(step.value);
  }
}

/** Bytes of one element of each dtype. */
export const bytesPerElement = { f32: 4, f64: 8, u8: 1, u32: 4, i32: 4 };

/** Byte address of the first element of an operand. */
export function addressOf({ array, offset = 0 }: Pick<VectorOperand | MatrixOperand, "array" | "offset">): number {
  return (array as HostArray).address + offset * bytesPerElement[array.dtype];
}

/** Elements from one row of a matrix operand to the next. */
export function strideOf({ stride, columns }: MatrixOperand): number {
  return stride ?? columns;
}

/** Multiply-adds below which a piece is not worth a thread of its own: some 50 microseconds. */
const leastWork = 1 << 18;

/**
 * A grain of pieces that are worth a thread each, in multiples of `unit`, where one index takes `work` multiply-adds.
 */
export function grainFor(work: number, unit = 1): number {
  return Math.max(1, Math.ceil(leastWork / (Math.max(1, work) * unit))) * unit;
}
