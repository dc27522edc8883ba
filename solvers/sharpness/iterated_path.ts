/** Sharpness-aware paths step by step, for several draws of the noise at once. @module */

import type { MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { createRandom } from "../core/random.ts";
import { allocateMatrix } from "../spectral/operands.ts";
import { partBounds } from "./micro_batches.ts";
import { shuffle } from "./training_data.ts";

/** How a step is made. */
export interface StepRule {
  readonly rate: number;
  readonly rho: number;
  readonly normalize: boolean;
  readonly microBatches: number;
}

/** Paths that are taken together: one for the answers that were given, and one for each draw. */
export interface Descent {
  /** Parameters of the paths, one row each: a live view. */
  readonly parameters: Float64Array;
  /** A step over the rows from `begin` to `end` of the present order. */
  step(begin: number, end: number): Promise<void>;
  /** Puts the rows into another order. */
  reorder(order: Uint32Array): void;
}

/** Added to the norm that a perturbation is divided by, so that a gradient of 0 perturbs nothing. */
const epsilon = 1e-12;

/** By what a gradient is multiplied for the perturbation. */
export function reach({ rho, normalize }: StepRule, norm: number): number {
  return normalize ? rho / (norm + epsilon) : rho;
}

/** The lengths of the rows of a matrix. */
function lengthsOf(values: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, r) => {
    let square = 0;
    for (let at = r * columns; at < (r + 1) * columns; at++) square += values[at] * values[at];
    return Math.sqrt(square);
  });
}

/** Descent on `||X w - y||^2 / (2 n)` from `w = 0`. @param answers one row a path [paths, rows] */
export function linearDescent(
  workspace: Workspace,
  X: Float64Array,
  answers: Float64Array,
  { rows, columns, paths }: { rows: number; columns: number; paths: number },
  rule: StepRule,
): Descent {
  const { kernels } = workspace;
  const samples = allocateMatrix(workspace, "f64", rows, columns, "samples");
  const make = (width: number, label: string) => allocateMatrix(workspace, "f64", paths, width, label);
  const w = make(columns, "parameters"), p = make(columns, "perturbed"), g = make(columns, "gradients");
  const sum = make(columns, "step"), errors = make(rows, "errors");
  const parameters = workspace.view(w.array) as Float64Array, perturbed = workspace.view(p.array);
  const gradients = workspace.view(g.array) as Float64Array, step = workspace.view(sum.array);
  const residuals = workspace.view(errors.array), held = workspace.view(samples.array);
  let order = Uint32Array.from({ length: rows }, (_, i) => i);
  held.set(X);
  /** The gradient of the mean loss of rows `begin` to `end`, at the parameters `at`. */
  const gradient = async (at: MatrixOperand, begin: number, end: number) => {
    const count = end - begin, part: MatrixOperand = { ...samples, rows: count, offset: begin * columns };
    const e: MatrixOperand = { ...errors, columns: count, stride: count };
    await kernels.gemm({ a: at, b: part, c: e, transposeB: true });
    for (let r = 0; r < paths; r++) {
      for (let i = 0; i < count; i++) residuals[r * count + i] -= answers[r * rows + order[begin + i]];
    }
    await kernels.gemm({ a: e, b: part, c: g, alpha: 1 / count });
  };
  return {
    parameters,
    async step(begin, end) {
      const bounds = partBounds(end - begin, Math.min(rule.microBatches, end - begin));
      step.fill(0);
      for (let j = 0; j + 1 < bounds.length; j++) {
        const from = begin + bounds[j], to = begin + bounds[j + 1], share = (to - from) / (end - begin);
        await gradient(w, from, to);
        if (rule.rho > 0) {
          const lengths = rule.normalize ? lengthsOf(gradients, paths, columns) : undefined;
          for (let r = 0; r < paths; r++) {
            const factor = reach(rule, lengths?.[r] ?? 0);
            for (let at = r * columns; at < (r + 1) * columns; at++) {
              perturbed[at] = parameters[at] + factor * gradients[at];
            }
          }
          await gradient(p, from, to);
        }
        for (let at = 0; at < step.length; at++) step[at] += share * gradients[at];
      }
      for (let at = 0; at < step.length; at++) parameters[at] -= rule.rate * step[at];
    },
    reorder(next) {
      order = next.slice();
      order.forEach((from, i) => held.set(X.subarray(from * columns, (from + 1) * columns), i * columns));
    },
  };
}

/**
 * Descent in the space of functions on `sum_i (f(x_i) - y_i)^2 / (2 n)` from `f = 0`; the parameters are the coefficients
 * of `f` in the kernel's columns.
 */
export function kernelDescent(
  workspace: Workspace,
  kernel: Float64Array,
  answers: Float64Array,
  { rows, paths }: { rows: number; paths: number },
  rule: StepRule,
): Descent {
  const { kernels } = workspace;
  const k = allocateMatrix(workspace, "f64", rows, rows, "kernel matrix");
  const make = (label: string) => allocateMatrix(workspace, "f64", paths, rows, label);
  const a = make("coefficients"), v = make("values"), part = make("residuals"), image = make("images");
  const coefficients = workspace.view(a.array) as Float64Array, values = workspace.view(v.array);
  const residuals = workspace.view(part.array), images = workspace.view(image.array), held = workspace.view(k.array);
  const parameters = new Float64Array(paths * rows);
  let order = Uint32Array.from({ length: rows }, (_, i) => i);
  held.set(kernel);
  return {
    parameters,
    async step(begin, end) {
      const size = end - begin, bounds = partBounds(size, Math.min(rule.microBatches, size));
      const across: MatrixOperand = { ...k, columns: size, stride: rows, offset: begin };
      const seen: MatrixOperand = { ...v, columns: size, stride: size };
      await kernels.gemm({ a, b: across, c: seen });
      for (let j = 0; j + 1 < bounds.length; j++) {
        const from = bounds[j], count = bounds[j + 1] - from;
        for (let r = 0; r < paths; r++) {
          for (let i = 0; i < count; i++) {
            const sample = begin + from + i;
            residuals[r * count + i] = answers[r * rows + order[sample]] - values[r * size + from + i];
          }
        }
        const inside: MatrixOperand = {
          ...k,
          rows: count,
          columns: count,
          stride: rows,
          offset: (begin + from) * (rows + 1),
        };
        const e: MatrixOperand = { ...part, columns: count, stride: count };
        const q: MatrixOperand = { ...image, columns: count, stride: count };
        if (rule.rho > 0) await kernels.gemm({ a: e, b: inside, c: q, alpha: 1 / count });
        else images.fill(0, 0, paths * count);
        for (let r = 0; r < paths; r++) {
          let square = 0;
          for (let i = 0; i < count; i++) square += residuals[r * count + i] * images[r * count + i];
          const factor = reach(rule, Math.sqrt(Math.max(0, square / count)));
          for (let i = 0; i < count; i++) {
            const at = r * rows + begin + from + i, change = residuals[r * count + i] + factor * images[r * count + i];
            coefficients[at] += rule.rate / size * change;
            parameters[r * rows + order[begin + from + i]] = coefficients[at];
          }
        }
      }
    },
    reorder(next) {
      order = next.slice();
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < rows; j++) held[i * rows + j] = kernel[order[i] * rows + order[j]];
        for (let r = 0; r < paths; r++) coefficients[r * rows + i] = parameters[r * rows + order[i]];
      }
    },
  };
}

/** Which rows each step takes: all in their order, or the next batch of a shuffled pass. */
export function batchSchedule(
  rows: number,
  batchSize: number | undefined,
  seed: number,
): { next(descent: Descent): readonly [begin: number, end: number]; readonly order: Uint32Array } {
  let order = Uint32Array.from({ length: rows }, (_, i) => i), at = rows;
  const random = createRandom(seed);
  return {
    get order() {
      return order;
    },
    next(descent) {
      if (batchSize === undefined || batchSize >= rows) return [0, rows];
      if (at >= rows) {
        order = order.slice();
        shuffle(order, random.integer);
        descent.reorder(order);
        at = 0;
      }
      const begin = at;
      at = Math.min(rows, at + batchSize);
      return [begin, at];
    },
  };
}
