import { withWorkspace, type Workspace } from "../kernels/engine/mod.ts";
import { type Matrix, matrix } from "../solvers/core/matrix.ts";
import type { Resolved } from "../solvers/core/options.ts";
import type { Run } from "../solvers/core/run.ts";
import { type Bits, widths } from "./bits.ts";
import { constraintsOf } from "./checkpoints/constraints.ts";
import { forwardFlops, forwardRequest } from "./forward.ts";
import type { LanguageModel, LinearLayer } from "./load.ts";
import type { ModelProgress, ModelSettings } from "./quantize_options.ts";
import type { Batch } from "./sequences.ts";
import { readLinear } from "./weights.ts";

/** Settings of a quantisation, checked. */
export type Settings = Resolved<
  ModelSettings,
  | "threads"
  | "signal"
  | "onProgress"
  | "initial"
  | "groupSize"
  | "grid"
  | "activationOrder"
  | "outliers"
  | "maxIterations"
  | "scalePrecision"
  | "averageBits"
  | "format"
  | "resume"
>;

/** One quantisation of a model. */
export interface Task {
  readonly model: LanguageModel;
  readonly settings: Settings;
  readonly batches: readonly Batch[];
  readonly layers: readonly LinearLayer[];
  /** Bits that a code may have. */
  readonly widths: readonly Bits[];
  readonly run: Run;
  /** Tells of progress after so much work. @returns the share of all work that is done */
  report(event: Omit<ModelProgress, "elapsedMs" | "fraction" | "iteration">, work: number): number;
  /** The same, between kernels. @returns whether the time is up */
  tell(event: Omit<ModelProgress, "elapsedMs" | "fraction" | "iteration">, work: number): Promise<boolean>;
}

/** Dense passes that a solve is worth, by rough count, and a quick one: for progress. */
export const passesOfSolve = 20, passesOfTrial = 2;

/** A quantisation that begins. */
export function createTask(
  model: LanguageModel,
  settings: Settings,
  batches: readonly Batch[],
  layers: readonly LinearLayer[],
  run: Run,
): Task {
  const solves = layers.reduce((sum, layer) => sum + workOf(layer, 1), 0);
  const available = constraintsOf(settings.format).bits ?? widths;
  const trials = settings.averageBits === undefined ? 0 : passesOfTrial * available.length;
  let all = (passesOfSolve + trials) * solves, done = 0;
  const task: Task = {
    model,
    settings,
    batches,
    layers,
    widths: available,
    run,
    report(event, work) {
      // Work of blocks that were there already does not count, so that the time left is right.
      if (work < 0) all += work;
      else done += work;
      const fraction = all > 0 ? Math.min(1, done / all) : 1, elapsedMs = run.elapsedMs();
      settings.onProgress?.({
        ...event,
        fraction,
        elapsedMs,
        iteration: 0,
        ...fraction > 0.01 && { remainingMs: elapsedMs * (1 - fraction) / fraction },
      });
      return fraction;
    },
    async tell(event, work) {
      const fraction = task.report(event, work);
      return await run.checkpoint({ stage: event.stage, fraction, iteration: 0 });
    },
  };
  return task;
}

/** Multiply-adds of dense passes over the Gram matrix of a layer. */
export const workOf = ({ outputs, inputs }: LinearLayer, passes: number) => passes * outputs * inputs * inputs;

/** Runs forward passes over the calibration in a workspace of their own. */
export async function inForward<T>(task: Task, work: (workspace: Workspace) => Promise<T>): Promise<T> {
  const { model, settings: { backend, threads }, batches } = task;
  const tokens = batches.reduce((sum, batch) => sum + batch.tokens.length, 0);
  const flops = forwardFlops(model.architecture).blocks * tokens;
  // Layers are solved where each pays; the forward pass has no shaders.
  const request = forwardRequest(2 * flops, { backend: backend === "webgpu" ? "auto" : backend, threads });
  return await withWorkspace(request, work);
}

/** The weights of a layer [outputs, inputs]. */
export async function readWeights(
  { weights, architecture }: LanguageModel,
  { name, outputs, inputs }: LinearLayer,
): Promise<Matrix> {
  return matrix(outputs, inputs, await readLinear(weights, name, outputs, inputs, architecture.transposed));
}

/** The options of a layer, with what is left of the time. */
export function layerOptions(
  { settings, run, report }: Task,
  layer: LinearLayer,
  bits: Bits,
  weights: Matrix,
  gram: Matrix,
) {
  const { originalShare: _, averageBits: __, format, resume: ____, onProgress: _____, timeLimitMs, ...others } =
    settings;
  return {
    ...others,
    bits,
    ...constraintsOf(format).ofLayer?.(layer, bits, settings),
    ...constraintsOf(format).gridOf?.(weights, gram, bits, settings),
    timeLimitMs: Math.max(0, timeLimitMs - run.elapsedMs()),
    onProgress: ({ stage }: { readonly stage: string }) => void report({ stage, layer: layer.name }, 0),
  };
}
