/** The engine, as solvers use it. @module */

export { type BackendRates, calibrate, type Calibration } from "./calibrate.ts";
export { type Capabilities, capabilities } from "./capabilities.ts";
export {
  configure,
  deviceUsage,
  dispose,
  type EngineOptions,
  memoryUsage,
  openWorkspace,
  withWorkspace,
} from "./engine.ts";
export { decodeFloat16, encodeFloat16, encodeNarrow, roundToFloat16 } from "./float16.ts";
export { BackendError, MemoryLimitError, WorkLimitError } from "./errors.ts";
export type { ArenaUsage } from "./arena.ts";
export type { FamilyModules, KernelModules } from "./modules.ts";
export type { BackendName, Crossovers, Plan, WorkRequest } from "./plan.ts";
export type { RelaxedSimd } from "./probe.ts";
export type { RuntimeName } from "./runtime.ts";
export { operationsDone } from "./work.ts";
export type { Workspace } from "./workspace.ts";
export { formBlock } from "../contract/dense/quadratic_form.ts";
export { quantizationSweepFlops, sweepBlock } from "../contract/quantization/sweep.ts";
/** How every kernel rounds: what JavaScript code beside the kernels must do alike. */
export { roundHalfToEven } from "../reference/rounding.ts";
