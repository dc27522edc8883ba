/** The target where it is the output of the original model, and not what the weights give on the layer's own inputs. @module */

import type { Matrix, Vector } from "../core/matrix.ts";
import { plainDot } from "../core/plain_sums.ts";
import { checkGramRow, randomWeights } from "../core/product_check.ts";
import { columnRanges, ranges, rowsOfBlock } from "./blocking.ts";
import { openForms } from "./forms.ts";
import { misfitForgiven } from "./gram.ts";
import type { OriginalOptions } from "./options.ts";
import { type Moved, negligibleInDouble, type Problem } from "./problem.ts";

/**
 * What the outputs of the layer are added to, `R` in the original model and `R~` in the quantised one, as sums over tokens.
 * With it, the target is `W X_a + share (R - R~)`: the layer makes up for what is off before it, as far as its inputs tell.
 */
export interface StreamMismatch {
  /** `(R - R~) X~^T` [outputs, inputs]. */
  readonly quantized: Matrix;
  /** `(R - R~) (X - X~)^T` [outputs, inputs]. */
  readonly apart: Matrix;
  /** `||R - R~||^2` of each output. */
  readonly squares: Float64Array;
}

/** Rows of a matrix that are combined between two checkpoints. */
const rowsBetweenPauses = 64;

/** The original whose inputs are not those of the layer. */
export function movingOriginal(
  gram: Matrix,
  original: OriginalOptions | undefined,
): Required<OriginalOptions> | undefined {
  if (!original || original.share === 0) return undefined;
  const { cross, gram: { data }, share = 1 } = original;
  const differs = gram.data.some((entry, at) => entry !== cross.data[at] || entry !== data[at]);
  return differs ? { ...original, share } : undefined;
}

/**
 * Computes the terms in f64, by plain sums compared: a dense pass and a half. Even when the time is up they are needed
 * whole, for the error is not known without them.
 */
export async function moveTarget(
  problem: Problem,
  original: Required<OriginalOptions>,
  stream?: StreamMismatch,
): Promise<Moved> {
  const { rows, columns, diagonal, gram, meter, options: { seed }, unit, weights } = problem;
  const { cross, share } = original, a = original.gram.data, c = cross.data, sigma = gram.data;
  const pause = () => meter.checkpoint("target", 0);
  const roots = Float64Array.from({ length: columns }, (_, j) => {
    const at = j * (columns + 1);
    return share * (Math.sqrt(Math.max(0, a[at])) + Math.sqrt(Math.max(0, sigma[at]))) / Math.sqrt(unit);
  });
  const combined = async (entry: (j: number, k: number) => number): Promise<Float64Array> => {
    const result = new Float64Array(columns * columns);
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < columns; k++) result[j * columns + k] = entry(j, k);
      if (j % rowsBetweenPauses === 0) await pause();
    }
    return result;
  };

  const size = new Float64Array(rows), constant = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) size[i] += Math.abs(weights.data[i * columns + j]) * roots[j];
  }
  const towards = await combined((j, k) =>
    diagonal[k] < negligibleInDouble ? 0 : share * (c[j * columns + k] - sigma[j * columns + k]) / unit
  );
  const linear = await timesMatrix(problem, towards, pause);
  const random = randomWeights(diagonal, seed), product = new Float64Array(columns);
  for (let j = 0; j < columns; j++) {
    product[j] = plainDot(towards, random, columns, j * columns);
    if (j % rowsBetweenPauses === 0) await pause();
  }
  for (let i = 0; i < rows; i++) {
    checkGramRow({
      name: `the linear term of row ${i}`,
      received: plainDot(linear, random, columns, i * columns),
      expected: plainDot(weights.data, product, columns, i * columns),
      norm: size[i],
      samples: columns,
      features: columns,
    });
    if (i % rowsBetweenPauses === 0) await pause();
  }

  const apart = await combined((j, k) => {
    const at = j * columns + k, transposed = k * columns + j;
    return share * share * (a[at] + sigma[at] - (c[at] + c[transposed])) / unit;
  });
  const { capacity, forms, close } = await openForms(problem, apart, roots, pause);
  for (const [begin, end] of ranges(rows, capacity)) {
    const x = weights.data.subarray(begin * columns, end * columns);
    constant.set(await forms("||w (X - X~)||^2", x, begin), begin);
  }
  close();
  if (stream) addStream(problem, stream, share, { linear, constant, size });
  meter.spend(1.5, rows);
  return { linear, constant, size, tolerance: misfitForgiven([sigma, a, c]) };
}

/** Adds to the terms what is off in the stream that the outputs are added to. */
function addStream(
  { weights, rows, columns, diagonal, unit }: Problem,
  { quantized, apart, squares }: StreamMismatch,
  share: number,
  { linear, constant, size }: Pick<Moved, "linear" | "constant" | "size">,
): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0, at = i * columns; j < columns; j++, at++) {
      if (diagonal[j] >= negligibleInDouble) linear[at] += share * quantized.data[at] / unit;
    }
    const both = plainDot(apart.data, weights.data.subarray(i * columns, (i + 1) * columns), columns, i * columns);
    constant[i] += share * share * (2 * both + squares[i]) / unit;
    size[i] += share * Math.sqrt(squares[i] / unit);
  }
}

/** `W A` in f64, where f64 is. */
async function timesMatrix(
  problem: Problem,
  a: Float64Array,
  pause: () => Promise<unknown>,
): Promise<Float64Array> {
  const { rows, columns, weights, workspace: { host } } = problem, blockRows = rowsOfBlock(problem);
  const result = new Float64Array(rows * columns);
  const array = host.allocate("f64", columns * columns, "matrix of the target");
  host.write(array, a);
  const block = host.allocate("f64", blockRows * columns, "weights");
  const product = host.allocate("f64", blockRows * columns, "linear terms");
  for (const [begin, end] of ranges(rows, blockRows)) {
    const count = end - begin, operand = { array: block, rows: count, columns };
    host.write(block, weights.data.subarray(begin * columns, end * columns));
    for (const [from, to] of columnRanges({ ...problem, workspace: host }, count)) {
      const part = { columns: to - from, stride: columns, offset: from };
      await pause();
      await host.kernels.gemm({
        a: operand,
        b: { array, rows: columns, ...part },
        c: { array: product, rows: count, ...part },
      });
    }
    result.set(await host.read(product, 0, count * columns), begin * columns);
  }
  for (const some of [array, block, product]) host.free(some);
  return result;
}

/** Adds `2 e . b + c` to the forms of errors, those of rows from `begin` on. */
export function withMove(
  moved: Moved | undefined,
  unit: number,
  errors: Vector,
  begin: number,
  forms: Float64Array,
): Float64Array {
  if (!moved) return forms;
  const columns = errors.length / forms.length;
  return forms.map((form, i) => {
    const row = errors.subarray(i * columns, (i + 1) * columns);
    const product = plainDot(moved.linear, row, columns, (begin + i) * columns);
    return form + unit * (2 * product + moved.constant[begin + i]);
  });
}
