import type { QuantizationMethod } from "../../../../solvers/quantization/mod.ts";

/** Methods in the order in which they run. */
export const methods = ["rtn", "gptq", "quantease", "auto"] as const satisfies readonly QuantizationMethod[];

/** One method's layer. */
export interface MethodAnswer {
  readonly method: (typeof methods)[number];
  readonly objective: number;
  readonly relativeError: number;
  /** Relative error that each output adds, the largest first. */
  readonly rowErrors: Float64Array;
  readonly passes: number;
  readonly elapsedMs: number;
  readonly trace: Float64Array;
  /** How often each code is used. */
  readonly codeCounts: Uint32Array;
  /** Where it ran, and why. */
  readonly ran: string;
}

/** What the methods have found so far. */
export interface QuantizationAnswer {
  readonly shape: readonly [outputs: number, inputs: number];
  readonly methods: readonly MethodAnswer[];
}
