import { openWorkspace } from "../../kernels/engine/mod.ts";
import { DataError, ShapeError } from "../core/errors.ts";
import { checkMatrix, dtypeOf, type Matrix } from "../core/matrix.ts";
import type { Status } from "../core/result.ts";
import { startRun } from "../core/run.ts";
import { anneal, polish } from "./anneal.ts";
import { certify } from "./certificate.ts";
import { gptq } from "./gptq.ts";
import { checkGram } from "./gram.ts";
import { fitGrid } from "./grid.ts";
import type { QuantizedLayer } from "./layer.ts";
import { type QuantizeOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { quantease } from "./quantease.ts";
import { byActivation, roundToNearest } from "./rows.ts";
import type { Task } from "./task.ts";

const action = "quantize the layer";

export async function quantizeLayer(
  weights: Matrix,
  gram: Matrix,
  options: QuantizeOptions = {},
): Promise<QuantizedLayer> {
  const run = startRun(options);
  checkMatrix("weights", weights, action);
  const [rows, columns] = weights.shape;
  if (rows === 0 || columns === 0) {
    throw new ShapeError("weights", `Cannot ${action}: "weights" is ${rows} x ${columns}, and must not be empty.`);
  }
  checkGram(gram, columns, action);
  const resolved = resolveOptions(options, columns);
  const foreseenPasses = foreseePasses(resolved, rows, columns);
  const workspace = await openWorkspace({
    backend: options.backend,
    threads: options.threads,
    dtype: dtypeOf(weights.data),
    flops: 2 * foreseenPasses * rows * columns * columns,
  });
  try {
    const task: Task = {
      weights,
      gram,
      rows,
      columns,
      dtype: dtypeOf(weights.data),
      diagonal: Float64Array.from({ length: columns }, (_, j) => gram.data[j * (columns + 1)]),
      options: resolved,
      workspace,
      run,
      remarks: [],
      grid: fitGrid(weights, resolved),
      codes: new Uint8Array(rows * columns),
      passes: 0,
      foreseenPasses,
      trace: new Float64Array(resolved.iterations),
      iterations: 0,
    };
    roundToNearest(task);
    const status = await solve(task);
    const { objective, norm } = await certify(task);
    if (!Number.isFinite(norm)) {
      throw new DataError("weights", `Cannot ${action}: ||W X||^2 is not a finite number.`);
    }
    const { grid } = task;
    const iterations = Math.max(task.iterations, 1);
    const complete = task.iterations > 0 && status !== "time-limit";
    return {
      status,
      objective,
      relativeError: norm > 0 ? objective / norm : 0,
      trace: complete ? task.trace.slice(0, iterations) : Float64Array.of(objective),
      iterations,
      elapsedMs: run.elapsedMs(),
      plan: workspace.plan,
      bits: resolved.bits,
      groupSize: resolved.groupSize,
      shape: [rows, columns],
      codes: task.codes,
      scales: grid.scales,
      zeros: grid.zeros,
      groupIndex: grid.groupIndex,
      passes: task.passes,
      damping: task.damping,
      violations: task.violations,
      remarks: task.remarks,
    };
  } finally {
    workspace.release();
  }
}

/** Runs the method. */
async function solve(task: Task): Promise<Status> {
  const { method, initial, activationOrder } = task.options;
  if (method === "rtn") return "converged";
  if (method === "gptq" || initial === "gptq") {
    if (await gptq(task, activationOrder ? byActivation(task) : undefined)) return "time-limit";
  }
  if (method === "gptq") return "converged";
  if (method === "auto") {
    if (await anneal(task)) return "time-limit";
    task.violations = await polish(task);
    return task.violations === undefined ? "time-limit" : task.violations > 0 ? "iteration-limit" : "converged";
  }
  return await quantease(task);
}

/** Dense passes that a solve will take, by rough count: for progress and for the choice of backend. */
function foreseePasses({ method, initial, iterations }: ResolvedOptions, rows: number, columns: number): number {
  const factored = 0.5 + columns / (6 * rows);
  if (method === "rtn") return 0;
  if (method === "gptq") return factored;
  const descent = method === "auto" ? 2.5 + 0.1 * iterations : iterations;
  return descent + (initial === "gptq" ? factored : 0);
}
