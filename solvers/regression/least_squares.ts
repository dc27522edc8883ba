import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray, VectorOperand } from "../../kernels/contract.ts";
import { createNodeBatch, type NodeBatch } from "../l0/node_batch.ts";
import type { DualPoint } from "../l0/node_certificate.ts";
import type { L0Penalty } from "../l0/penalty.ts";
import { nodePrecision } from "../l0/relaxation.ts";
import type { Matrix, Vector } from "../core/matrix.ts";
import type { SearchOptions } from "../l0/search.ts";
import { addRows, addScaled, plainDot } from "../core/plain_sums.ts";
import { checkGramRow, randomWeights } from "../core/product_check.ts";

/** A coefficient vector that is zero outside `features`, and what the descents need to know of it. */
export interface Estimate {
  /** Active features, each once. */
  readonly features: readonly number[];
  /** Their coefficients, zeros among them. */
  readonly coefficients: Float64Array;
  /** `X^T (y - X b)`, one element a feature. */
  readonly correlations: Float64Array;
}

/** Features with coefficients to start from. */
export interface SparseStart {
  readonly features: ArrayLike<number>;
  readonly coefficients: ArrayLike<number>;
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
  readonly nullLoss: number;
  /** `X^T y`. */
  readonly linear: Float64Array;
  /** `||x_j||^2`. */
  readonly squaredNorms: Float64Array;
  /** Row `feature` of `X^T X`; a copy. */
  gramRow(feature: number): Promise<Float64Array>;
  /** Coordinate descent on the given features; returns the estimate and the number of sweeps made. */
  descend(descent: Descent): Promise<{ estimate: Estimate; sweeps: number }>;
  /** Relaxations of nodes, many at a time; the caller releases it. */
  openNodes(penalty: L0Penalty, options: SearchOptions): NodeBatch;
}

/** How the data were shifted and scaled: `x -> (x - mean) / scale`, `y -> y - responseMean`. */
export interface Standardization {
  readonly means: Float64Array;
  readonly scales: Float64Array;
  readonly responseMean: number;
  /** Whether the means are those of an intercept that is fitted. */
  readonly intercept: boolean;
}

/** Rows of the Gram matrix that are reserved at first. */
const initialRows = 256;

/**
 * Rows of the Gram matrix that are computed together: all data are read once for them, and reading is what a row costs.
 * The features most correlated with the residual fill a block up; they are those that will be asked for.
 */
const blockRows = 32;

/** Columns of `X` that are transposed together. */
const columnsTogether = 64;

/**
 * Puts the data where the kernels run. `X` [samples, features] is kept once, features as rows; the Gram matrix grows with
 * the features that descents touch, and stays for later descents: 8 bytes x features x features touched.
 */
export function createLeastSquares(
  workspace: Workspace,
  X: Matrix,
  y: Vector,
  { means, scales, responseMean }: Standardization,
): LeastSquares {
  const [samples, features] = X.shape;
  const { kernels } = workspace;
  const data = workspace.allocate("f64", features * samples, "X transposed");
  const squaredNorms = new Float64Array(features);
  const centered = Float64Array.from(y, (value) => value - responseMean);
  const correlationsWithY = new Float64Array(features);
  // What Gram rows are checked against: X times random weights, and each row of X^T X times those weights.
  const weights = new Float64Array(features), mixture = new Float64Array(samples);
  const inverses = scales.map((scale) => 1 / scale);
  // A few columns at a time: the rows of X are read in runs, and nothing is held twice.
  const columns = new Float64Array(Math.min(features, columnsTogether) * samples);
  for (let first = 0; first < features; first += columnsTogether) {
    const count = Math.min(columnsTogether, features - first);
    const block = { first, count, means, inverses };
    for (let i = 0; i < samples; i++) loadSample(columns, i, samples, X.data, i * features, block);
    for (let j = 0; j < count; j++) {
      const { square, product } = columnSums(columns, j * samples, centered);
      squaredNorms[first + j] = square;
      correlationsWithY[first + j] = product;
    }
    weights.set(randomWeights(squaredNorms.subarray(first, first + count), first), first);
    for (let j = 0; j < count; j++) addScaled(mixture, weights[first + j], columns, j * samples);
    workspace.write(data, columns.subarray(0, count * samples), first * samples);
  }
  const transposed = { array: data, rows: features, columns: samples };
  const linear = vector("X^T y", features);
  workspace.write(linear.array, correlationsWithY);
  const correlations = vector("correlations", features);

  let capacity = Math.min(features, initialRows);
  let gram = workspace.allocate("f64", capacity * features, "Gram rows");
  const rowOf = new Int32Array(features).fill(-1);
  const placeOfRow = workspace.allocate("i32", features, "places of Gram rows");
  workspace.write(placeOfRow, rowOf);
  let rowCount = 0;
  let block: DeviceArray<"f64"> | undefined;
  /** Magnitudes of the latest correlations are where the features are looked for that fill a block up. */
  let latest: Float64Array = correlationsWithY;

  let activeCapacity = 64;
  let active = allocateActive();

  function vector(label: string, length: number): VectorOperand & { array: DeviceArray<"f64"> } {
    return { array: workspace.allocate("f64", length, label), length };
  }

  async function makeRoom(rows: number): Promise<void> {
    if (rows <= capacity) return;
    capacity = Math.min(features, Math.max(rows, 2 * capacity));
    const grown = workspace.allocate("f64", capacity * features, "Gram rows");
    workspace.write(grown, await workspace.read(gram, 0, rowCount * features));
    workspace.free(gram);
    gram = grown;
  }

  /** Computes the missing Gram rows of some features, in blocks. */
  async function ensureRows(wanted: ArrayLike<number>): Promise<void> {
    const missing: number[] = [];
    for (let i = 0; i < wanted.length; i++) if (rowOf[wanted[i]] < 0) missing.push(wanted[i]);
    if (missing.length === 0) return;
    const spare = Math.ceil(missing.length / blockRows) * blockRows - missing.length;
    missing.push(...likely(new Set(missing), spare));
    await makeRoom(rowCount + missing.length);
    block ??= workspace.allocate("f64", blockRows * samples, "columns of a block");
    for (let from = 0; from < missing.length; from += blockRows) {
      const chosen = missing.slice(from, from + blockRows);
      for (let k = 0; k < chosen.length; k++) {
        workspace.write(block, await workspace.read(data, chosen[k] * samples, samples), k * samples);
      }
      await kernels.gemm({
        a: { array: block, rows: chosen.length, columns: samples },
        b: transposed,
        transposeB: true,
        c: { array: gram, offset: rowCount * features, rows: chosen.length, columns: features },
      });
      for (const feature of chosen) checkRow(feature, rowOf[feature] = rowCount++);
    }
    workspace.write(placeOfRow, rowOf);
  }

  function checkRow(feature: number, row: number): void {
    checkGramRow({
      name: `row ${feature} of X^T X`,
      received: plainDot(workspace.view(gram), weights, features, row * features),
      expected: plainDot(workspace.view(data), mixture, samples, feature * samples),
      norm: Math.sqrt(squaredNorms[feature]),
      samples,
      features,
    });
  }

  /** `X^T (y - X b)` in plain f64, from the checked rows; a dual point whatever `b` is, and so without what has no row. */
  const gradient = new Float64Array(features);
  function dualPoint(variables: Uint32Array, values: Float64Array): DualPoint {
    gradient.set(correlationsWithY);
    const rows: number[] = [], factors: number[] = [];
    for (let k = 0; k < variables.length; k++) {
      if (rowOf[variables[k]] < 0) continue;
      rows.push(rowOf[variables[k]] * features);
      factors.push(-values[k]);
    }
    addRows(gradient, workspace.view(gram), rows, factors);
    let value = nullLoss;
    for (let k = 0; k < variables.length; k++) {
      if (rowOf[variables[k]] < 0) continue;
      value -= (correlationsWithY[variables[k]] - gradient[variables[k]]) * values[k] / 2;
    }
    return { value, size: nullLoss, gradient };
  }

  /** Features without a row that are most correlated with the residual. */
  function likely(taken: ReadonlySet<number>, count: number): number[] {
    const others: number[] = [];
    for (let j = 0; j < features; j++) if (rowOf[j] < 0 && latest[j] !== 0 && !taken.has(j)) others.push(j);
    return others.sort((i, j) => Math.abs(latest[j]) - Math.abs(latest[i]) || i - j).slice(0, count);
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

  const nullLoss = centered.reduce((sum, value) => sum + value * value, 0) / 2;
  return {
    samples,
    features,
    nullLoss,
    linear: correlationsWithY,
    squaredNorms,
    async gramRow(feature) {
      await ensureRows([feature]);
      return workspace.read(gram, rowOf[feature] * features, features);
    },
    async descend({ features: chosen, kinds, coefficients, penalty, sweeps, tolerance }) {
      await ensureRows(chosen);
      const rows = Uint32Array.from(chosen, (feature) => rowOf[feature]);
      ensureActive(chosen.length);
      workspace.write(active.features, chosen);
      workspace.write(active.rows, rows);
      workspace.write(active.kinds, kinds);
      workspace.write(active.values, coefficients);
      const made = await kernels.leastSquaresDescent({
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
        correlations: latest = await workspace.read(correlations.array),
      };
      return { estimate, sweeps: made };
    },
    openNodes(penalty, { run, branchingWidth }) {
      const wanted = workspace.allocate("u8", features, "wanted rows"), nothing = new Uint8Array(features);
      const nodes = createNodeBatch(workspace, {
        variables: features,
        penalty,
        candidates: branchingWidth,
        extras: 0,
        scale: nullLoss,
        tolerance: nodePrecision.node * nullLoss,
        dualPoint,
        async launch(batch) {
          workspace.write(wanted, nothing);
          await kernels.regressionNodes({
            ...batch,
            nullLoss,
            linear,
            wanted,
            rowOf: placeOfRow,
            gram: { array: gram, rows: rowCount, columns: features },
          });
          const asked = await workspace.read(wanted);
          await ensureRows(Array.from(asked.keys()).filter((feature) => asked[feature] > 0));
        },
      }, run);
      return {
        ...nodes,
        release() {
          nodes.release();
          workspace.free(wanted);
        },
      };
    },
  };
}

/** `||y - X b||^2 / 2`, from the correlations. */
export function loss({ nullLoss, linear }: LeastSquares, { features, coefficients, correlations }: Estimate): number {
  let sum = 0;
  for (let i = 0; i < features.length; i++) sum += (linear[features[i]] + correlations[features[i]]) * coefficients[i];
  return nullLoss - sum / 2;
}

/** The estimate without its zero coefficients. */
export function compact({ features, coefficients, correlations }: Estimate): Estimate {
  return {
    features: features.filter((_, i) => coefficients[i] !== 0),
    coefficients: coefficients.filter((value) => value !== 0),
    correlations,
  };
}

// Functions of a sample and of a column, because engines compile what is called often sooner than a loop that runs long.

/** Puts some features of a sample into their columns. */
function loadSample(
  columns: Float64Array,
  sample: number,
  samples: number,
  data: Vector,
  from: number,
  { first, count, means, inverses }: { first: number; count: number; means: Float64Array; inverses: Float64Array },
): void {
  for (let j = first, to = sample; j < first + count; j++, to += samples) {
    columns[to] = (data[from + j] - means[j]) * inverses[j];
  }
}

/** `x . x` and `x . y` for the column `x` from `from` on, two sums each, so that none waits for another. */
function columnSums(columns: Float64Array, from: number, y: Float64Array): { square: number; product: number } {
  let a = 0, b = 0, c = 0, d = 0, i = 0;
  for (; i + 1 < y.length; i += 2) {
    const even = columns[from + i], odd = columns[from + i + 1];
    a += even * even;
    b += odd * odd;
    c += even * y[i];
    d += odd * y[i + 1];
  }
  if (i < y.length) {
    const last = columns[from + i];
    a += last * last;
    c += last * y[i];
  }
  return { square: a + b, product: c + d };
}
