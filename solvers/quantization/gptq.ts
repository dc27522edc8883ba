import type { DeviceArray, FloatDtype } from "../../kernels/contract.ts";
import { DataError } from "../core/errors.ts";
import { factorInCalls } from "../core/factor.ts";
import { likeVector, type Vector } from "../core/matrix.ts";
import type { Status } from "../core/result.ts";
import { ranges, rowsOfBlock } from "./blocking.ts";
import { byActivation, faint } from "./coupling.ts";
import { sweep } from "./passes.ts";
import { type Approximation, type Moved, negligible, type Outcome, type Problem } from "./problem.ts";
import { startFromWeights, storeCodes } from "./rows.ts";
import { blocksOf, placeRows, withStage } from "./stage.ts";

/** Damping tried after the caller's, while the factorisation fails. */
const dampingLadder = [1e-4, 1e-3, 1e-2, 1e-1];

/** Rows of the factor that are moved at once; columns are factored in multiples of it, which suits kernels in blocks. */
const factorRows = 64;

/**
 * GPTQ (Frantar et al. 2023) as one triangular sweep: with `Sigma = R R^T`, `||E R||^2` is a sum over columns in which
 * entry `j` involves the errors `E_0 .. E_j` only, so rounding column by column to the point that entry `j` wants is
 * the greedy choice. It needs neither an inverse nor a second factorisation, and gives GPTQ's codes.
 */
export async function gptq(problem: Problem, start: Approximation): Promise<Outcome> {
  const { rows, columns, meter, options } = problem, { grid, outliers, codes } = start;
  if (await meter.checkpoint("factor", 0)) return { reached: start, status: "time-limit" };
  const order = options.activationOrder ? byActivation(problem) : undefined;
  const factor = await factorGram(problem, order);
  if (!factor) return { reached: start, status: "time-limit" };
  const { damping } = factor, remarks: string[] = [];
  if (damping !== options.damping) {
    remarks.push(
      `The Gram matrix is not positive definite with damping ${options.damping}: damping ${damping} was used.`,
    );
  }
  const residual = problem.moved && await movedResidual(problem, problem.moved, factor.array, order);
  const coupling = await couplingOf(problem, factor.array);
  meter.spend(columns / (6 * rows), rows);
  return await withStage(problem, coupling, { order }, async (stage) => {
    let { codedRows } = start;
    const outcome = (status: Status): Outcome => ({ reached: { ...start, codedRows }, status, damping, remarks });
    for (const [begin, end] of blocksOf(stage)) {
      const block = placeRows(stage, grid, begin, end);
      await startFromWeights(block, outliers, residual);
      if (await sweep(block, { triangular: true }, () => meter.checkpoint("gptq", 0))) return outcome("time-limit");
      await storeCodes(block, codes);
      codedRows = Math.max(codedRows, end);
    }
    return outcome("converged");
  });
}

/**
 * Where the target moved, GPTQ starts from `w' = w + b (Sigma + damping)^-1`: the residual of the weights is then
 * `(w' - w) R diag(R)^-1 = b R^-T diag(R)^-1`, one triangular solve with the factor, half a dense pass in f64. Columns in
 * the order.
 *
 * @throws {DataError} where the weights' output on `X - X~` is less than its projection on that on `X~`
 */
async function movedResidual(
  problem: Problem,
  { linear, constant, size, tolerance }: Moved,
  factor: DeviceArray<"f64">,
  order: Uint32Array | undefined,
): Promise<Vector> {
  const { columns, diagonal, meter, rows, weights, workspace: { host } } = problem,
    result = likeVector(weights.data, rows * columns);
  const blockRows = rowsOfBlock(problem);
  // Transposed, so that columns, which are solved for from the last on, lie together.
  const array = host.allocate("f64", blockRows * columns, "moved target");
  const transposed = new Float64Array(blockRows * columns), squares = new Float64Array(rows);
  const factorBuffer = new Float64Array(factorRows * columns), buffer = new Float64Array(factorRows * blockRows);
  for (const [first, last] of ranges(rows, blockRows)) {
    const count = last - first;
    for (let k = 0; k < columns; k++) {
      const column = order ? order[k] : k, isDead = diagonal[column] < negligible;
      for (let i = 0; i < count; i++) {
        transposed[k * count + i] = isDead ? 0 : linear[(first + i) * columns + column];
      }
    }
    host.write(array, transposed.subarray(0, columns * count));
    for (const [begin, end] of [...ranges(columns, factorRows, factorRows)].reverse()) {
      // Even when the time is up, it is needed whole.
      await meter.checkpoint("factor", 0);
      const c = { array, rows: end - begin, columns: count, offset: begin * count };
      if (end < columns) {
        const a = {
          array: factor,
          rows: end - begin,
          columns: columns - end,
          stride: columns,
          offset: begin * columns + end,
        };
        const b = { array, rows: columns - end, columns: count, offset: end * count };
        await host.kernels.gemm({ a, b, c, alpha: -1, beta: 1 });
      }
      const triangle = await host.read(factor, begin * columns, (end - begin) * columns, factorBuffer);
      const solved = await host.read(array, begin * count, (end - begin) * count, buffer);
      for (let j = end - 1; j >= begin; j--) {
        const at = (j - begin) * columns, own = (j - begin) * count, pivot = triangle[at + j];
        for (let k = j + 1; k < end; k++) {
          const entry = triangle[at + k], other = (k - begin) * count;
          for (let i = 0; i < count; i++) solved[own + i] -= entry * solved[other + i];
        }
        for (let i = 0; i < count; i++) {
          const value = solved[own + i] /= pivot;
          squares[first + i] += value * value;
          result[(first + i) * columns + j] = value / pivot;
        }
      }
      host.write(array, solved, begin * count);
    }
  }
  host.free(array);
  meter.spend(0.5, rows);
  for (let i = 0; i < rows; i++) {
    if (squares[i] <= constant[i] + tolerance * size[i] * size[i]) continue;
    throw new DataError(
      "original",
      `Cannot quantize the layer: "original.cross", "original.gram" and "gram" must be of the same inputs, but for row ${i} ` +
        `||w (X - X~)||^2 is ${constant[i] * problem.unit}, and its part along X~ is ${squares[i] * problem.unit}.`,
    );
  }
  return result;
}

/** The unit upper triangular factor: columns of `R`, which is used up, divided by its diagonal; in the workspace's precision. */
async function couplingOf(problem: Problem, factor: DeviceArray<"f64">): Promise<DeviceArray<FloatDtype>> {
  const { columns, dtype, workspace } = problem, { host } = workspace;
  // Where the sweep runs elsewhere, the rows move there; else they are narrowed in place, for two matrices would be too many.
  const elsewhere = workspace === host ? undefined : workspace.allocate(dtype, columns * columns, "factor");
  const least = faint[dtype], pivots = new Float64Array(columns), buffer = new Float64Array(factorRows * columns);
  // From the last rows on: the pivots that a row is divided by stand in it and below it, and there are zeros left of it.
  for (const [begin, end] of [...ranges(columns, factorRows, factorRows)].reverse()) {
    const rows = await host.read(factor, begin * columns, (end - begin) * columns, buffer);
    for (let j = begin; j < end; j++) pivots[j] = rows[(j - begin) * columns + j];
    for (let at = 0; at < rows.length; at += columns) {
      for (let k = begin; k < columns; k++) {
        const entry = rows[at + k] / pivots[k];
        rows[at + k] = Math.abs(entry) < least ? 0 : entry;
      }
    }
    if (elsewhere) workspace.write(elsewhere, rows, begin * columns);
    else host.write(factor, rows, begin * columns);
  }
  if (!elsewhere) return dtype === "f32" ? host.narrow(factor) : factor;
  host.free(factor);
  return elsewhere;
}

/** A factor `R` with `Sigma + damping mean(diag Sigma) I = R R^T`. */
interface Factor {
  readonly array: DeviceArray<"f64">;
  readonly damping: number;
}

/** Factors the Gram matrix, with more damping where the caller's does not do; nothing when the time is up. */
async function factorGram(problem: Problem, order?: Uint32Array): Promise<Factor | undefined> {
  const { columns, diagonal, gram, meter, options, unit, workspace: { host } } = problem;
  const mean = diagonal.reduce((sum, entry) => sum + entry, 0) / columns;
  const array = host.allocate("f64", columns * columns, "Gram matrix to factor");
  const row = new Float64Array(columns);
  for (const damping of [options.damping, ...dampingLadder.filter((step) => step > options.damping)]) {
    for (let j = 0; j < columns; j++) {
      const source = order ? order[j] : j;
      for (let k = 0; k < columns; k++) row[k] = gram.data[source * columns + (order ? order[k] : k)] / unit;
      row[j] += damping * mean;
      // A dead input couples with nothing: any positive pivot leaves it at the nearest point of its grid.
      if (row[j] < negligible) row[j] = 1;
      host.write(array, row, j * columns);
      if (j % factorRows === 0 && await meter.checkpoint("factor", 0)) return undefined;
    }
    const outcome = await factorInCalls(host, array, columns, host.batchFlops / 2, () => meter.checkpoint("factor", 0));
    if (outcome === "time is up") return undefined;
    if (outcome === "factored") return { array, damping };
  }
  throw new DataError(
    "gram",
    `Cannot quantize the layer: "gram" must be positive semidefinite, but is not even after adding ` +
      `${Math.max(options.damping, dampingLadder.at(-1)!)} of its mean diagonal.`,
  );
}
