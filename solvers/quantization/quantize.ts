import { withWorkspace, type WorkRequest } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { proximalFamily } from "../../kernels/families/proximal.ts";
import { quantizationFamily } from "../../kernels/families/quantization.ts";
import { certified } from "../core/certificate.ts";
import { ShapeError } from "../core/errors.ts";
import { checkMatrix, dtypeOf, type Matrix } from "../core/matrix.ts";
import { startRun } from "../core/run.ts";
import { refitsAfter, refitsBefore } from "./anneal.ts";
import { certify, squareOfTarget } from "./certificate.ts";
import { comparesWithoutOutliers, orWithoutOutliers, refine } from "./comparison.ts";
import { onFixedGrid } from "./fixed_grid.ts";
import { gptq } from "./gptq.ts";
import { checkGram, checkOriginal } from "./gram.ts";
import { chooseGrid } from "./grid_search.ts";
import type { QuantizedLayer } from "./layer.ts";
import { createMeter } from "./meter.ts";
import { moveTarget, movingOriginal, type StreamMismatch } from "./moved.ts";
import { optionsForLayer, type QuantizeOptions, type ResolvedOptions, resolveQuantizeOptions } from "./options.ts";
import { autoAlternations, descendWithOutliers } from "./outlier_descent.ts";
import { largestWeights, supportSize } from "./outliers.ts";
import { type Approximation, type Method, type Outcome, type Problem, stateProblem } from "./problem.ts";
import { quantease } from "./quantease.ts";
import { roundToNearest } from "./rounding.ts";
import { manyStarts, passesOfAlternatives } from "./starts.ts";
import { noChangeImproves } from "./violations.ts";

const action = "quantize the layer";

/** What the methods need of the workspace. */
const neededKernels = [
  "gemm",
  "quantizationSweep",
  "quantizationDescent",
  "quantizationAnnealing",
  "quantizationLevels",
  "quantizationErrors",
  "quantizationObjectives",
  "quantizationCodes",
  "quantizationChoice",
] as const;

/** What outliers need beside that. */
const outlierKernels = ["gemv", "hardThreshold", "quantizationRegrid", "outlierCandidates", "columnSquares"] as const;

/**
 * Quantises the weights of a linear layer so that its outputs on given inputs change least:
 * `min ||(W - What) X||^2` over the codes of `What`, with `X` known through `gram = X X^T` alone.
 *
 * Methods, from the fastest to the best: "rtn" rounds every weight; "gptq" rounds column by column, each time moving the
 * columns to come; "quantease" is cyclic coordinate descent; "auto" descends from the best of several starts, fits the
 * scales to the codes, anneals, and certifies in f64 that no change of one code would improve the minimum.
 *
 * Complexity, in dense passes of `outputs * inputs^2` multiply-adds: "gptq" 0.5 and a factorisation of `inputs^3 / 6`,
 * "quantease" one an iteration, "auto" twice GPTQ's and 5 more and a tenth an iteration, and up to 256 inputs at most
 * those of "quantease" as well, up to 32 six times, with outliers on up to 65,536 weights what it takes without them too; the error
 * costs one more in f64. A searched grid takes `25 outputs * inputs` roundings at most. Memory: "gptq" and "auto" hold one
 * `8 inputs^2` bytes matrix at a time, "quantease" one of the weights' precision and twice the weights.
 *
 * With `original`, the target is the output of the original model, whose inputs `X` are not those of the layer, `X~`:
 * `min ||W X_a - What X~||^2` with `X_a = X~ + share (X - X~)` and `gram = X~ X~^T`. Two dense passes in f64 more, two of
 * "auto", and half a pass of GPTQ; `8 outputs * inputs` bytes.
 *
 * With `fixedGrid`, codes are chosen for scales and zero points that stay as they are, such as those that a file format can
 * hold; every method, and the same certificates.
 *
 * @param weights `W` [outputs, inputs], in f32 or f64: the precision of the solve, of scales and zero points.
 * @param gram `X X^T` [inputs, inputs], symmetric positive semidefinite, in f32 or f64.
 * @returns Fresh arrays; the best layer found where the time limit cut the solve short.
 * @throws {ShapeError} for an empty layer or sizes that do not fit
 * @throws {DataError} for numbers that are not finite, and for a matrix that is not a Gram matrix
 * @throws {OptionError} for an option outside its range
 *
 * @example
 * ```ts
 * import { accumulateGram, dequantize, fromRows, quantizeLayer } from "@minima/minima";
 * const weights = fromRows([[0.9, -0.4, 0.3], [0.2, 0.8, -1.1]]);
 * const inputs = accumulateGram(3);
 * await inputs.add(fromRows([[1, 2, 0], [0, 1, 1], [2, 1, 1], [1, 0, 3]]));
 * const gram = await inputs.gram();
 * const layer = await quantizeLayer(weights, gram, { bits: 3 });
 * const rounded = await quantizeLayer(weights, gram, { bits: 3, method: "rtn" });
 * if (layer.objective > rounded.objective || layer.violations !== 0) throw new Error("not a coordinate-wise minimum");
 * if (dequantize(layer).shape.join() !== "2,3") throw new Error("wrong shape");
 * ```
 */
export async function quantizeLayer(
  weights: Matrix,
  gram: Matrix,
  options: QuantizeOptions = {},
): Promise<QuantizedLayer> {
  return await quantizeTowards(weights, gram, options);
}

/**
 * The same; with `original`, the target may also make up for a mismatch of what the outputs are added to.
 *
 * @param stream of the same tokens as `original`
 */
export async function quantizeTowards(
  weights: Matrix,
  gram: Matrix,
  options: QuantizeOptions,
  stream?: StreamMismatch,
): Promise<QuantizedLayer> {
  const given = resolveQuantizeOptions(options);
  const run = startRun(given);
  checkMatrix("weights", weights, action);
  const [rows, columns] = weights.shape;
  if (rows === 0 || columns === 0) {
    throw new ShapeError("weights", `Cannot ${action}: "weights" is ${rows} x ${columns}, and must not be empty.`);
  }
  checkGram(gram, columns, action);
  const resolved = optionsForLayer(given, columns);
  if (resolved.original) checkOriginal(gram, resolved.original, action);
  const original = movingOriginal(gram, resolved.original);
  const foreseenPasses = foreseePasses(resolved, rows, gram) + (original ? passesOfMove(resolved) : 0);
  const request: WorkRequest = {
    families: [denseFamily, quantizationFamily, ...resolved.outliers ? [proximalFamily] : []],
    backend: resolved.backend,
    threads: resolved.threads,
    dtype: dtypeOf(weights.data),
    flops: 2 * foreseenPasses * rows * columns * columns,
    needs: [...neededKernels, ...resolved.outliers ? outlierKernels : []],
    largestArrayBytes: 4 * columns * Math.max(rows, columns),
  };
  return await withWorkspace(request, async (workspace) => {
    const meter = createMeter(run, rows, foreseenPasses, resolved.timeLimitMs);
    const stated = stateProblem(weights, gram, resolved, workspace, meter);
    const truth = original ? { ...stated, moved: await moveTarget(stated, original, stream) } : stated;
    const fixed = resolved.fixedGrid && onFixedGrid(truth, resolved.fixedGrid), problem = fixed?.problem ?? truth;
    // First where time is limited, so that as much is left for the other half; else last, when the solve's memory is free.
    const measured = resolved.timeLimitMs < Infinity
      ? await meter.timed(() => squareOfTarget(truth, () => meter.checkpoint("measure", 0)))
      : undefined;
    const { reached, status: ended, trace = [], ...report } = await solve(problem);
    const iterations = Math.max(trace.length, 1), complete = trace.length > 0 && ended !== "time-limit";
    const { grid: { scales, zeros: whole }, outliers, codes } = roundToNearest(problem, reached);
    const zeros = fixed?.zeros ?? whole;
    const layer = { shape: [rows, columns] as const, codes, scales, zeros, groupIndex: problem.groupIndex, outliers };
    const pause = () => run.checkpoint({ stage: "certify", fraction: 1, iteration: trace.length });
    const norm = measured ?? await squareOfTarget(truth, pause);
    const { objective, rowObjectives } = await certify(truth, layer, norm, pause);
    // Cyclic descent has converged where no change improves; "auto" has counted, and the other methods say only that they are done.
    const settled = resolved.method !== "quantease" || ended !== "converged" ||
      await noChangeImproves(problem, reached, pause);
    return {
      ...certified({ status: settled ? ended : "precision-limit", objective, searched: "compared" }),
      relativeError: norm > 0 ? objective / norm : 0,
      rowObjectives,
      trace: complete
        ? Float64Array.from(trace, (value) => Math.max(value, 0) * problem.unit)
        : Float64Array.of(objective),
      iterations,
      elapsedMs: run.elapsedMs(),
      plan: workspace.plan,
      bits: resolved.bits,
      groupSize: resolved.groupSize,
      ...layer,
      passes: meter.passes,
      damping: report.damping,
      violations: report.violations,
      remarks: report.remarks ?? [],
    };
  });
}

/** Runs what the method consists of, one part after the other; later parts add to what the earlier ones reported. */
async function solve(problem: Problem): Promise<Outcome> {
  const { options, options: { initial, method }, rows, columns } = problem;
  const size = supportSize(options, rows, columns);
  const largest = size > 0 ? await largestWeights(problem, size) : undefined;
  const start: Approximation = {
    grid: await chooseGrid(problem, largest),
    outliers: largest?.matrix,
    codes: new Uint8Array(rows * columns),
    codedRows: 0,
  };
  const parts: Method[] = [];
  const isCompared = comparesWithoutOutliers(options, rows, columns);
  // With outliers one start does, where a row is compared with what comes of all of them without.
  if (method === "auto" && initial === "gptq" && !isCompared) parts.push(manyStarts);
  else if (method === "gptq" || method !== "rtn" && initial === "gptq") parts.push(gptq);
  if (largest) parts.push((problem, start) => descendWithOutliers(problem, start, size, largest));
  else if (method === "quantease") parts.push(quantease);
  if (method === "auto") parts.push(refine);

  let outcome: Outcome = { reached: initial === "rtn" ? roundToNearest(problem, start) : start, status: "converged" };
  for (const part of parts) {
    if (outcome.status === "time-limit") break;
    outcome = { ...outcome, ...await part(problem, outcome.reached) };
  }
  if (outcome.status === "time-limit" || !isCompared) return outcome;
  return await orWithoutOutliers(problem, outcome, solve);
}

/** Dense passes that a solve will take, by rough count: for progress and for the choice of backend. */
function foreseePasses(options: ResolvedOptions, rows: number, gram: Matrix): number {
  const { method, initial, iterations, outliers, grid } = options;
  const factored = 0.5 + gram.shape[0] / (6 * rows);
  if (method === "rtn") return 0;
  if (method === "gptq") return factored;
  const turns = method === "auto" ? autoAlternations : iterations;
  const alternating = outliers ? turns + (method === "auto" ? 2 : turns) : 0;
  const descending = method === "auto" ? 2.5 + 0.1 * iterations : outliers ? 0 : iterations;
  const fits = method === "auto" && grid === "search" ? refitsBefore + refitsAfter : 0;
  // Rounded scales take a pass more.
  const fitting = options.scalePrecision ? 2 * fits : fits;
  const isCompared = comparesWithoutOutliers(options, rows, gram.shape[0]);
  const more = method === "auto" && initial === "gptq" && !isCompared ? passesOfAlternatives(rows, gram) : 0;
  const compared = isCompared ? foreseePasses({ ...options, outliers: undefined }, rows, gram) : 0;
  return alternating + descending + fitting + more + (initial === "gptq" ? factored : 0) + compared;
}

/** Dense passes that a moved target takes, by rough count. */
function passesOfMove({ method, initial }: ResolvedOptions): number {
  const factored = method === "gptq" || method !== "rtn" && initial === "gptq";
  return 1.5 + (factored ? 0.5 : 0);
}
