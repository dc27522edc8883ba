/** Steps of sharpness-aware minimisation over the arrays of a workspace, whatever gives the gradients. @module */

import type { FloatDtype, MatrixOperand, VectorOperand } from "../../kernels/contract.ts";
import { GLOBAL, PER_SEGMENT, UNSCALED } from "../../kernels/contract/training/constants.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { OptionError } from "../core/errors.ts";
import { likeVector, type Vector } from "../core/matrix.ts";
import type { ResolvedOptimizer } from "./optimizer_options.ts";
import { rateFactor } from "./schedule.ts";

/** Most bytes of gradients and perturbed parameters that are held at a time, unless threads need more. */
const chunkBytes = 16 << 20;

/** Gives the gradients of micro-batches. */
export interface GradientSource {
  /**
   * Writes the gradients of micro-batches `first` to `first + gradients.rows` to the rows, and their mean losses.
   *
   * @param points One row for all micro-batches, or one for each.
   */
  evaluate(points: MatrixOperand, first: number, gradients: MatrixOperand, losses: VectorOperand): Promise<void>;
}

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

/** The largest power of two that is at most `most`, and no larger than `needed` asks for. */
function powerOfTwo(needed: number, most: number): number {
  let power = 1;
  while (power < needed && 2 * power <= most) power *= 2;
  return power;
}

/** An optimiser over fresh arrays of the workspace, its parameters 0. */
export function createStepper(
  workspace: Workspace,
  { dtype, segments, microBatches }: StepperShape,
  options: ResolvedOptimizer,
  source: GradientSource,
): Stepper {
  const { kernels } = workspace, { rho, base, adaptive, ascentSteps, epsilon, clip, schedule } = options;
  const size = segments[segments.length - 1], segmentCount = segments.length - 1;
  const fits = Math.floor(chunkBytes / (2 * size * (dtype === "f32" ? 4 : 8)));
  const chunk = powerOfTwo(microBatches, Math.max(fits, 2 ** Math.ceil(Math.log2(workspace.plan.threads))));
  const vector = (label: string, type: FloatDtype = dtype, length = size): VectorOperand => ({
    array: workspace.allocate(type, length, label),
    length,
  });
  const rows = (label: string, count: number): MatrixOperand => ({
    array: workspace.allocate(dtype, count * size, label),
    rows: count,
    columns: size,
  });
  const parameters = vector("parameters");
  const point: MatrixOperand = { array: parameters.array, rows: 1, columns: size };
  const moments = base.kind === "sgd" ? [vector("velocity")] : [vector("mean gradient"), vector("mean square")];
  const gradients = rows("gradients", chunk), perturbed = rho > 0 ? rows("perturbed parameters", chunk) : gradients;
  const offsets = rho > 0 && ascentSteps > 1 ? rows("perturbations", chunk) : undefined;
  const partials = microBatches > chunk ? rows("partial sums", Math.ceil(microBatches / chunk)) : undefined;
  const losses = vector("losses", "f64", chunk), lengths = vector("norms", "f64", chunk);
  const weights = vector("shares", "f64", chunk);
  const bounds = workspace.allocate("u32", segments.length, "segments");
  workspace.write(bounds, segments);
  const scaled = adaptive && workspace.allocate("u8", segmentCount, "scaled segments");
  if (scaled) workspace.write(scaled, marksOf(adaptive.segments, segmentCount));
  const lossView = workspace.view(losses.array), lengthView = workspace.view(lengths.array);
  const shareView = workspace.view(weights.array), gradientView = workspace.view(gradients.array);
  const offsetView = offsets && workspace.view(offsets.array), partialView = partials && workspace.view(partials.array);
  const parameterView = workspace.view(parameters.array), perturbedView = workspace.view(perturbed.array);
  const decay = options.decayInPerturbation && base.kind === "sgd" ? base.weightDecay : 0;
  let taken = 0;

  /** Adds the gradient of the decay's penalty at each point, less what the base optimiser adds by itself. */
  function addDecay(count: number, at: (row: number, k: number) => number): void {
    if (decay === 0) return;
    for (let row = 0; row < count; row++) {
      for (let k = 0; k < size; k++) gradientView[row * size + k] += decay * at(row, k);
    }
  }

  /** The sum over what is finite, or NaN. */
  function total(values: ArrayLike<number>, count: number): number {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += shareView[i] * values[i];
    return Number.isFinite(sum) ? sum : NaN;
  }

  /** Leaves the gradients of a chunk in its rows. */
  async function evaluateChunk(first: number, count: number): Promise<{ loss: number; norm: number; fine: boolean }> {
    const own = { ...gradients, rows: count }, moved = { ...perturbed, rows: count };
    const ownLosses = { ...losses, length: count };
    await source.evaluate(point, first, own, ownLosses);
    if (rho > 0) addDecay(count, (_, k) => parameterView[k]);
    const loss = total(lossView, count);
    let norm = NaN;
    if (rho === 0) {
      for (let i = 0; i < count; i++) {
        lengthView[i] = await kernels.nrm2({ x: { array: gradients.array, offset: i * size, length: size } });
      }
      norm = total(lengthView, count);
      return { loss, norm, fine: !Number.isNaN(loss + norm) };
    }
    offsetView?.fill(0);
    for (let turn = 0; turn < ascentSteps; turn++) {
      await kernels.perturb({
        parameters,
        gradients: own,
        perturbed: moved,
        norms: { ...lengths, length: count },
        segments: bounds,
        norm: norms[options.norm],
        rho,
        epsilon,
        eta: adaptive?.eta,
        scaled,
        offsets: offsets && { ...offsets, rows: count },
        share: 1 / ascentSteps,
      });
      const seen = total(lengthView, count);
      if (turn === 0) norm = seen;
      if (Number.isNaN(loss + seen)) return { loss, norm: seen, fine: false };
      await source.evaluate(moved, first, own, ownLosses);
      const isLast = turn === ascentSteps - 1;
      addDecay(count, (row, k) => perturbedView[row * size + k] - (isLast ? parameterView[k] : 0));
    }
    return { loss, norm, fine: !Number.isNaN(total(lossView, count)) };
  }

  async function update(scale: number): Promise<void> {
    const gradient = { array: (partials ?? gradients).array, length: size };
    const learningRate = base.learningRate * rateFactor(schedule, taken), { weightDecay } = base;
    if (base.kind === "sgd") {
      const { momentum, nesterov } = base, [velocity] = moments;
      await kernels.sgdUpdate({ parameters, gradient, velocity, learningRate, momentum, weightDecay, scale, nesterov });
      return;
    }
    const [firstMoment, secondMoment] = moments, { beta1, beta2, epsilon } = base, step = taken + 1;
    await kernels.adamwUpdate({
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
      for (let first = 0, at = 0; first < count; first += chunk, at++) {
        const rows = Math.min(chunk, count - first);
        for (let i = 0; i < rows; i++) shareView[i] = shares[first + i];
        const seen = await evaluateChunk(first, rows);
        loss += seen.loss;
        gradientNorm += seen.norm;
        if (!seen.fine) return { loss, gradientNorm, samGradientNorm: NaN, skipped: true };
        await kernels.pairwiseSum({ terms: { ...gradients, rows }, shares: { ...weights, length: rows } });
        partialView?.set(gradientView.subarray(0, size), at * size);
      }
      if (partials) await kernels.pairwiseSum({ terms: { ...partials, rows: Math.ceil(count / chunk) } });
      const samGradientNorm = await kernels.nrm2({ x: { array: (partials ?? gradients).array, length: size } });
      if (!Number.isFinite(samGradientNorm)) return { loss, gradientNorm, samGradientNorm, skipped: true };
      await update(samGradientNorm > clip ? clip / samGradientNorm : 1);
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
function marksOf(segments: Uint32Array | undefined, count: number): Uint8Array {
  if (segments === undefined) return new Uint8Array(count).fill(1);
  const marks = new Uint8Array(count);
  segments.forEach((segment, at) => {
    if (segment >= count) {
      const label = `adaptive.segments[${at}]`;
      throw new OptionError(label, `Cannot use "${label}": expected a segment below ${count}, received ${segment}.`);
    }
    marks[segment] = 1;
  });
  return marks;
}
