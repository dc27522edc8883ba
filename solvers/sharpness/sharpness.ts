import { type Plan, withWorkspace, type WorkRequest } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { trainingFamily } from "../../kernels/families/training.ts";
import { DataError, ShapeError } from "../core/errors.ts";
import { dtypeOf, type Vector } from "../core/matrix.ts";
import type { Resolved } from "../core/options.ts";
import { plainDot } from "../core/plain_sums.ts";
import { createRandom, type Random } from "../core/random.ts";
import { refuse, resolveOptions } from "../core/resolve_options.ts";
import type { Result, Status } from "../core/result.ts";
import { type Run, startRun } from "../core/run.ts";
import type { OpenSolveOptions } from "../core/solve_options.ts";
import { type Lanczos, lanczos } from "./lanczos.ts";
import {
  callerSurface,
  type ClassifierAtSamples,
  type LossAtParameters,
  type LossSurface,
  networkSurface,
  problemAt,
} from "./loss_surface.ts";
import type { PlainProblem } from "./plain_network.ts";
import { type SharpnessOptions, sharpnessOptions } from "./sharpness_options.ts";
import { type LossSlice, sliceOf } from "./slice.ts";
import { type TrainedClassifier, trainedOn } from "./train.ts";

const action = "measure the sharpness";

/** How sharp a minimum is. */
export interface Sharpness extends Omit<Result, "trace"> {
  /** The loss at the parameters. */
  readonly objective: number;
  /** Products with the Hessian. */
  readonly iterations: number;
  /** Norm of the gradient: at a minimum it is near 0. */
  readonly gradientNorm: number;
  /** Largest eigenvalue of the Hessian. */
  readonly largestEigenvalue: number;
  /** Norm of its residual: an eigenvalue is that near to it. */
  readonly eigenvalueResidual: number;
  /** Smallest Ritz value, below 0 where the loss curves down: at least the smallest eigenvalue. */
  readonly smallestEigenvalue: number;
  /** All Ritz values, from the largest down: the outer ones are near eigenvalues. */
  readonly eigenvalues: Float64Array;
  /** Mean of Hutchinson's probes of the Hessian's trace; NaN where there are none. */
  readonly trace: number;
  /** Its standard error; NaN where there are fewer than two probes. */
  readonly traceStandardError: number;
  /** Nodes and weights, which sum to one, whose histogram is the spectral density: stochastic Lanczos quadrature. */
  readonly density: { readonly nodes: Float64Array; readonly weights: Float64Array };
  /** The most that the loss was found to rise within `rho` of the parameters: at most the true maximum. */
  readonly rhoSharpness: number;
  /** With `slicePoints`: the loss around the parameters, in the plane of the two sharpest directions. */
  readonly slice?: LossSlice;
}

type Options = Resolved<SharpnessOptions, OpenSolveOptions | "differenceStep">;

/**
 * How sharp a minimum is: the largest eigenvalue of the Hessian by Lanczos' method, its trace by Hutchinson's probes with
 * their standard error, its spectral density, and how far the loss rises within `rho`. A classifier's Hessian is met in
 * exact products at the samples that it was trained on; a caller's in `product`, or in central differences of `gradient`.
 *
 * A product with the Hessian costs some four gradients over all samples; `lanczosSteps (1 + densityProbes) + probes` are
 * taken, `ascentSteps` gradients, and `slicePoints^2` losses. Lanczos' method holds `lanczosSteps` vectors.
 *
 * @param target What {@linkcode trainClassifier} returned; a classifier with samples; or a gradient and parameters.
 * @returns `converged` where the residual of the largest eigenvalue is at most `tolerance` of it.
 * @throws {DataError} where the caller's loss or gradient is not finite
 * @throws {OptionError} for an option outside its range
 *
 * @example
 * ```ts
 * import { sharpness } from "@minima/minima";
 * // w_0^2 + 3 w_1^2: eigenvalues 2 and 6.
 * const gradient = (w: ArrayLike<number>, _: unknown, out: Float32Array | Float64Array) => {
 *   out[0] = 2 * w[0];
 *   out[1] = 6 * w[1];
 *   return w[0] ** 2 + 3 * w[1] ** 2;
 * };
 * const { largestEigenvalue, trace } = await sharpness({ gradient, parameters: Float64Array.of(0, 0) });
 * if (Math.abs(largestEigenvalue - 6) > 1e-6 || Math.abs(trace - 8) > 1e-6) throw new Error("wrong");
 * ```
 */
export async function sharpness(
  target: TrainedClassifier | ClassifierAtSamples | LossAtParameters,
  options: SharpnessOptions = {},
): Promise<Sharpness> {
  const resolved = resolveOptions(sharpnessOptions, options, "a measure of sharpness"), run = startRun(resolved);
  if (typeof target !== "object" || target === null) {
    throw refuse("target", "a trained classifier, { classifier, X, labels } or { gradient, parameters }", target);
  }
  if ("gradient" in target) {
    checkLoss(target);
    const { surface, plan } = callerSurface(target, resolved.differenceStep, action);
    return await measure(surface, plan, resolved, run);
  }
  const [problem, parameters] = networkOf(target);
  const products = resolved.lanczosSteps * (1 + resolved.densityProbes) + resolved.probes;
  const losses = resolved.slicePoints ** 2;
  const request: WorkRequest = {
    families: [denseFamily, trainingFamily],
    backend: resolved.backend,
    threads: resolved.threads,
    dtype: dtypeOf(parameters),
    flops: (20 * products + 6 * resolved.ascentSteps + 2 * losses) * problem.samples.length * problem.layers.work,
  };
  return await withWorkspace(request, async (workspace) => {
    const pause = () => run.checkpoint({ stage: "curvature", fraction: 0, iteration: 0 });
    return await measure(
      networkSurface(workspace, problem, parameters, pause, resolved.timeLimitMs),
      workspace.plan,
      resolved,
      run,
    );
  });
}

function networkOf(target: TrainedClassifier | ClassifierAtSamples): [PlainProblem, Vector] {
  if ("classifier" in target) {
    const { classifier } = target, model = classifier?.model;
    if (!model) throw refuse("target.classifier", "a classifier", classifier);
    const problem = problemAt(target, action);
    if (problem.samples.length === 0) throw new ShapeError("X", `Cannot ${action}: "X" has no rows.`);
    return [problem, model.parameters];
  }
  const problem = trainedOn.get(target);
  if (problem) return [problem, target.parameters];
  throw refuse("target", "a trained classifier, { classifier, X, labels } or { gradient, parameters }", target);
}

function checkLoss({ gradient, parameters, product }: LossAtParameters): void {
  if (typeof gradient !== "function") throw refuse("target.gradient", "a function", gradient);
  if (product !== undefined && typeof product !== "function") throw refuse("target.product", "a function", product);
  if (!(parameters instanceof Float32Array || parameters instanceof Float64Array)) {
    throw refuse("target.parameters", "a Float32Array or a Float64Array", parameters);
  }
  if (parameters.length === 0) throw new ShapeError("parameters", `Cannot ${action}: "parameters" are empty.`);
  const at = parameters.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw new DataError("parameters", `Cannot ${action}: "parameters" hold ${parameters[at]} at ${at}.`);
}

async function measure(surface: LossSurface, plan: Plan, options: Options, run: Run): Promise<Sharpness> {
  const { point } = surface, size = point.length, { lanczosSteps: steps, tolerance, probes } = options;
  const random = createRandom(options.seed), slope = new Float64Array(size);
  let iterations = 0, late = false;
  const total = steps * (1 + options.densityProbes) + probes + options.ascentSteps + options.slicePoints ** 2 / 10;
  const pause = async (stage: string, objective?: number) => {
    const state = { stage, fraction: Math.min(1, iterations / total), iteration: iterations, objective };
    return late = await run.checkpoint(state) || late;
  };
  await pause("loss");
  const objective = await surface.certifiedLoss();
  await surface.gradient(point, slope);
  const product = async (vector: Float64Array, out: Float64Array) => {
    await surface.product(vector, out);
    iterations++;
  };
  const spectrum = await lanczos(product, size, { steps, tolerance, random }, () => pause("eigenvalues"));
  const [top] = spectrum.pairs, sharpest = spectrum.vectorOf(top);
  await surface.certifyCurvature(sharpest, top.value);
  const traced = await hutchinson(product, size, probes, random, () => pause("trace"));
  const density = await densityOf(product, size, options, spectrum, random, () => pause("density"));
  const rhoSharpness = await climb(surface, objective, slope, sharpest, options, () => pause("ascent"));
  const directions = spectrum.pairs.slice(0, 2).map((pair) => spectrum.vectorOf(pair));
  const slice = options.slicePoints > 0 ? await sliceOf(surface, directions, options, () => pause("slice")) : undefined;
  const settled = spectrum.residuals[0] <= tolerance * Math.abs(top.value);
  const status: Status = late ? "time-limit" : settled ? "converged" : "iteration-limit";
  return {
    status,
    objective,
    iterations,
    elapsedMs: run.elapsedMs(),
    plan,
    gradientNorm: Math.sqrt(plainDot(slope, slope)),
    largestEigenvalue: top.value,
    eigenvalueResidual: spectrum.residuals[0],
    smallestEigenvalue: spectrum.pairs.at(-1)!.value,
    eigenvalues: Float64Array.from(spectrum.pairs, ({ value }) => value),
    ...traced,
    density,
    rhoSharpness,
    ...(slice && { slice }),
  };
}

/** Mean and standard error of `z^T H z` over random signs `z` (Hutchinson 1990). */
async function hutchinson(
  product: (vector: Float64Array, out: Float64Array) => Promise<void>,
  size: number,
  probes: number,
  random: Random,
  pause: () => Promise<boolean>,
): Promise<{ trace: number; traceStandardError: number }> {
  const signs = new Float64Array(size), image = new Float64Array(size), values: number[] = [];
  for (let probe = 0; probe < probes; probe++) {
    if (await pause()) break;
    for (let k = 0; k < size; k++) signs[k] = random.uniform() < 0.5 ? -1 : 1;
    await product(signs, image);
    values.push(plainDot(signs, image));
  }
  const count = values.length, mean = values.reduce((a, b) => a + b, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { trace: mean, traceStandardError: count > 1 ? Math.sqrt(squares / (count - 1) / count) : NaN };
}

/** Gauss quadrature of the spectral measures of random starts, averaged (Ghorbani, Krishnan & Xiao 2019). */
async function densityOf(
  product: (vector: Float64Array, out: Float64Array) => Promise<void>,
  size: number,
  { lanczosSteps: steps, densityProbes }: Options,
  first: Lanczos,
  random: Random,
  pause: () => Promise<boolean>,
): Promise<Sharpness["density"]> {
  const nodes: number[] = [], weights: number[] = [], runs: Lanczos[] = [];
  for (let probe = 0; probe < densityProbes; probe++) {
    if (await pause()) break;
    runs.push(await lanczos(product, size, { steps, tolerance: 0, random }, pause));
  }
  if (runs.length === 0) runs.push(first);
  for (const { pairs } of runs) {
    for (const { value, first } of pairs) {
      nodes.push(value);
      weights.push(first * first / runs.length);
    }
  }
  return { nodes: Float64Array.from(nodes), weights: Float64Array.from(weights) };
}

/** Projected gradient ascent of the loss within a ball, from its gradient and from both ends of the sharpest direction. */
async function climb(
  surface: LossSurface,
  loss: number,
  slope: Float64Array,
  sharpest: Float64Array,
  { rho, ascentSteps }: Options,
  pause: () => Promise<boolean>,
): Promise<number> {
  if (rho === 0 || ascentSteps === 0) return 0;
  const { point } = surface, size = point.length, w = new Float64Array(size), gradient = new Float64Array(size);
  let most = 0;
  for (const [start, sign] of [[slope, 1], [sharpest, 1], [sharpest, -1]] as const) {
    const offset = new Float64Array(size);
    place(offset, start, sign * rho);
    for (let step = 0; step < Math.ceil(ascentSteps / 3); step++) {
      if (await pause()) return most;
      for (let k = 0; k < size; k++) w[k] = point[k] + offset[k];
      most = Math.max(most, await surface.gradient(w, gradient) - loss);
      // The loss is convex enough near a minimum that its maximum is on the sphere: go along the gradient, and back to it.
      const length = Math.sqrt(plainDot(gradient, gradient));
      if (length === 0) break;
      for (let k = 0; k < size; k++) offset[k] += rho / length * gradient[k];
      place(offset, offset, rho);
    }
  }
  return most;
}

/** `target = length direction / ||direction||`. */
function place(target: Float64Array, direction: Float64Array, length: number): void {
  const norm = Math.sqrt(plainDot(direction, direction)), factor = norm > 0 ? length / norm : 0;
  for (let k = 0; k < target.length; k++) target[k] = factor * direction[k];
}
