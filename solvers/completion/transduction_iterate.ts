/**
 * Gradient steps on the smoothed rank of a joint matrix of features and labels, and the projection on what was observed.
 *
 *     Y = X - width^2 grad F(X) = X Q^T diag(1 - exp(-w / 2 width^2)) Q,    X^T X = Q^T diag(w) Q
 *
 * over the smaller side. The step is within the bound `2 width^2` of a decrease; the observed part is a convex set
 * (`equality`, `margin`) or a proximal point (`soft`).
 *
 * @module
 */

import type { MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { distrust } from "../core/certificate.ts";
import { createRandom } from "../core/random.ts";
import { inRanges, type Steps } from "../core/steps.ts";
import { symmetricEigen } from "../spectral/eigen.ts";
import { allocateMatrix, type Pause } from "../spectral/operands.ts";
import { gramByParts, productByParts } from "../spectral/products.ts";
import type { JointMatrix, Standards } from "./transduction_data.ts";
import { knownOf, type ProjectionOptions } from "./transduction_known.ts";

/** Shares of the largest eigenvalue below which one is rounding: it would become denormal. */
const negligible = 1e-20;

/** Newton steps of the proximal point of a logistic loss. */
const newtonSteps = 6;

/** The joint matrix, standardised, between steps. */
export interface TransductionIterate {
  /** Largest singular value of what is observed; 0 before it is measured. */
  readonly largest: number;
  /** Finds it. */
  measure(pause: Pause): Promise<void>;
  /** One step at a width; returns the smoothed rank before it. Where a pause throws, the matrix is one that it was. */
  step(width: number, pause: Pause): Promise<number>;
  /** The element at a place, in standardised units. */
  at(place: number): number;
  /** Decomposes the matrix, for `lastDecomposed`. */
  decompose(pause: Pause): Promise<void>;
  /**
   * Makes the matrix the latest one that was decomposed, and gives its singular values, falling, checked apart from the
   * kernels; nothing where none was.
   */
  lastDecomposed(): Steps<Float64Array | undefined>;
  /** The matrix [items, features + labels], in standardised units: a view or a copy. */
  whole(): ArrayLike<number>;
  release(): void;
}

/** The observed part, zeros elsewhere. */
export function* createTransduction(
  workspace: Workspace,
  joint: JointMatrix,
  standards: Standards,
  { method, labelWeight, dataWeight }: ProjectionOptions,
): Steps<TransductionIterate> {
  const { items } = joint, width = joint.features + joint.labels;
  // The smaller side has the columns.
  const turned = width > items, rows = Math.max(items, width), columns = Math.min(items, width);
  let x = allocateMatrix(workspace, "f64", rows, columns, "joint matrix");
  let y = allocateMatrix(workspace, "f64", rows, columns, "joint matrix after a step");
  const gram = allocateMatrix(workspace, "f64", columns, columns, "Gram matrix");
  const scaled = allocateMatrix(workspace, "f64", columns, columns, "scaled eigenvectors");
  let current = workspace.view(x.array), next = workspace.view(y.array);
  /** Of which matrix it is: of the one before where a step has come since. */
  let decomposition: { values: Float64Array; vectors: MatrixOperand; of: MatrixOperand } | undefined;
  const placeOf = (at: number) => turned ? at % width * items + Math.floor(at / width) : at;
  const { places, targets, sides, offsets } = yield* knownOf(joint, standards, turned, labelWeight);
  for (let k = 0; k < places.length; k++) current[places[k]] = targets[k];

  /** Puts `next` back on what was observed. */
  function project(): void {
    for (let k = 0; k < places.length; k++) {
      const at = places[k], side = sides[k], target = targets[k];
      if (side === 0) next[at] = method === "soft" ? (next[at] + dataWeight * target) / (1 + dataWeight) : target;
      else if (method === "equality") next[at] = target;
      else if (method === "margin") {
        next[at] = side * Math.max(side * (next[at] + offsets[k]), labelWeight) - offsets[k];
      } else next[at] = logisticPoint(next[at], side / labelWeight, offsets[k], dataWeight * labelWeight * labelWeight);
    }
  }

  let largest = 0;

  async function decompose(pause: Pause) {
    if (decomposition?.of === x) return decomposition;
    await gramByParts(workspace, x, gram, pause);
    await pause();
    const found = await symmetricEigen(workspace, gram, pause);
    if (decomposition) workspace.free(decomposition.vectors.array);
    return decomposition = { ...found, of: x };
  }

  function exchange(): void {
    [x, y, current, next] = [y, x, next, current];
  }

  return {
    get largest() {
      return largest;
    },
    async measure(pause) {
      const { values } = await decompose(pause);
      largest = Math.sqrt(Math.max(0, values[0]));
    },
    at: (place) => current[placeOf(place)],
    whole() {
      if (!turned) return current;
      const whole = new Float64Array(items * width);
      for (let j = 0, from = 0; j < width; j++) for (let i = 0; i < items; i++) whole[i * width + j] = current[from++];
      return whole;
    },
    async step(delta, pause) {
      const { values, vectors } = await decompose(pause),
        from = workspace.view(vectors.array),
        to = workspace.view(scaled.array);
      const scale = 1 / (2 * delta * delta);
      let rank = 0;
      for (let p = 0; p < columns; p++) {
        const kept = values[p] > negligible * values[0] ? -Math.expm1(-values[p] * scale) : 0;
        rank += kept;
        for (let j = p * columns; j < (p + 1) * columns; j++) to[j] = kept * from[j];
      }
      await productByParts(workspace, { a: scaled, b: vectors, transposeA: true, c: gram }, pause);
      await pause();
      await productByParts(workspace, { a: x, b: gram, c: y }, pause);
      await pause();
      project();
      exchange();
      return rank;
    },
    async decompose(pause) {
      await decompose(pause);
    },
    *lastDecomposed() {
      if (!decomposition) return undefined;
      const { values, vectors, of } = decomposition;
      if (of !== x) exchange();
      yield* checkDecomposition(current, columns, values, workspace.view(vectors.array));
      return values.map((value) => Math.sqrt(Math.max(0, value)));
    },
    release() {
      for (const { array } of [x, y, gram, scaled]) workspace.free(array);
      if (decomposition) workspace.free(decomposition.vectors.array);
    },
  };
}

/** `argmin_z (z - start)^2 / 2 + weight log(1 + exp(-slope (z + offset)))`. */
function logisticPoint(start: number, slope: number, offset: number, weight: number): number {
  let z = start;
  for (let step = 0; step < newtonSteps; step++) {
    const wrong = 1 / (1 + Math.exp(slope * (z + offset)));
    const derivative = z - start - weight * slope * wrong;
    z -= derivative / (1 + weight * slope * slope * Math.max(wrong * (1 - wrong), step === 0 ? 0.25 : 0));
  }
  return z;
}

/** Compares an eigen-decomposition with plain products of random vectors. @throws {BackendError} where they differ */
function* checkDecomposition(
  x: ArrayLike<number>,
  columns: number,
  values: Float64Array,
  vectors: ArrayLike<number>,
): Steps<void> {
  const random = createRandom(columns), v = Float64Array.from({ length: columns }, random.normal);
  const product = new Float64Array(columns), turned = new Float64Array(columns), back = new Float64Array(columns);
  yield* inRanges(x.length / columns, 4 * columns, (begin, end) => addGramProduct(x, columns, v, product, begin, end));
  yield* inRanges(columns, 5 * columns, (begin, end) => {
    addFromVectors(vectors, values, v, turned, back, begin, end);
  });
  const size = Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
  const differ = (a: Float64Array, b: Float64Array) =>
    Math.sqrt(a.reduce((sum, value, j) => sum + (value - b[j]) ** 2, 0));
  if (!(differ(turned, product) <= 1e-9 * values[0] * size && differ(back, v) <= 1e-9 * size)) {
    throw distrust("an eigen-decomposition of the joint matrix is wrong");
  }
}

/** Adds `x_i (x_i . v)` of some rows. */
function addGramProduct(
  x: ArrayLike<number>,
  columns: number,
  v: Float64Array,
  product: Float64Array,
  begin: number,
  end: number,
): void {
  for (let i = begin * columns; i < end * columns; i += columns) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += x[i + j] * v[j];
    for (let j = 0; j < columns; j++) product[j] += sum * x[i + j];
  }
}

/** Adds what some eigenvectors have of `Q^T diag(w) Q v`, and of `Q^T Q v`. */
function addFromVectors(
  vectors: ArrayLike<number>,
  values: Float64Array,
  v: Float64Array,
  turned: Float64Array,
  back: Float64Array,
  begin: number,
  end: number,
): void {
  const columns = v.length;
  for (let p = begin; p < end; p++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += vectors[p * columns + j] * v[j];
    for (let j = 0; j < columns; j++) {
      turned[j] += values[p] * sum * vectors[p * columns + j];
      back[j] += sum * vectors[p * columns + j];
    }
  }
}
