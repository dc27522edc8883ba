import type { MatrixOperand } from "../../kernels/contract.ts";
import { passParts } from "../../kernels/contract/factorization/pass.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import type { Vector } from "../core/matrix.ts";
import type { Resolved } from "../core/options.ts";
import type { Run } from "../core/run.ts";
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
  fitWeights(sweeps: number): Promise<void>;
  /** The objective where the descent begins. */
  objective(): Promise<number>;
  /** One outer iteration; gives the objective after it. */
  iterate(): Promise<number>;
}

/** Sweeps in Gram space. */
export function plainDescent(
  { workspace, products, rank, options }: NmfProblem,
  W: MatrixOperand,
  H: MatrixOperand,
): FactorDescent {
  const { rows, columns, dtype, squaredNorm, data } = products, { host } = workspace, { kernels } = host;
  const parts = data && rank <= mostInPass
    ? factorIn(workspace, dtype, passParts(rows) * rank, columns, "parts of the linear part")
    : undefined;
  const inner = factorIn(workspace, dtype, rank, rows, "inner products");
  const linear = factorIn(workspace, dtype, rank, columns, "linear part");
  const [G, S] = ["components", "weights"].map((name) =>
    factorIn(workspace, "f64", rank, rank, `Gram matrix of the ${name}`)
  );
  const sums = { array: host.allocate("f64", rank, "sums"), length: rank };
  const [grams, squares, values] = [G, S, sums].map(({ array }) => host.view(array) as Float64Array);
  const { innerIterations: sweeps } = options;

  async function valueOf(x: MatrixOperand, y: MatrixOperand): Promise<number> {
    await kernels.rowDots({ x, y, values: sums });
    let value = squaredNorm;
    for (let t = 0; t < rank; t++) value -= 2 * values[t];
    for (let at = 0; at < grams.length; at++) value += grams[at] * squares[at];
    return value;
  }
  async function lookAt(): Promise<void> {
    await products.timesTransposed(H, inner);
    await kernels.rowGram({ a: H, gram: G });
  }
  return {
    size: squaredNorm,
    async fitWeights(sweeps) {
      await lookAt();
      await kernels.nonnegativeSweep({ gram: G, linear: inner, factor: W, sweeps });
    },
    async objective() {
      await lookAt();
      await kernels.rowGram({ a: W, gram: S });
      return await valueOf(W, inner);
    },
    async iterate() {
      if (parts) {
        await kernels.nonnegativePass({ x: data!, components: H, gram: G, factor: W, sweeps, parts, linear });
      } else {
        await products.timesTransposed(H, inner);
        await kernels.nonnegativeSweep({ gram: G, linear: inner, factor: W, sweeps });
        await products.times(W, linear);
      }
      await kernels.rowGram({ a: W, gram: S });
      await kernels.nonnegativeSweep({ gram: S, linear, factor: H, sweeps });
      await kernels.rowGram({ a: H, gram: G });
      return await valueOf(H, linear);
    },
  };
}

/** Sweeps over residuals, by rows and by columns. */
export function weightedDescent(
  { workspace, products, rank, options, weights }: NmfProblem,
  W: MatrixOperand,
  H: MatrixOperand,
): FactorDescent {
  const { rows, columns, dtype } = products, { host } = workspace, { kernels } = host;
  const operand = (label: string, height: number, width: number) => factorIn(workspace, dtype, height, width, label);
  const x = operand("X", rows, columns), turnedX = operand("transposed X", columns, rows);
  const m = operand("weights of entries", rows, columns), turnedM = operand("transposed weights", columns, rows);
  const line = new Float64Array(columns);
  const [X, T, M, N] = [x, turnedX, m, turnedM].map((one) => elementsOf(workspace, one));
  let size = 0;
  for (let i = 0; i < rows; i++) {
    products.addRow(line.fill(0), 1, i);
    for (let j = 0; j < columns; j++) {
      X[i * columns + j] = T[j * rows + i] = line[j];
      M[i * columns + j] = N[j * rows + i] = weights![i * columns + j];
      size += weights![i * columns + j] * line[j] * line[j];
    }
  }
  const components = elementsOf(workspace, H), factor = elementsOf(workspace, W);
  const fitWeights = async (sweeps: number) => {
    await kernels.weightedSweep({ x, weights: m, components: H, factor: W, sweeps });
  };
  function objective(): Promise<number> {
    const residual = new Float64Array(columns);
    let value = 0;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) residual[j] = X[i * columns + j];
      for (let t = 0; t < rank; t++) {
        const w = factor[t * rows + i];
        if (w !== 0) { for (let j = 0; j < columns; j++) residual[j] -= w * components[t * columns + j]; }
      }
      for (let j = 0; j < columns; j++) value += M[i * columns + j] * residual[j] * residual[j];
    }
    return Promise.resolve(value);
  }
  return {
    size,
    fitWeights,
    objective,
    async iterate() {
      const { innerIterations: sweeps } = options;
      await fitWeights(sweeps);
      await kernels.weightedSweep({ x: turnedX, weights: turnedM, components: W, factor: H, sweeps });
      return await objective();
    },
  };
}
