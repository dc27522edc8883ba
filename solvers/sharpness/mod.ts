/**
 * Flat minima: sharpness-aware optimisers of any loss, networks trained by them, and how flat a minimum is.
 *
 * @module
 */

export type { OptimizerState, StepReport } from "./stepper.ts";
export { sam, type SamOptimizer, type SamOptions } from "./sam.ts";
export {
  type AdaptiveOptions,
  type BaseOptions,
  type GradientFunction,
  type OptimizerOptions,
  samOptions,
  type SamTable,
  type ScheduleOptions,
} from "./optimizer_options.ts";
