/** What solvers see of the machine. @module */

export { calibrate, type Calibration, type Contest } from "./calibrate.ts";
export { type Capabilities, capabilities } from "./capabilities.ts";
export { deviceUsage, dispose, type EngineOptions, init, memoryUsage, openWorkspace, withWorkspace } from "./engine.ts";
export { decodeFloat16, encodeFloat16, encodeNarrow } from "./float16.ts";
export { BackendError, MemoryLimitError } from "./errors.ts";
export type { ArenaUsage } from "./arena.ts";
export type { KernelModules } from "./modules.ts";
export type { BackendName, Crossovers, Plan, WorkRequest } from "./plan.ts";
export type { RelaxedSimd } from "./probe.ts";
export type { RuntimeName } from "./runtime.ts";
export type { Workspace } from "./workspace.ts";
export { penaltyKinds } from "../spec/l0.ts";
export { nodeState, nodeStateWords, nodeStatus } from "../spec/l0_nodes.ts";
export { formBlock } from "../spec/matrix.ts";
export { quantizationSpecs, sweepBlock } from "../spec/quantization.ts";
export { indicatorAt, keptConjugate, relaxedAt, relaxedConjugate } from "../spec/perspective.ts";
/** How every kernel rounds: what JavaScript code beside the kernels must do alike. */
export { roundHalfToEven } from "../reference/rounding.ts";
