import { openWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { trainingFamily } from "../../kernels/families/training.ts";
import { DataError, OptionError, ShapeError } from "../core/errors.ts";
import { dtypeOf, likeVector, type Vector } from "../core/matrix.ts";
import type { IndicesLike } from "../core/options.ts";
import { checkKind } from "../core/kinds.ts";
import { refuse, resolveOptions } from "../core/resolve_options.ts";
import { shown } from "../core/shown.ts";
import type { GradientSource } from "./chunks.ts";
import { partBounds, partShares, partsOf } from "./micro_batches.ts";
import {
  type AdaptiveOptions,
  type GradientFunction,
  resolveOptimizer,
  samOptions,
  type SamTable,
} from "./optimizer_options.ts";
import { createStepper, type OptimizerState, type Stepper, type StepReport } from "./stepper.ts";

/** Options of {@linkcode sam}. */
export type SamOptions = Omit<SamTable, "adaptive"> & {
  /** Perturb in proportion to the parameters. @default false */
  readonly adaptive?: false | AdaptiveOptions;
};

/** A sharpness-aware optimiser of the caller's parameters. */
export interface SamOptimizer {
  /**
   * Takes a step: the parameters change in place, unless the step is skipped.
   *
   * @param parameters Of one length and type in all steps; finite.
   * @param batch Samples, cut into the micro-batches in their order; null for a gradient that knows its own.
   */
  step(parameters: Vector, batch: IndicesLike | null): Promise<StepReport>;
  /** A copy of what it knows; nothing before the first step. */
  state(): OptimizerState | undefined;
  /** Goes on from such a copy. */
  restore(state: OptimizerState): void;
  /** Frees its memory; the optimiser must not be used afterwards. Idempotent. */
  release(): void;
}

const action = "take a step";

/** The memory of optimisers that nobody can use any more. */
const forgotten = new FinalizationRegistry<{ release(): void }>((held) => held.release());

/**
 * Sharpness-aware minimisation of any loss whose gradient the caller has: each micro-batch of a batch climbs `rho` along
 * its own gradient, and the base optimiser descends along the mean of the gradients found there (Foret et al. 2021; with
 * several micro-batches mSAM, Behdin et al. 2023). A step costs `1 + ascentSteps` gradients of the batch, and with `rho` 0
 * one: then it is the base optimiser, bit for bit.
 *
 * Perturbed parameters are arrays of the optimiser's own: the caller's are read before and written after the step, so that
 * nothing is added to them and taken away again. Gradients of micro-batches are summed in pairs by their order. A step in
 * which a loss or gradient is NaN or infinite is left out whole, and says so.
 *
 * The memory is freed by `release`, or once the optimiser is garbage.
 *
 * @throws {OptionError} for an option outside its range
 *
 * @example
 * ```ts
 * import { sam } from "@minima/minima";
 * // The mean of (w - x)^2 / 2 over the batch, whose gradient is the mean of w - x.
 * const x = [0, 1];
 * const optimizer = sam({
 *   gradient(parameters, batch, out) {
 *     const errors = Array.from(batch!, (sample) => parameters[0] - x[sample]);
 *     out[0] = errors.reduce((sum, error) => sum + error, 0) / errors.length;
 *     return errors.reduce((sum, error) => sum + error * error / 2, 0) / errors.length;
 *   },
 *   rho: 0.1,
 *   microBatches: 2,
 *   base: { kind: "sgd", learningRate: 0.1, momentum: 0 },
 * });
 * const w = new Float64Array([2]);
 * const { loss, samGradientNorm } = await optimizer.step(w, [0, 1]);
 * optimizer.release();
 * if (loss !== 1.25 || Math.abs(samGradientNorm - 1.6) > 1e-9 || Math.abs(w[0] - 1.84) > 1e-9) throw new Error("wrong");
 * ```
 */
export function sam(options: SamOptions): SamOptimizer {
  if (options !== undefined) checkKind("options", options, "object", "minimise");
  const { adaptive: given, ...others } = (options ?? {}) as SamOptions;
  const adaptive = given === false ? undefined : given;
  const { gradient, segments: begins, backend, ...optimizer } = resolveOptions(
    samOptions,
    options === undefined ? options! : { ...others, ...adaptive === undefined ? {} : { adaptive } } as SamTable,
    "sharpness-aware minimisation",
  );
  const resolved = resolveOptimizer(optimizer);
  if (begins) checkSegments(begins);
  if (resolved.schedule.kind === "cosine" && resolved.schedule.steps === undefined) {
    throw refuse("schedule.steps", "the number of steps until a cosine reaches 0", undefined);
  }
  let held: { workspace: Workspace; session: Session } | undefined, restored: OptimizerState | undefined;
  let busy = false, released = false;

  async function start(parameters: Vector, parts: number): Promise<Session> {
    const dtype = dtypeOf(parameters);
    const workspace = await openWorkspace({
      families: [denseFamily, trainingFamily],
      backend,
      threads: 1,
      dtype,
      flops: 0,
    });
    try {
      const segments = segmentBounds(begins, parameters.length);
      const session = createSession(
        workspace,
        gradient,
        parameters,
        parts,
        (source, microBatches) => createStepper(workspace, { dtype, segments, microBatches }, resolved, source),
      );
      held = { workspace, session };
      forgotten.register(optimizerHandle, workspace, optimizerHandle);
      return session;
    } catch (error) {
      workspace.release();
      throw error;
    }
  }

  function end(): void {
    forgotten.unregister(optimizerHandle);
    held?.workspace.release();
    held = undefined;
  }

  const optimizerHandle: SamOptimizer = {
    async step(parameters, batch) {
      if (released) throw new Error("Cannot take a step: the optimiser has been released.");
      if (busy) throw new Error("Cannot take a step: the one before has not ended; await it first.");
      checkParameters(parameters);
      const samples = batch === null ? null : checkBatch(batch);
      if (samples === null && (resolved.microBatches > 1 || resolved.microBatchSize !== undefined)) {
        throw new OptionError("batch", `Cannot ${action}: "batch" is null, but micro-batches need its samples.`);
      }
      busy = true;
      try {
        const parts = samples === null ? 1 : partsOf(resolved, samples.length);
        let session = held?.session;
        if (session && (session.size !== parameters.length || session.dtype !== dtypeOf(parameters))) {
          throw new ShapeError(
            "parameters",
            `Cannot ${action}: "parameters" are ${parameters.length} numbers of ${dtypeOf(parameters)}, ` +
              `but were ${session.size} of ${session.dtype} before.`,
          );
        }
        if (session && session.parts < parts) {
          // A larger batch than before: the same state over more memory.
          restored = session.stepper.state();
          end();
          session = undefined;
        }
        session ??= await start(parameters, parts);
        if (restored) {
          checkState(restored, session);
          session.stepper.restore(restored);
          restored = undefined;
        }
        return await session.step(parameters, samples, parts);
      } finally {
        busy = false;
        if (released) end();
      }
    },
    state: () => restored ?? held?.session.stepper.state(),
    restore(state) {
      if (typeof state !== "object" || state === null || !Number.isSafeInteger(state.step) || state.step < 0) {
        throw new DataError("state", `Cannot restore "state": expected what state() gave, received ${shown(state)}.`);
      }
      if (held) checkState(state, held.session);
      restored = { step: state.step, moments: state.moments.map((moment) => moment.slice()) };
    },
    release() {
      released = true;
      if (!busy) end();
    },
  };
  return optimizerHandle;
}

/** Steps over a workspace, with arrays of JavaScript's own for the caller's function. */
interface Session {
  readonly stepper: Stepper;
  readonly size: number;
  readonly dtype: "f32" | "f64";
  readonly parts: number;
  step(parameters: Vector, batch: Uint32Array | null, parts: number): Promise<StepReport>;
}

function createSession(
  workspace: Workspace,
  gradient: GradientFunction,
  like: Vector,
  parts: number,
  create: (source: GradientSource, parts: number) => Stepper,
): Session {
  const size = like.length, point = likeVector(like, size), slope = likeVector(like, size);
  let samples: Uint32Array | null = null, bounds: Uint32Array = new Uint32Array(0);
  const source: GradientSource = {
    evaluation(points, first, gradients, losses) {
      const from = workspace.view(points.array), into = workspace.view(gradients.array);
      const means = workspace.view(losses.array), { offset = 0 } = losses;
      return async () => {
        for (let i = 0; i < gradients.rows; i++) {
          const row = points.rows === 1 ? 0 : i * size;
          point.set(from.subarray(row, row + size));
          const batch = samples && samples.subarray(bounds[first + i], bounds[first + i + 1]);
          const loss: unknown = await gradient(point, batch, slope);
          if (typeof loss !== "number") {
            throw new DataError(
              "gradient",
              `Cannot ${action}: "gradient" gave ${shown(loss)}, expected the mean loss.`,
            );
          }
          means[offset + i] = loss;
          into.set(slope, i * size);
        }
      };
    },
  };
  const stepper = create(source, parts), own = workspace.view(stepper.parameters.array) as Vector;
  return {
    stepper,
    size,
    dtype: dtypeOf(like),
    parts,
    async step(parameters, batch, count) {
      samples = batch;
      bounds = partBounds(batch?.length ?? 1, count);
      own.set(parameters);
      const report = await stepper.step(partShares(bounds));
      if (!report.skipped) parameters.set(own);
      return report;
    },
  };
}

function checkParameters(parameters: unknown): asserts parameters is Vector {
  if (!(parameters instanceof Float32Array || parameters instanceof Float64Array)) {
    throw new TypeError(
      `Cannot ${action}: "parameters" must be a Float32Array or a Float64Array, received ${shown(parameters)}.`,
    );
  }
  if (parameters.length === 0) throw new ShapeError("parameters", `Cannot ${action}: "parameters" are empty.`);
  for (let k = 0; k < parameters.length; k++) {
    if (Number.isFinite(parameters[k])) continue;
    throw new DataError("parameters", `Cannot ${action}: "parameters" hold ${parameters[k]} at ${k}.`);
  }
}

function checkBatch(batch: IndicesLike): Uint32Array {
  if (!(batch instanceof Uint32Array) && !Array.isArray(batch)) {
    throw refuse("batch", "a Uint32Array, an array of indices, or null", batch);
  }
  if (batch.length === 0) throw new ShapeError("batch", `Cannot ${action}: "batch" is empty.`);
  if (batch instanceof Uint32Array) return batch;
  batch.forEach((sample, at) => {
    if (sample >>> 0 !== sample) throw refuse(`batch[${at}]`, "an index", sample);
  });
  return Uint32Array.from(batch);
}

function checkSegments(begins: Uint32Array): void {
  begins.forEach((begin, at) => {
    const fine = at === 0 ? begin === 0 : begin > begins[at - 1];
    if (!fine) throw refuse(`segments[${at}]`, at === 0 ? "0" : `more than ${begins[at - 1]}`, begin);
  });
}

function segmentBounds(begins: Uint32Array | undefined, size: number): Uint32Array {
  const bounds = Uint32Array.from([...begins?.length ? begins : [0], size]);
  if (bounds.length > 2 && bounds[bounds.length - 2] >= size) {
    throw refuse(`segments[${bounds.length - 2}]`, `less than the ${size} parameters`, bounds[bounds.length - 2]);
  }
  return bounds;
}

function checkState({ moments }: OptimizerState, { stepper, size }: Session): void {
  const count = stepper.state().moments.length;
  if (Array.isArray(moments) && moments.length === count && moments.every(({ length }) => length === size)) return;
  throw new ShapeError(
    "state",
    `Cannot restore "state": expected ${count} moments of ${size} numbers, as of this optimiser and its parameters.`,
  );
}
