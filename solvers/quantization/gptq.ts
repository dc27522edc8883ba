import type { DeviceArray, FloatDtype } from "../../kernels/contract.ts";
import { DataError } from "../core/errors.ts";
import { sweep } from "./passes.ts";
import { blocksOf, closeStage, openStage, placeRows, startFromWeights, storeCodes } from "./rows.ts";
import { checkpoint, ranges, spend, type Task } from "./task.ts";

/** Damping tried after the caller's, while the factorisation fails. */
const dampingLadder = [1e-4, 1e-3, 1e-2, 1e-1];

/** Rows of the factor that are moved at once; columns are factored in multiples of it, which suits kernels in blocks. */
const factorRows = 64;

/**
 * GPTQ (Frantar et al. 2023) as one triangular sweep: with `Sigma = R R^T`, `||E R||^2` is a sum over columns in which
 * entry `j` involves the errors `E_0 .. E_j` only, so rounding column by column to the point that entry `j` wants is
 * the greedy choice. It needs neither an inverse nor a second factorisation, and gives GPTQ's codes.
 *
 * @param order Columns in the order in which they are rounded.
 * @returns whether the time is up
 */
export async function gptq(task: Task, order?: Uint32Array): Promise<boolean> {
  if (await checkpoint(task, "factor", 0)) return true;
  const coupling = await factorCoupling(task, order);
  if (!coupling) return true;
  const stage = openStage(task, coupling, { order });
  spend(task, task.columns / (6 * task.rows), task.rows);
  for (const [begin, end] of blocksOf(stage)) {
    const rows = placeRows(stage, begin, end);
    startFromWeights(rows);
    if (await sweep(rows, { triangular: true }, () => checkpoint(task, "gptq", 0))) return true;
    await storeCodes(rows);
  }
  closeStage(stage);
  return false;
}

/** The unit upper triangular factor of the damped Gram matrix, columns of `R` divided by its diagonal; nothing when the time is up. */
async function factorCoupling(task: Task, order?: Uint32Array): Promise<DeviceArray<FloatDtype> | undefined> {
  const { columns, dtype, workspace } = task, { host } = workspace;
  const factor = await factorGram(task, order);
  if (!factor) return undefined;
  // Where the sweep runs elsewhere, the rows move there; else they are narrowed in place, for two matrices would be too many.
  const elsewhere = workspace === host ? undefined : workspace.allocate(dtype, columns * columns, "factor");
  const pivots = new Float64Array(columns), buffer = new Float64Array(factorRows * columns);
  // From the last rows on: the pivots that a row is divided by stand in it and below it, and there are zeros left of it.
  for (const [begin, end] of [...ranges(columns, factorRows, factorRows)].reverse()) {
    const rows = await host.read(factor, begin * columns, (end - begin) * columns, buffer);
    for (let j = begin; j < end; j++) pivots[j] = rows[(j - begin) * columns + j];
    for (let at = 0; at < rows.length; at += columns) {
      for (let k = begin; k < columns; k++) rows[at + k] /= pivots[k];
    }
    if (elsewhere) workspace.write(elsewhere, rows, begin * columns);
    else host.write(factor, rows, begin * columns);
  }
  if (!elsewhere) return dtype === "f32" ? host.narrow(factor) : factor;
  host.free(factor);
  return elsewhere;
}

/** `R` with `Sigma + damping mean(diag Sigma) I = R R^T`, in f64; more damping, with a remark, where the caller's does not do. */
async function factorGram(task: Task, order?: Uint32Array): Promise<DeviceArray<"f64"> | undefined> {
  const { columns, diagonal, gram, options, workspace: { host } } = task;
  const mean = diagonal.reduce((sum, entry) => sum + entry, 0) / columns;
  const factor = host.allocate("f64", columns * columns, "Gram matrix to factor");
  const row = new Float64Array(columns);
  for (const damping of [options.damping, ...dampingLadder.filter((step) => step > options.damping)]) {
    for (let j = 0; j < columns; j++) {
      const source = order ? order[j] : j;
      for (let k = 0; k < columns; k++) row[k] = gram.data[source * columns + (order ? order[k] : k)];
      row[j] += damping * mean;
      // A dead input couples with nothing: any positive pivot leaves it at the nearest point of its grid.
      if (row[j] === 0) row[j] = 1;
      host.write(factor, row, j * columns);
      if (j % factorRows === 0 && await checkpoint(task, "factor", 0)) return undefined;
    }
    const outcome = await factorInPlace(task, factor);
    if (outcome === "late") return undefined;
    if (outcome === "factored") {
      if (damping !== options.damping) {
        task.remarks.push(
          `The Gram matrix is not positive definite with damping ${options.damping}: damping ${damping} was used.`,
        );
      }
      task.damping = damping;
      return factor;
    }
  }
  throw new DataError(
    "gram",
    `Cannot quantize the layer: "gram" must be positive semidefinite, but is not even after adding ` +
      `${Math.max(options.damping, dampingLadder.at(-1)!)} of its mean diagonal.`,
  );
}

/** Factors in place, in short calls from the last column on. */
async function factorInPlace(
  task: Task,
  factor: DeviceArray<"f64">,
): Promise<"factored" | "not positive definite" | "late"> {
  const { columns, workspace: { host } } = task;
  for (let rest = columns; rest > 0;) {
    const affordable = rest -
      Math.cbrt(Math.max(0, rest ** 3 - 3 * host.batchFlops));
    const schur = Math.max(0, rest - factorRows * Math.max(1, Math.round(affordable / factorRows)));
    const a = { array: factor, rows: rest, columns: rest, stride: columns };
    if (await host.kernels.cholesky({ a, schur }) >= 0) return "not positive definite";
    rest = schur;
    if (await checkpoint(task, "factor", 0)) return "late";
  }
  return "factored";
}
