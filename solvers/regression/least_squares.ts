import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray, VectorOperand } from "../../kernels/spec.ts";
import type { L0Penalty } from "../branch_and_bound/perspective.ts";
import type { Matrix, Vector } from "../core/matrix.ts";

/** A coefficient vector that is zero outside `features`, and what the descents need to know of it. */
export interface Estimate {
  /** Active features, each once. */
  readonly features: readonly number[];
  /** Their coefficients, zeros among them. */
  readonly coefficients: Float64Array;
  /** `X^T (y - X b)`, one element a feature. */
  readonly correlations: Float64Array;
}

/** What one descent is asked for. */
export interface Descent {
  readonly features: readonly number[];
  /** Penalty kind of each feature. */
  readonly kinds: ArrayLike<number>;
  readonly coefficients: ArrayLike<number>;
  readonly penalty: L0Penalty;
  readonly sweeps: number;
  readonly tolerance: number;
}

/** A least-squares problem `||y - X b||^2 / 2` from which the Gram matrix is computed row by row, where it is needed. */
export interface LeastSquares {
  readonly samples: number;
  readonly features: number;
  /** `||y||^2 / 2`. */
  readonly energy: number;
  /** `X^T y`. */
  readonly linear: Float64Array;
  /** `||x_j||^2`. */
  readonly squaredNorms: Float64Array;
  /** Row `feature` of `X^T X`; a copy. */
  gramRow(feature: number): Promise<Float64Array>;
  /** Coordinate descent on the given features; returns the estimate and the number of sweeps made. */
  descend(descent: Descent): Promise<{ estimate: Estimate; sweeps: number }>;
}

/** How the data were shifted and scaled: `x -> (x - mean) / scale`, `y -> y - responseMean`. */
export interface Standardization {
  readonly means: Float64Array;
  readonly scales: Float64Array;
  readonly responseMean: number;
}

/** Rows of the Gram matrix to make room for at first. */
const initialRows = 256;

/**
 * Puts the data where the kernels run. `X` [samples, features] is kept once, features as rows; the Gram matrix grows with
 * the features that descents touch, and stays for later descents: 8 bytes x features x features touched.
 */
export async function createLeastSquares(
  workspace: Workspace,
  X: Matrix,
  y: Vector,
  { means, scales, responseMean }: Standardization,
): Promise<LeastSquares> {
  const [samples, features] = X.shape;
  const { kernels } = workspace;
  const data = workspace.allocate("f64", features * samples, "X transposed");
  const squaredNorms = new Float64Array(features);
  const column = new Float64Array(samples);
  for (let j = 0; j < features; j++) {
    for (let i = 0; i < samples; i++) column[i] = (X.data[i * features + j] - means[j]) / scales[j];
    squaredNorms[j] = column.reduce((sum, x) => sum + x * x, 0);
    workspace.write(data, column, j * samples);
  }
  const centered = Float64Array.from(y, (value) => value - responseMean);
  const response = vector("y", samples);
  workspace.write(response.array, centered);
  const transposed = { array: data, rows: features, columns: samples };
  const linear = vector("X^T y", features);
  await kernels.gemv({ a: transposed, x: response, y: linear });
  const correlations = vector("correlations", features);

  let capacity = Math.min(features, initialRows);
  let gram = workspace.allocate("f64", capacity * features, "Gram rows");
  const rowOf = new Int32Array(features).fill(-1);
  let rowCount = 0;

  let activeCapacity = 64;
  let active = allocateActive();

  function vector(label: string, length: number): VectorOperand & { array: DeviceArray<"f64"> } {
    return { array: workspace.allocate("f64", length, label), length };
  }

  async function ensureRow(feature: number): Promise<number> {
    if (rowOf[feature] >= 0) return rowOf[feature];
    if (rowCount === capacity) {
      const wider = Math.min(features, 2 * capacity);
      const grown = workspace.allocate("f64", wider * features, "Gram rows");
      workspace.write(grown, await workspace.read(gram));
      workspace.free(gram);
      gram = grown;
      capacity = wider;
    }
    await kernels.gemv({
      a: transposed,
      x: { array: data, offset: feature * samples, length: samples },
      y: { array: gram, offset: rowCount * features, length: features },
    });
    return rowOf[feature] = rowCount++;
  }

  function allocateActive() {
    return {
      features: workspace.allocate("u32", activeCapacity, "active features"),
      rows: workspace.allocate("u32", activeCapacity, "active rows"),
      kinds: workspace.allocate("u8", activeCapacity, "active kinds"),
      values: workspace.allocate("f64", activeCapacity, "active coefficients"),
    };
  }

  function ensureActive(count: number): void {
    if (count <= activeCapacity) return;
    Object.values(active).forEach((array) => workspace.free(array));
    activeCapacity = Math.max(count, 2 * activeCapacity);
    active = allocateActive();
  }

  return {
    samples,
    features,
    energy: centered.reduce((sum, value) => sum + value * value, 0) / 2,
    linear: await workspace.read(linear.array),
    squaredNorms,
    async gramRow(feature) {
      const row = await ensureRow(feature);
      return workspace.read(gram, row * features, features);
    },
    async descend({ features: chosen, kinds, coefficients, penalty, sweeps, tolerance }) {
      const rows = new Uint32Array(chosen.length);
      for (let i = 0; i < chosen.length; i++) rows[i] = await ensureRow(chosen[i]);
      ensureActive(chosen.length);
      workspace.write(active.features, chosen);
      workspace.write(active.rows, rows);
      workspace.write(active.kinds, kinds);
      workspace.write(active.values, coefficients);
      const made = await kernels.regressionDescent({
        gram: { array: gram, rows: rowCount, columns: features },
        features: active.features,
        rows: active.rows,
        kinds: active.kinds,
        coefficients: { array: active.values, length: chosen.length },
        linear,
        correlations,
        penalty,
        sweeps,
        tolerance,
      });
      const estimate = {
        features: chosen,
        coefficients: await workspace.read(active.values, 0, chosen.length),
        correlations: await workspace.read(correlations.array),
      };
      return { estimate, sweeps: made };
    },
  };
}

/** `||y - X b||^2 / 2`, from the correlations. */
export function loss({ energy, linear }: LeastSquares, { features, coefficients, correlations }: Estimate): number {
  let sum = 0;
  for (let i = 0; i < features.length; i++) sum += (linear[features[i]] + correlations[features[i]]) * coefficients[i];
  return energy - sum / 2;
}

/** `r^T y - ||r||^2 / 2` at the residual `r = y - X b`: the dual objective without its conjugates. */
export function dualLoss({ energy, linear }: LeastSquares, { features, coefficients, correlations }: Estimate): number {
  let sum = 0;
  for (let i = 0; i < features.length; i++) sum += (linear[features[i]] - correlations[features[i]]) * coefficients[i];
  return energy - sum / 2;
}

/** The estimate without its zero coefficients. */
export function compact({ features, coefficients, correlations }: Estimate): Estimate {
  return {
    features: features.filter((_, i) => coefficients[i] !== 0),
    coefficients: coefficients.filter((value) => value !== 0),
    correlations,
  };
}
