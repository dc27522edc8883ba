import type { KernelName } from "../../kernels/contract.ts";
import { SOFTMAX } from "../../kernels/contract/training/constants.ts";
import { withWorkspace, type WorkRequest, type Workspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { trainingFamily } from "../../kernels/families/training.ts";
import { certified } from "../core/certificate.ts";
import { ShapeError } from "../core/errors.ts";
import { dtypeOf, type Samples, type Vector } from "../core/matrix.ts";
import type { IndicesLike, Resolved } from "../core/options.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import type { Result, Status } from "../core/result.ts";
import { type Run, startRun } from "../core/run.ts";
import { inSteps } from "../core/steps.ts";
import { type Classifier, classifierOf, scoreRounding } from "./classifier.ts";
import { type Outcome, train } from "./epochs.ts";
import { layersOf, type NetworkSpecification } from "./layers.ts";
import { largestArrayBytes, type Network } from "./network.ts";
import {
  type AdaptiveOptions,
  type OptimizerOptions,
  type ResolvedOptimizer,
  resolveOptimizer,
} from "./optimizer_options.ts";
import { affordableWork, plainMeanLoss, type PlainProblem } from "./plain_network.ts";
import type { Stepper } from "./stepper.ts";
import {
  checkFeatures,
  checkImages,
  checkLabels,
  countClasses,
  scaled,
  scalingOf,
  splitSamples,
  wholeWidth,
} from "./training_data.ts";
import { type OpenTrainOptions, type TrainClassifierOptions, trainClassifierOptions } from "./train_options.ts";
import { counted } from "../core/shown.ts";

const action = "train the classifier";

/** A trained classifier. */
export interface TrainedClassifier extends Result, Classifier {
  /** Mean loss of the training samples over each epoch, at the parameters of its steps. */
  readonly trace: Float64Array;
  /** The samples held out, and loss and accuracy there after each epoch; empty where there are none. */
  readonly validation: {
    readonly samples: Uint32Array;
    readonly losses: Float64Array;
    readonly accuracies: Float64Array;
  };
  /** The epoch whose parameters these are, from 1 on. */
  readonly bestEpoch: number;
  /** Steps taken. */
  readonly steps: number;
  /** Steps left out because a loss or gradient was not finite. */
  readonly skippedSteps: number;
  /** Samples that went through steps, over the time of the steps. */
  readonly samplesPerSecond: number;
}

/** Options of {@linkcode trainClassifier}. */
export type TrainClassifierCall = Omit<TrainClassifierOptions, "optimizer"> & {
  /** What takes the steps. @default sharpness-aware momentum */
  readonly optimizer?: Omit<OptimizerOptions, "adaptive"> & { readonly adaptive?: false | AdaptiveOptions };
};

type Options = Resolved<TrainClassifierOptions, OpenTrainOptions>;

/** What classifiers were trained on: measures of their flatness are taken there. */
export const trainedOn = new WeakMap<object, PlainProblem>();

/**
 * Trains a network that tells classes apart: perceptrons of any number of hidden layers, and convolutions before them, by
 * sharpness-aware minimisation of the mean cross-entropy (see {@linkcode sam}). Micro-batches run on threads; the answer
 * has the same bits on any number of them.
 *
 * An epoch of `n` samples takes some `3 n w (1 + ascentSteps)` multiply-adds, with `w` weights met by a sample.
 *
 * @param X Samples as rows [samples, features], in f32 or f64: the precision of the training.
 * @param labels A class from 0 on for each sample.
 * @returns `converged` where the validation loss has not fallen for `patience` epochs, `iteration-limit` after all epochs,
 * `precision-limit` where the losses of an epoch were not finite. The objective is the mean loss of the training samples at
 * the parameters returned, by plain f64 sums; at a time limit, of as many of them, evenly spaced, as it leaves time for.
 * @throws {ShapeError} when `X` is empty, or `labels` or the shape of images do not fit
 * @throws {DataError} for NaN, infinities and labels that are no classes
 * @throws {OptionError} for an option outside its range
 *
 * @example
 * ```ts
 * import { fromRows, trainClassifier } from "@minima/minima";
 * // Exclusive or: no line tells the two apart.
 * const X = fromRows([[0, 0], [0, 1], [1, 0], [1, 1]]), labels = [0, 1, 1, 0];
 * const trained = await trainClassifier(X, labels, { hidden: [8], epochs: 200, batchSize: 4, optimizer: { rho: 0.05 } });
 * if (await trained.accuracy(X, labels) !== 1) throw new Error("not learned");
 * ```
 */
export async function trainClassifier(
  X: Samples,
  labels: IndicesLike,
  options: TrainClassifierCall = {},
): Promise<TrainedClassifier> {
  const resolved = resolveOptions(trainClassifierOptions, withoutFalse(options), "the training of a classifier");
  const run = startRun(resolved), dense = checkFeatures(X, action), [rows, features] = dense.shape;
  const known = checkLabels(labels, rows, action), outputs = countClasses(known, resolved.classes, action);
  checkImages(resolved.convolution, features, action);
  const { classWeights, activation, convolution } = resolved, dtype = dtypeOf(dense.data);
  if (classWeights && classWeights.length !== outputs) {
    throw new ShapeError(
      "classWeights",
      `Cannot ${action}: "classWeights" has ${
        counted(classWeights.length, "number")
      }, but there are ${outputs} classes.`,
    );
  }
  const hidden = resolved.hidden.map(wholeWidth("hidden")),
    specification = {
      features,
      convolution: convolution &&
        { ...convolution, channels: convolution.channels.map(wholeWidth("convolution.channels")) },
      hidden,
      outputs,
      activation,
    };
  const layers = layersOf(specification), split = splitSamples(known, outputs, resolved.validation, resolved.seed);
  const scaling = scalingOf(dense, split.training, resolved.standardize, action), own = scaled(dense, scaling, action);
  const optimizer = optimizerOf(resolved, split.training.length);
  const weights = sampleWeights(known, split.training, classWeights);
  const passes = optimizer.rho > 0 ? 1 + optimizer.ascentSteps : 1;
  const request: WorkRequest = {
    families: [denseFamily, trainingFamily],
    backend: resolved.backend,
    threads: resolved.threads,
    dtype,
    flops: 6 * passes * resolved.epochs * split.training.length * layers.work,
    needs: neededKernels(optimizer),
    largestArrayBytes: largestArrayBytes(layers, rows, Math.min(resolved.batchSize, rows)),
  };
  return await withWorkspace(request, async (workspace) => {
    const problem: PlainProblem = {
      layers,
      loss: SOFTMAX,
      X: own,
      targets: known,
      weights,
      samples: split.training,
    };
    const outcome = await train(workspace, {
      problem,
      held: split.held,
      labels: known,
      options: resolved,
      optimizer,
      run,
    });
    return await report(workspace, {
      problem,
      held: split.held,
      specification,
      scaling,
      run,
      timeLimitMs: resolved.timeLimitMs,
      ...outcome,
    });
  });
}

/** Kernels of the steps. */
function neededKernels({ base }: ResolvedOptimizer): readonly KernelName[] {
  const update = base.kind === "sgd" ? "sgdUpdate" : "adamwUpdate";
  return ["networkOutputs", "networkGradients", "perturb", "pairwiseSum", "axpy", "nrm2", update];
}

function withoutFalse(options: TrainClassifierCall): TrainClassifierOptions {
  const { optimizer } = (options ?? {}) as TrainClassifierCall;
  if (typeof optimizer !== "object" || optimizer?.adaptive !== false) return options as TrainClassifierOptions;
  return { ...options, optimizer: { ...optimizer, adaptive: undefined } };
}

/** The optimiser, whose schedule knows how many steps there are. */
function optimizerOf({ optimizer = {}, epochs, batchSize }: Options, samples: number): ResolvedOptimizer {
  const resolved = resolveOptimizer(optimizer), { schedule } = resolved;
  const steps = schedule.steps ?? epochs * Math.ceil(samples / Math.min(batchSize, samples));
  return { ...resolved, schedule: { ...schedule, steps } };
}

/** What each sample counts: its class's weight, 1 on average over those trained on. */
function sampleWeights(labels: Uint32Array, training: Uint32Array, classWeights: Vector | undefined): Float64Array {
  const weights = Float64Array.from(labels, (label) => classWeights ? classWeights[label] : 1);
  let sum = 0;
  for (const sample of training) sum += weights[sample];
  return classWeights ? weights.map((weight) => weight * training.length / sum) : weights;
}

interface Report extends Outcome {
  readonly problem: PlainProblem;
  readonly held: Uint32Array;
  readonly timeLimitMs?: number;
  readonly specification: NetworkSpecification;
  readonly scaling: Classifier["model"]["scaling"];
  readonly run: Run;
}

/** Certifies the loss at the parameters, and makes the classifier. */
async function report(
  workspace: Workspace,
  { problem, held, specification, scaling, run, timeLimitMs, network, stepper, ...outcome }: Report,
): Promise<TrainedClassifier> {
  const { parameters, status, trace, validation, bestEpoch, steps, skippedSteps, samplesPerSecond } = outcome;
  const pause = () => run.checkpoint({ stage: "certificate", fraction: 1, iteration: trace.length });
  workspace.write(stepper.parameters.array, parameters);
  const certificate = await certifyLoss(workspace, problem, network, stepper, parameters, status, timeLimitMs, pause);
  const classifier = classifierOf({ network: specification, parameters, scaling });
  const trained: TrainedClassifier = {
    ...certificate,
    trace: Float64Array.from(trace),
    iterations: trace.length,
    elapsedMs: run.elapsedMs(),
    plan: workspace.plan,
    ...classifier,
    validation: {
      samples: held,
      losses: Float64Array.from(validation.losses),
      accuracies: Float64Array.from(validation.accuracies),
    },
    bestEpoch,
    steps,
    skippedSteps,
    samplesPerSecond,
  };
  trainedOn.set(trained, problem);
  return trained;
}

/** The mean loss by plain sums, over all samples or, where they are many, over evenly spaced ones, compared with the kernels'. */
async function certifyLoss(
  workspace: Workspace,
  problem: PlainProblem,
  network: Network,
  { parameters: point }: Stepper,
  parameters: Vector,
  status: Status,
  timeLimitMs: number | undefined,
  pause: () => Promise<boolean>,
) {
  const { layers, samples } = problem, count = samples.length;
  const kept = Math.max(1, Math.min(count, Math.floor(affordableWork(timeLimitMs) / layers.work)));
  const some = Uint32Array.from({ length: kept }, (_, i) => samples[Math.floor(i * count / kept)]);
  const pass = network.passOver(some), { loss: searched } = await pass.outputs(point, pause);
  const plain = await inSteps(plainMeanLoss({ ...problem, samples: some }, parameters), pause);
  const rounding = 8 * scoreRounding[workspace.plan.dtype] * (1 + Math.abs(plain));
  // Beyond the range of f32 there is nothing to compare.
  const claim = Number.isFinite(searched)
    ? certified({ status, objective: plain, searched, rounding })
    : certified({ status: "precision-limit", objective: plain, searched: "compared" });
  // Where the time is up there is none for the others.
  if (kept === count || status === "time-limit") return claim;
  const whole = network.passOver(Uint32Array.from(samples)), { loss } = await whole.outputs(point, pause);
  return { ...claim, objective: loss };
}
