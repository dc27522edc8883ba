/** The hull block: points of the hull of the samples, `V X` with rows of `V` on the simplex. @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import type { MatrixOperand, VectorOperand } from "../../kernels/contract.ts";
import type { Pause } from "../core/run.ts";
import { elementsOf, factorIn, type Products } from "./products.ts";
import { centre, normalize, unevenVector } from "./spectrum.ts";

/** Samples up to which their Gram matrix is held. */
const mostGramRows = 4000;

/** Multiply-adds of a part of the Gram matrix: some 20 ms. */
const workTogether = 8e7;

/** Turns of the power method over the samples, and what it may lack. */
const turns = 20, margin = 1.05;

/** Factor by which a length that was too long is shortened. */
const shortening = 0.7;

/** The points `V X` and what is known of them. */
export interface Hull {
  /** `V` [rank, rows], rows on the simplex. */
  readonly point: MatrixOperand;
  /** `V X X^T` [rank, rows]. */
  readonly image: MatrixOperand;
  /** About the largest eigenvalue of `X X^T` on vectors that sum to zero. */
  readonly largest: number;
  /** `target = factor X X^T` [r, rows], through the Gram matrix where it is held. */
  multiply(factor: MatrixOperand, target: MatrixOperand): Promise<void>;
  /** Takes other points. */
  place(rows: ArrayLike<number>): Promise<void>;
  /**
   * Accelerated steps toward `min ||L - V X||^2`, each row by itself, given `linear = L X^T`; or, with `mixing`, toward
   * `min <V, S V K> - 2 <V, linear>`, all rows together. No step raises the value.
   *
   * @param pause Called between steps; true once the time is up, which ends them.
   */
  descend(linear: MatrixOperand, steps: number, pause: Pause, mixing?: Mixing): Promise<void>;
}

/** `S` of the block where points are mixed: [rank, rank] in the precision of the factors, and its largest eigenvalue. */
export interface Mixing {
  readonly gram: MatrixOperand;
  readonly largest: number;
}

/** Whether the Gram matrix of the samples pays: it is there once, and saves two products with the data in each step. */
function holdsGram({ rows, columns, work }: Pick<Products, "rows" | "columns" | "work">): boolean {
  return rows <= mostGramRows && rows < 2 * columns && rows * rows < 2 * work;
}

/**
 * The block over fresh arrays; its points are nothing until they are placed.
 *
 * @param pause Called between parts of the work; once the time is up, the Gram matrix is not held.
 */
export async function createHull(
  workspace: Workspace,
  products: Products,
  rank: number,
  pause: Pause,
): Promise<Hull> {
  const { rows, dtype } = products, { host } = workspace, { kernels } = host;
  const matrix = (label: string, width = rows) => factorIn(workspace, dtype, rank, width, label);
  let point = matrix("hull weights"), before = matrix("hull weights before");
  let image = matrix("images"), imageBefore = matrix("images before");
  let target = matrix("next hull weights"), imageOfTarget = matrix("images of the next");
  const mixed = matrix("mixed images");
  const momenta: VectorOperand = { array: host.allocate("f64", rank, "momenta"), length: rank };
  const betas = host.view(momenta.array) as Float64Array, numbers = new Float64Array(rank);
  const gram = holdsGram(products) ? await gramOf(workspace, products, pause) : undefined;

  async function multiply(factor: MatrixOperand, target: MatrixOperand): Promise<void> {
    if (gram) await kernels.gemm({ a: factor, b: gram, c: target });
    else await products.timesGram(factor, target);
  }

  async function multiplyMixed(factor: MatrixOperand, target: MatrixOperand, mixing?: Mixing): Promise<void> {
    if (!mixing) return await multiply(factor, target);
    await multiply(factor, mixed);
    await kernels.gemm({ a: mixing.gram, b: mixed, c: target });
  }

  let largest = await largestOfSamples(workspace, products, multiply, pause);

  return {
    get point() {
      return point;
    },
    get image() {
      return image;
    },
    get largest() {
      return largest;
    },
    multiply,
    async place(rows) {
      elementsOf(workspace, point).set(rows);
      await multiply(point, image);
    },
    async descend(linear, steps, pause, mixing) {
      if (!(largest > 0) || mixing && !(mixing.largest > 0)) return;
      if (mixing) await multiplyMixed(point, image, mixing);
      elementsOf(workspace, before).set(elementsOf(workspace, point));
      elementsOf(workspace, imageBefore).set(elementsOf(workspace, image));
      numbers.fill(1);
      for (let step = 0; step < steps; step++) {
        if (step > 0 && await pause()) break;
        for (let t = 0; t < rank; t++) betas[t] = (numbers[t] - 1) / nextNumber(numbers[t]);
        await kernels.extrapolatedStep({
          x: point,
          before,
          image,
          imageBefore,
          linear,
          momenta,
          step: 1 / (largest * (mixing?.largest ?? 1)),
          target,
        });
        await kernels.projectSimplex({ x: target });
        await multiplyMixed(target, imageOfTarget, mixing);
        const changes = rowChanges(
          elementsOf(workspace, target),
          elementsOf(workspace, point),
          elementsOf(workspace, imageOfTarget),
          elementsOf(workspace, image),
          elementsOf(workspace, linear),
          rank,
          rows,
        );
        if (mixing) changes.fill(changes.reduce((sum, change) => sum + change, 0));
        let moved = false, long = false;
        for (let t = 0; t < rank; t++) {
          const first = numbers[t] === 1;
          if (changes[t] <= 0) {
            numbers[t] = nextNumber(numbers[t]);
            moved ||= changes[t] < 0;
            continue;
          }
          numbers[t] = 1;
          moved = true;
          // A plain step that raises the value was too long.
          long ||= first;
          keepRow(elementsOf(workspace, target), elementsOf(workspace, point), t, rows);
          keepRow(elementsOf(workspace, imageOfTarget), elementsOf(workspace, image), t, rows);
        }
        if (long) largest /= shortening;
        [before, point, target] = [point, target, before];
        [imageBefore, image, imageOfTarget] = [image, imageOfTarget, imageBefore];
        if (!moved) break;
      }
      if (mixing) await multiply(point, image);
    },
  };
}

/** The next of Nesterov's numbers. */
function nextNumber(t: number): number {
  return (1 + Math.sqrt(1 + 4 * t * t)) / 2;
}

function keepRow(
  target: Float32Array | Float64Array,
  source: Float32Array | Float64Array,
  t: number,
  width: number,
): void {
  target.set(source.subarray(t * width, (t + 1) * width), t * width);
}

/**
 * What each row gains from `x` to `z`: `(z - x) . (q_z + q_x - 2 p)`, slopes less their mean under `x`, so that nothing
 * cancels where the two are close.
 */
function rowChanges(
  z: Float32Array | Float64Array,
  x: Float32Array | Float64Array,
  imageOfZ: Float32Array | Float64Array,
  image: Float32Array | Float64Array,
  linear: Float32Array | Float64Array,
  rows: number,
  width: number,
): Float64Array {
  const changes = new Float64Array(rows);
  for (let t = 0; t < rows; t++) {
    let mean = 0, sum = 0;
    for (let at = t * width, end = at + width; at < end; at++) {
      if (x[at] !== 0) mean += x[at] * (imageOfZ[at] - linear[at] + (image[at] - linear[at]));
    }
    for (let at = t * width, end = at + width; at < end; at++) {
      const step = z[at] - x[at];
      if (step !== 0) sum += step * (imageOfZ[at] - linear[at] + (image[at] - linear[at]) - mean);
    }
    changes[t] = sum;
  }
  return changes;
}

/** `X X^T`, a block of rows at a time; nothing once the time is up. */
async function gramOf(workspace: Workspace, products: Products, pause: Pause): Promise<MatrixOperand | undefined> {
  const { rows, columns, dtype } = products;
  const block = Math.min(rows, 256, Math.max(16, Math.floor(workTogether / (rows * columns))));
  const gram = factorIn(workspace, dtype, rows, rows, "Gram matrix");
  const lines = factorIn(workspace, dtype, block, columns, "samples");
  const line = new Float64Array(columns);
  let timeIsUp = false;
  for (let begin = 0; begin < rows && !timeIsUp; begin += block) {
    const count = Math.min(block, rows - begin), view = elementsOf(workspace, lines);
    for (let i = 0; i < count; i++) {
      products.addRow(line.fill(0), 1, begin + i);
      view.set(line, i * columns);
    }
    await products.timesTransposed(
      { ...lines, rows: count },
      { ...gram, rows: count, offset: begin * rows },
    );
    timeIsUp = await pause() && begin + count < rows;
  }
  workspace.host.free(lines.array);
  if (!timeIsUp) return gram;
  workspace.host.free(gram.array);
  return undefined;
}

/** About the largest eigenvalue of the Gram matrix on vectors that sum to zero. */
async function largestOfSamples(
  workspace: Workspace,
  { rows, dtype }: Products,
  multiply: Hull["multiply"],
  pause: Pause,
): Promise<number> {
  const vector = factorIn(workspace, dtype, 1, rows, "vector"), image = factorIn(workspace, dtype, 1, rows, "image");
  const x = unevenVector(rows);
  let value = 0;
  for (let turn = 0; turn < turns; turn++) {
    centre(x);
    normalize(x);
    elementsOf(workspace, vector).set(x);
    await multiply(vector, image);
    x.set(elementsOf(workspace, image));
    centre(x);
    value = normalize(x);
    if (!(value > 0)) return 0;
    if (await pause()) break;
  }
  return margin * value;
}
