/** The half of a panel that the worker loads. */

import type { ProgressEvent } from "../../solvers/core/result.ts";
import type { Field, Values } from "./panel.ts";

/** What a file or an example holds. */
export interface Content {
  readonly fields: readonly Field[];
  /** What was done that the source does not say by itself, in sentences. */
  readonly remarks?: readonly string[];
}

/** A content, and which of its fields have which role. */
export interface Chosen<C extends Content> {
  readonly content: C;
  /** Names of fields by role; none for an optional role that was left out. */
  readonly roles: Readonly<Record<string, readonly string[]>>;
}

/** How a panel solves, with options as its form sets them: exported as `solver` by its `solver.ts`. */
export interface PanelSolver<C extends Content, Answer, Options extends object> {
  /**
   * Reads a file, as its form says it is written, the first of `files`; `readTable`, `readTensors` and `readModel` of
   * `contents/` are there for it.
   */
  read(file: File, reading: Values, files: readonly File[]): Promise<C>;
  /** Makes the examples, by name. */
  readonly examples: Readonly<Record<string, (options: Values, signal: AbortSignal) => C | Promise<C>>>;
  /** Solves; `run.show` what is found as soon as there is something. */
  solve(data: Chosen<C>, options: Options, run: SolveRun<Answer>): Promise<readonly Download[] | void>;
}

/** What a solve is given. */
export interface SolveRun<Answer> {
  readonly signal: AbortSignal;
  /** Shows an answer, in place of the one before. It is copied to the page, so it holds data alone. */
  show(answer: Answer): void;
  /** Tells how far the whole is, 0 to 1. */
  progress(stage: string, fraction: number): void;
  /** `signal` and `onProgress` for a solver whose work is the part from `from` to `to` of the whole. */
  watch(from?: number, to?: number, stage?: string): {
    readonly signal: AbortSignal;
    readonly onProgress: (event: ProgressEvent) => void;
  };
}

/** A file to take away. */
export interface Download {
  readonly name: string;
  readonly content: string | Uint8Array<ArrayBuffer>;
}
