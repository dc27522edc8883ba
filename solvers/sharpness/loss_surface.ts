/** A loss around some parameters: values, gradients and products with the Hessian, whoever computes them. @module */

import { LAYER_ACTIVATION, LAYER_WORDS, RELU, SOFTMAX } from "../../kernels/contract/training/constants.ts";
import type { VectorOperand } from "../../kernels/contract.ts";
import type { Plan, Workspace } from "../../kernels/engine/mod.ts";
import { compared, finite } from "../core/certificate.ts";
import { DataError } from "../core/errors.ts";
import { dtypeOf, likeVector, type Samples, type Vector } from "../core/matrix.ts";
import type { IndicesLike } from "../core/options.ts";
import { plainDot } from "../core/plain_sums.ts";
import { shown } from "../core/shown.ts";
import { inSteps } from "../core/steps.ts";
import { type Classifier, scoreRounding } from "./classifier.ts";
import { layersOf } from "./layers.ts";
import { createNetwork, type Pause } from "./network.ts";
import type { GradientFunction } from "./optimizer_options.ts";
import { affordableWork, plainMeanLoss, type PlainProblem } from "./plain_network.ts";
import { checkFeatures, checkLabels, scaled } from "./training_data.ts";

/** A loss of the caller's at some parameters. */
export interface LossAtParameters {
  /** As `sam` takes it; called with `batch` null. */
  readonly gradient: GradientFunction;
  /** Where its flatness is measured. */
  readonly parameters: Vector;
  /** Writes the Hessian times `vector` to `out`. @default central differences of the gradient */
  readonly product?: (parameters: Vector, vector: Vector, out: Vector) => unknown;
}

/** A classifier and the samples at which its loss is taken. */
export interface ClassifierAtSamples {
  /** The classifier. */
  readonly classifier: Pick<Classifier, "model">;
  /** Samples as rows [samples, features]. */
  readonly X: Samples;
  /** A class from 0 on for each sample. */
  readonly labels: IndicesLike;
}

/** A loss around a point. Vectors are f64, and products are at the point. */
export interface LossSurface {
  readonly point: Float64Array;
  /** The gradient at `w` into `out`; returns the loss. */
  gradient(w: Float64Array, out: Float64Array): Promise<number>;
  product(vector: Float64Array, out: Float64Array): Promise<void>;
  /** The loss at the point, compared with plain sums where there are any. */
  certifiedLoss(): Promise<number>;
  /** The loss at `w`. */
  loss(w: Float64Array): Promise<number>;
  /** Compares a loss at `w` with plain sums where there are any. */
  certifyLoss(w: Float64Array, loss: number): Promise<void>;
  /** Compares `u^T H u` of a unit vector with second differences of plain losses, where those can tell. */
  certifyCurvature(direction: Float64Array, curvature: number): Promise<void>;
}

/** The loss of a caller's function. */
export function callerSurface(
  { gradient, parameters, product }: LossAtParameters,
  differenceStep: number | undefined,
  action: string,
): { surface: LossSurface; plan: Plan } {
  const point = Float64Array.from(parameters), size = point.length, dtype = dtypeOf(parameters);
  const at = likeVector(parameters, size), slope = likeVector(parameters, size), along = likeVector(parameters, size);
  const evaluate = async (w: Float64Array, out: Float64Array) => {
    at.set(w);
    const loss: unknown = await gradient(at, null, slope);
    if (typeof loss !== "number" || !Number.isFinite(loss)) {
      throw new DataError("gradient", `Cannot ${action}: "gradient" gave ${shown(loss)}, expected the mean loss.`);
    }
    out.set(slope);
    const wrong = out.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) throw new DataError("gradient", `Cannot ${action}: "gradient" wrote ${out[wrong]} at ${wrong}.`);
    return loss;
  };
  const step = differenceStep ?? (dtype === "f32" ? 1e-2 : 1e-5), moved = new Float64Array(size);
  const below = new Float64Array(size);
  const surface: LossSurface = {
    point,
    gradient: evaluate,
    async product(vector, out) {
      if (product) {
        at.set(point);
        along.set(vector);
        await product(at, along, slope);
        out.set(slope);
        return;
      }
      const length = Math.sqrt(plainDot(vector, vector));
      if (length === 0) return void out.fill(0);
      for (let k = 0; k < size; k++) moved[k] = point[k] + step / length * vector[k];
      await evaluate(moved, out);
      for (let k = 0; k < size; k++) moved[k] = point[k] - step / length * vector[k];
      await evaluate(moved, below);
      for (let k = 0; k < size; k++) out[k] = (out[k] - below[k]) * length / (2 * step);
    },
    certifiedLoss: () => evaluate(point, moved),
    loss: (w) => evaluate(w, below),
    certifyLoss: () => Promise.resolve(),
    certifyCurvature: () => Promise.resolve(),
  };
  return { surface, plan: { backend: "reference", threads: 1, dtype, reason: "the gradient is the caller's" } };
}

/** What a classifier's loss is taken of. */
export function problemAt({ classifier, X, labels }: ClassifierAtSamples, action: string): PlainProblem {
  const layers = layersOf(classifier.model.network), dense = checkFeatures(X, action, layers.features);
  const targets = checkLabels(labels, dense.shape[0], action);
  targets.forEach((label, i) => {
    if (label < layers.outputs) return;
    throw new DataError(
      "labels",
      `Cannot ${action}: "labels" is ${label} at ${i}, but there are ${layers.outputs} classes.`,
    );
  });
  return {
    layers,
    loss: SOFTMAX,
    X: scaled(dense, classifier.model.scaling, action),
    targets,
    weights: new Float64Array(targets.length).fill(1),
    samples: Uint32Array.from(targets.keys()),
  };
}

/** The loss of a network over the arrays of a workspace. */
export function networkSurface(
  workspace: Workspace,
  problem: PlainProblem,
  parameters: Vector,
  pause: Pause,
  timeLimitMs?: number,
): LossSurface {
  const { layers } = problem,
    dtype = dtypeOf(parameters),
    size = parameters.length,
    point = Float64Array.from(parameters);
  const network = createNetwork(workspace, { ...problem, dtype, batch: { samples: 1, parts: 1, largest: 1 } });
  const pass = network.passOver(Uint32Array.from(problem.samples));
  const vector = (label: string): VectorOperand => ({ array: workspace.allocate(dtype, size, label), length: size });
  const own = vector("parameters"),
    moved = vector("moved parameters"),
    along = vector("direction"),
    out = vector("result");
  workspace.write(own.array, parameters);
  const result = workspace.view(out.array) as Vector;
  const plain = (w: Float64Array) =>
    inSteps(plainMeanLoss(problem, w), async () => {
      await pause();
      return false;
    });
  const affordable = layers.work * problem.samples.length <= affordableWork(timeLimitMs);
  const certify = async (w: Float64Array, loss: number) => {
    if (!affordable) return loss;
    const truth = await plain(w);
    compared("the loss", truth, loss, 8 * scoreRounding[dtype] * (1 + Math.abs(truth)));
    return truth;
  };
  return {
    point,
    async gradient(w, into) {
      workspace.write(moved.array, w);
      const loss = await pass.gradient(moved, out, pause);
      into.set(result);
      finite("the norm of a gradient", plainDot(into, into));
      return finite("a loss", loss);
    },
    async product(vector, into) {
      workspace.write(along.array, vector);
      await pass.product(own, along, out, pause);
      into.set(result);
      finite("a product with the Hessian", plainDot(into, into));
    },
    async certifiedLoss() {
      const { loss } = await pass.outputs(own, pause);
      return await certify(point, loss);
    },
    async loss(w) {
      workspace.write(moved.array, w);
      return finite("a loss", (await pass.outputs(moved, pause)).loss);
    },
    async certifyLoss(w, loss) {
      await certify(w, loss);
    },
    async certifyCurvature(direction, curvature) {
      // Where outputs are rectified, differences see the kinks.
      for (let at = 0; at < layers.words.length; at += LAYER_WORDS) {
        if (layers.words[at + LAYER_ACTIVATION] === RELU) return;
      }
      if (!affordable) return;
      const step = 1e-3, values: number[] = [];
      for (const length of [-step, 0, step]) {
        values.push(await plain(point.map((value, k) => value + length * direction[k])));
      }
      const seen = (values[0] - 2 * values[1] + values[2]) / step ** 2;
      const rounding = 1e-2 * Math.abs(seen) + 1e-3 + 1e-9 * (1 + Math.abs(values[1])) / step ** 2 * 1e-4;
      compared("the curvature in the sharpest direction", seen, curvature, rounding);
    },
  };
}
