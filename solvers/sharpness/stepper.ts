/** Steps of sharpness-aware minimisation over the arrays of a workspace, whatever gives the gradients. @module */

import type { Completion, FloatDtype, VectorOperand } from "../../kernels/contract.ts";
import { GLOBAL, PER_SEGMENT, UNSCALED } from "../../kernels/contract/training/constants.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { OptionError } from "../core/errors.ts";
import { likeVector, type Vector } from "../core/matrix.ts";
import {
  type Chunk,
  createChunks,
  FURTHER_NORM,
  type GradientSource,
  LOSS,
  NORM,
  NUMBERS,
  PERTURBED_LOSS,
} from "./chunks.ts";
import type { ResolvedOptimizer } from "./optimizer_options.ts";
import { rateFactor } from "./schedule.ts";

/** What a step has seen. */
export interface StepReport {
  /** Mean loss of the batch before the step. */
  readonly loss: number;
  /** Norm of the gradient there: the mean of those of the micro-batches. */
  readonly gradientNorm: number;
  /** Norm of the gradient that was taken, before it is clipped. */
  readonly samGradientNorm: number;
  /** A loss or a gradient was NaN or infinite: nothing was changed. */
  readonly skipped: boolean;
}

/** What an optimiser knows beside the parameters. */
export interface OptimizerState {
  /** Steps taken; those skipped do not count. */
  readonly step: number;
  /** The velocity of momentum, or the means of the gradient and of its square. */
  readonly moments: readonly Vector[];
}

/** An optimiser over parameters in a workspace. */
export interface Stepper {
  readonly parameters: VectorOperand;
  /** @param shares What each micro-batch counts; they sum to one. */
  step(shares: ArrayLike<number>): Promise<StepReport>;
  state(): OptimizerState;
  restore(state: OptimizerState): void;
}

/** What the arrays are made for. */
export interface StepperShape {
  readonly dtype: FloatDtype;
  /** Where each segment of the parameters begins, and where the last one ends. */
  readonly segments: Uint32Array;
  /** Most micro-batches of a step. */
  readonly microBatches: number;
}

const norms = { global: GLOBAL, "per-tensor": PER_SEGMENT, none: UNSCALED } as const;

/** An optimiser over fresh arrays of the workspace, its parameters 0. */
export function createStepper(
  workspace: Workspace,
  { dtype, segments, microBatches }: StepperShape,
  options: ResolvedOptimizer,
  source: GradientSource,
): Stepper {
  const { kernels } = workspace, { rho, base, adaptive, ascentSteps, epsilon, clip, schedule } = options;
  const size = segments[segments.length - 1], segmentCount = segments.length - 1;
  const vector = (label: string): VectorOperand => ({ array: workspace.allocate(dtype, size, label), length: size });
  const parameters = vector("parameters");
  const moments = base.kind === "sgd" ? [vector("velocity")] : [vector("mean gradient"), vector("mean square")];
  const bounds = workspace.allocate("u32", segments.length, "segments");
  workspace.write(bounds, segments);
  const scaled = adaptive && workspace.allocate("u32", segmentCount, "scaled segments");
  if (scaled) workspace.write(scaled, marksOf(adaptive.segments, segmentCount));
  const chunks = createChunks(workspace, parameters, {
    dtype,
    size,
    microBatches,
    perturbation: rho > 0
      ? {
        segments: bounds,
        norm: norms[options.norm],
        rho,
        epsilon,
        eta: adaptive?.eta,
        scaled,
        share: 1 / ascentSteps,
      }
      : undefined,
    inSteps: ascentSteps > 1,
    decay: rho > 0 && options.decayInPerturbation && base.kind === "sgd" ? base.weightDecay : 0,
  }, source);
  const { most, offsets, partials } = chunks, sumOfAll = Object.freeze({ x: chunks.sum });
  const zeros = offsets && new Float32Array(most * size), shareOf = new Float64Array(most);
  /** Whether JavaScript sees what kernels leave; elsewhere a chunk is waited for once, when all of it is on its way. */
  const inSight = workspace.host === workspace;
  let numbers: Vector = inSight ? workspace.view(chunks.numbers.array) : new Float32Array(NUMBERS * most);
  let taken = 0, written: ArrayLike<number> | undefined, update: (() => Completion) | undefined, latest = [NaN, NaN];
  /** Of the chunk that was evaluated last. */
  const found = { loss: 0, norm: 0 };

  /** What is noted of so many micro-batches, each by its share; NaN where it is not finite. */
  function total(kind: number, count: number): number {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += shareOf[i] * numbers[kind * most + i];
    return Number.isFinite(sum) ? sum : NaN;
  }

  function noteShares({ first, rows }: Chunk, shares: ArrayLike<number>): void {
    if (written === shares && shares.length <= most) return;
    for (let i = 0; i < rows; i++) shareOf[i] = shares[first + i];
    workspace.write(chunks.shares.array, shareOf.subarray(0, rows));
    written = shares;
  }

  /** Leaves the gradients of a chunk in its rows. @returns whether all is finite */
  async function evaluate(chunk: Chunk): Promise<boolean> {
    const { rows, ascent, furtherAscent, whole } = chunk;
    // Where a kernel is done already, awaiting it would make garbage.
    if (whole) {
      const done = whole();
      if (done) await done;
      found.loss = total(LOSS, rows);
      found.norm = total(NORM, rows);
      return Number.isFinite(found.loss + found.norm + total(PERTURBED_LOSS, rows));
    }
    const given = chunk.before();
    if (given) await given;
    if (ascent === undefined) {
      if (!inSight) numbers = await workspace.read(chunks.numbers.array);
      found.loss = total(LOSS, rows);
      found.norm = 0;
      for (let i = 0; i < rows; i++) found.norm += shareOf[i] * await kernels.nrm2(chunk.gradients[i]);
      return Number.isFinite(found.loss + found.norm);
    }
    for (let i = 0; i < chunk.decay.length; i++) await kernels.axpy(chunk.decay[i]);
    if (offsets && zeros) workspace.write(offsets.array, zeros);
    for (let turn = 0; turn < ascentSteps; turn++) {
      const moved = kernels.perturb(turn === 0 ? ascent : furtherAscent!);
      if (moved) await moved;
      if (inSight) {
        const norm = total(turn === 0 ? NORM : FURTHER_NORM, rows);
        if (turn === 0) {
          found.loss = total(LOSS, rows);
          found.norm = norm;
        }
        if (Number.isNaN(found.loss + norm)) return false;
      }
      const evaluated = chunk.after();
      if (evaluated) await evaluated;
      for (let i = 0; i < chunk.perturbedDecay.length; i++) await kernels.axpy(chunk.perturbedDecay[i]);
    }
    // The base optimiser adds the decay by itself.
    for (let i = 0; i < chunk.withoutDecay.length; i++) await kernels.axpy(chunk.withoutDecay[i]);
    if (!inSight) {
      numbers = await workspace.read(chunks.numbers.array);
      found.loss = total(LOSS, rows);
      found.norm = total(NORM, rows);
    }
    return Number.isFinite(found.loss + found.norm + total(PERTURBED_LOSS, rows));
  }

  /** The base optimiser's update; the same call as before where its rate is the same. */
  function updateBy(scale: number): Completion {
    const learningRate = base.learningRate * rateFactor(schedule, taken), { weightDecay } = base, gradient = chunks.sum;
    if (base.kind === "sgd") {
      if (update && latest[0] === learningRate && latest[1] === scale) return update();
      const { momentum, nesterov } = base, [velocity] = moments;
      const call = { parameters, gradient, velocity, learningRate, momentum, weightDecay, scale, nesterov };
      Object.freeze(call);
      latest = [learningRate, scale];
      update = () => kernels.sgdUpdate(call);
      return update();
    }
    const [firstMoment, secondMoment] = moments, { beta1, beta2, epsilon } = base, step = taken + 1;
    return kernels.adamwUpdate({
      parameters,
      gradient,
      firstMoment,
      secondMoment,
      learningRate,
      beta1,
      beta2,
      epsilon,
      weightDecay,
      scale,
      step,
    });
  }

  return {
    parameters,
    async step(shares) {
      const count = shares.length;
      let loss = 0, gradientNorm = 0;
      const all = chunks.of(count);
      for (let at = 0; at < all.length; at++) {
        const chunk = all[at];
        noteShares(chunk, shares);
        const fine = await evaluate(chunk);
        loss += found.loss;
        gradientNorm += found.norm;
        if (!fine) return { loss, gradientNorm, samGradientNorm: NaN, skipped: true };
        const summed = kernels.pairwiseSum(chunk.sum);
        if (summed) await summed;
      }
      if (partials) await kernels.pairwiseSum({ terms: { ...partials, rows: Math.ceil(count / most) } });
      const norm = kernels.nrm2(sumOfAll), samGradientNorm = typeof norm === "number" ? norm : await norm;
      if (!Number.isFinite(samGradientNorm)) return { loss, gradientNorm, samGradientNorm, skipped: true };
      const updated = updateBy(samGradientNorm > clip ? clip / samGradientNorm : 1);
      if (updated) await updated;
      taken++;
      return { loss, gradientNorm, samGradientNorm, skipped: false };
    },
    state: () => ({
      step: taken,
      moments: moments.map(({ array }) => {
        const view = workspace.view(array) as Vector, copy = likeVector(view, size);
        copy.set(view);
        return copy;
      }),
    }),
    restore({ step, moments: values }) {
      taken = step;
      moments.forEach(({ array }, i) => workspace.write(array, values[i]));
    },
  };
}

/** A mark for each segment that is scaled. */
function marksOf(segments: Uint32Array | undefined, count: number): Uint32Array {
  if (segments === undefined) return new Uint32Array(count).fill(1);
  const marks = new Uint32Array(count);
  segments.forEach((segment, at) => {
    if (segment >= count) {
      const label = `adaptive.segments[${at}]`;
      throw new OptionError(label, `Cannot use "${label}": expected a segment below ${count}, received ${segment}.`);
    }
    marks[segment] = 1;
  });
  return marks;
}
