/** What a public solver is put to, beside the tests of its own. @module */

import type { SolveOptions } from "../../mod.ts";

/** Calls of a solver on data of several sizes, told to stop before they are done. */
export interface Stoppable {
  /** How it is called, in words. */
  readonly name: string;
  /** Rows and columns of the data, from small to large: the second is taken where work is counted, all where time is measured. */
  readonly sizes: readonly (readonly [rows: number, columns: number])[];
  /** Milliseconds that the least of answers takes whatever the limit, where it is a pass over more than the data. @default 0 */
  leastMs?(rows: number, columns: number): number;
  /** Makes the data, and the call on them. */
  prepare(rows: number, columns: number): (options: SolveOptions) => Promise<unknown>;
}

/** One public solver. */
export interface Subject {
  /** Solves the nasty instance of a seed; fails where a promise is not kept, and says which instance it was. */
  readonly fuzz?: (seed: number) => Promise<void>;
  /** Instances in every test run. @default 1000 */
  readonly instances?: number;
  readonly stops: readonly Stoppable[];
  /** Blocks of its JavaScript that may run between two checkpoints. @default 1e8, some 0.1 to 0.3 s */
  readonly mostBlocks?: number;
  /** Multiply-adds of kernels between two checkpoints. @default 1e9, up to a second */
  readonly mostOperations?: number;
  /** Whether it knows no time limit, and is stopped by its signal alone. @default false */
  readonly untimed?: boolean;
}

/** Waits for all that a path yields. */
export async function drain(path: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of path);
}
