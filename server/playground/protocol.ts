/** What the page and its worker say to each other. */

import type { QuantizationMethod, QuantizeOptions } from "@minima/minima";

/** Methods in the order in which they run. */
export const methods = ["rtn", "gptq", "quantease", "auto"] as const satisfies readonly QuantizationMethod[];

/** One of {@linkcode methods}. */
export type Method = (typeof methods)[number];

/** A generated layer. */
export interface ExampleLayer {
  readonly rows: number;
  readonly columns: number;
  /** Channels ten times as large as the others. */
  readonly outlying: number;
  readonly seed: number;
}

/** Two tensors of a file. */
export interface FileLayer {
  readonly file: Blob;
  readonly weights: string;
  readonly gram: string;
}

/** What the page asks for. */
export type Request =
  | { readonly kind: "list"; readonly file: Blob }
  | { readonly kind: "solve"; readonly layer: ExampleLayer | FileLayer; readonly options: QuantizeOptions }
  | { readonly kind: "cancel" };

/** One method's answer. */
export interface Answer {
  readonly method: Method;
  readonly relativeError: number;
  /** Relative error that each output adds, the largest first. */
  readonly rowErrors: Float64Array;
  readonly passes: number;
  readonly elapsedMs: number;
  readonly trace: Float64Array;
  /** How often each code is used. */
  readonly codeCounts: Uint32Array;
  /** Where it ran, and why. */
  readonly reason: string;
}

/** What the worker tells. */
export type Reply =
  | { readonly kind: "tensors"; readonly names: readonly string[] }
  | { readonly kind: "progress"; readonly stage: string; readonly fraction: number }
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "done"; readonly file: Blob; readonly method: Method }
  | { readonly kind: "cancelled" }
  | { readonly kind: "problem"; readonly message: string };
