import type { MatrixOperand, VectorOperand } from "../../kernels/contract.ts";
import { passParts } from "../../kernels/contract/factorization/pass.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import type { Vector } from "../core/matrix.ts";
import type { Resolved } from "../core/options.ts";
import type { Pause, Run } from "../core/run.ts";
import type { NmfOptions, OpenNmfOptions } from "./options.ts";
import { elementsOf, factorIn, type Products } from "./products.ts";

/** Components up to which one pass over the data is faster than two products with them. */
const mostInPass = 16;

/** What the parts of a nonnegative factorisation share. */
export interface NmfProblem {
  readonly workspace: Workspace;
  readonly products: Products;
  readonly rank: number;
  readonly weights?: Vector;
  readonly options: Resolved<NmfOptions, OpenNmfOptions>;
  readonly run: Run;
  readonly scale: number;
  /** The unit of the objective: that of the weights, and of the square of the data. */
  readonly square: number;
}

/** A descent on both factors in place. */
export interface FactorDescent {
  /** What the objective is at zero factors. */
  readonly size: number;
  fitWeights(sweeps: number, pause: Pause): Promise<void>;
  /** The objective where the descent begins. */
  objective(): Promise<number>;
  /** One outer iteration, or less of it once the time is up; gives the objective after it. */
  iterate(pause: Pause): Promise<number>;
}

/** Sweeps in Gram space. */
export function plainDescent(
  { workspace, products, rank, options }: NmfProblem,
  W: MatrixOperand,
  H: MatrixOperand,
): FactorDescent {
  const { rows, columns, dtype, squaredNorm, data } = products, { host } = workspace, { kernels } = host;
  const { innerIterations: sweeps } = options;
  const inner = factorIn(workspace, dtype, rank, rows, "inner products");
  const linear = factorIn(workspace, dtype, rank, columns, "linear part");
  const square = (label: string, height = rank) => factorIn(workspace, "f64", height, rank, label);
  const G = square("Gram matrix of the components"), S = square("Gram matrix of the weights");
  const sums: VectorOperand = { array: host.allocate("f64", rank, "sums"), length: rank };
  const [grams, squares, values] = [G, S, sums].map(({ array }) => host.view(array) as Float64Array);
  // Frozen, because they come again in every iteration.
  const gramOfH = Object.freeze({ a: H, gram: G }), gramOfW = Object.freeze({ a: W, gram: S });
  const sweepW = Object.freeze({ gram: G, linear: inner, factor: W, sweeps });
  const sweepH = Object.freeze({ gram: S, linear, factor: H, sweeps });
  const fits = Object.freeze({ x: W, y: inner, values: sums }),
    fitsOfH = Object.freeze({ x: H, y: linear, values: sums });
  const pass = data && rank <= mostInPass && Object.freeze({
    x: data,
    components: H,
    gram: G,
    factor: W,
    sweeps,
    parts: factorIn(workspace, dtype, passParts(rows) * rank, columns, "parts of the linear part"),
    gramParts: square("parts of the Gram matrix", passParts(rows) * rank),
    linear,
    factorGram: S,
  });

  function value(): number {
    let value = squaredNorm;
    for (let t = 0; t < rank; t++) value -= 2 * values[t];
    for (let at = 0; at < grams.length; at++) value += grams[at] * squares[at];
    return value;
  }
  return {
    size: squaredNorm,
    async fitWeights(sweeps) {
      await products.timesTransposed(H, inner);
      await kernels.rowGram(gramOfH);
      await kernels.nonnegativeSweep({ ...sweepW, sweeps });
    },
    async objective() {
      await products.timesTransposed(H, inner);
      await kernels.rowGram(gramOfH);
      await kernels.rowGram(gramOfW);
      await kernels.rowDots(fits);
      return value();
    },
    async iterate() {
      if (pass) await kernels.nonnegativePass(pass);
      else {
        await products.timesTransposed(H, inner);
        await kernels.nonnegativeSweep(sweepW);
        await products.times(W, linear);
        await kernels.rowGram(gramOfW);
      }
      await kernels.nonnegativeSweep(sweepH);
      await kernels.rowGram(gramOfH);
      await kernels.rowDots(fitsOfH);
      return value();
    },
  };
}

/** Rows that are transposed together: what is written side by side is then a line of the cache at least. */
const turnedTogether = 64;

/** Multiply-adds of a sweep between two checkpoints, as a share of those of a batch. */
const shareOfBatch = 0.25;

/** Sweeps over residuals, by rows and by columns. */
export async function weightedDescent(
  { workspace, products, rank, options, weights, run }: NmfProblem,
  W: MatrixOperand,
  H: MatrixOperand,
): Promise<FactorDescent> {
  const { rows, columns, dtype } = products, { host } = workspace, { kernels } = host;
  const { innerIterations: sweeps } = options;
  const operand = (label: string, height: number, width: number) => factorIn(workspace, dtype, height, width, label);
  const side = (what: string, height: number, width: number, components: MatrixOperand, factor: MatrixOperand) => {
    const losses: VectorOperand = { array: host.allocate("f64", height, `losses of ${what}`), length: height };
    const x = operand(`X by ${what}`, height, width), m = operand(`weights of entries by ${what}`, height, width);
    return { x, weights: m, components, factor, losses };
  };
  const byRows = side("rows", rows, columns, H, W), byColumns = side("columns", columns, rows, W, H);
  const [X, T] = [byRows, byColumns].map(({ x }) => elementsOf(workspace, x));
  const [M, N] = [byRows, byColumns].map((one) => elementsOf(workspace, one.weights));
  const line = new Float64Array(columns), state = { stage: "start", fraction: 0, iteration: 0 };
  let size = 0;
  for (let from = 0; from < rows; from += turnedTogether) {
    const end = Math.min(rows, from + turnedTogether);
    for (let i = from; i < end; i++) {
      products.addRow(line.fill(0), 1, i);
      size += placeRow(line, weights!, i * columns, X, M);
    }
    turnRows(X, from, end, rows, columns, T);
    turnRows(M, from, end, rows, columns, N);
    await run.checkpoint(state);
  }
  /** Sweeps of some rows at a time, until the time is up. @returns whether it is */
  async function sweep(side: typeof byRows, sweeps: number, pause?: Pause): Promise<boolean> {
    const { x, factor, losses } = side, work = (1 + 3 * sweeps) * rank * x.columns;
    const together = Math.max(1, Math.floor(shareOfBatch * host.batchFlops / (2 * work)));
    for (let from = 0; from < x.rows; from += together) {
      const count = Math.min(together, x.rows - from);
      if (from > 0 && await pause?.()) return true;
      await kernels.weightedSweep({
        ...side,
        x: { ...x, offset: from * x.columns, rows: count },
        weights: { ...side.weights, offset: from * x.columns, rows: count },
        factor: { ...factor, offset: from, columns: count, stride: x.rows },
        losses: { ...losses, offset: from, length: count },
        sweeps,
      });
    }
    return pause ? await pause() : false;
  }
  function lossOf({ losses }: typeof byRows): number {
    let sum = 0;
    for (const loss of host.view(losses.array) as Float64Array) sum += loss;
    return sum;
  }
  async function objective(): Promise<number> {
    await sweep(byRows, 0);
    return lossOf(byRows);
  }
  return {
    size,
    fitWeights: async (sweeps, pause) => void await sweep(byRows, sweeps, pause),
    objective,
    async iterate(pause) {
      if (await sweep(byRows, sweeps, pause) || await sweep(byColumns, sweeps, pause)) return await objective();
      return lossOf(byColumns);
    },
  };
}

/** Places a row of the data and the weights of its entries, from `at` on. @returns the weighted sum of its squares */
function placeRow(line: Float64Array, weights: Vector, at: number, X: Vector, M: Vector): number {
  let sum = 0;
  for (let j = 0; j < line.length; j++) {
    const value = X[at + j] = line[j], weight = M[at + j] = weights[at + j];
    sum += weight * value * value;
  }
  return sum;
}

/** Writes some rows of a matrix [rows, columns] into its transpose. */
function turnRows(from: Vector, begin: number, end: number, rows: number, columns: number, to: Vector): void {
  for (let j = 0; j < columns; j++) {
    for (let i = begin, at = begin * columns + j; i < end; i++, at += columns) to[j * rows + i] = from[at];
  }
}
