/**
 * Work counted, not timed: what the engine itself counts of the blocks of JavaScript that ran, and what the operands of
 * kernels say of their operations.
 *
 * @module
 */

import { Session } from "node:inspector";
import type { KernelName, Kernels, MatrixOperand } from "../../kernels/contract.ts";
import { wrapKernels } from "../../kernels/engine/kernel_wrapper.ts";
import type { ProgressEvent, SolveOptions } from "../../mod.ts";

/** The most that was done between two checkpoints. */
export interface CountedWork {
  /** Blocks of the solvers' JavaScript that ran: turns of loops, calls, branches. Copies by the engine do not count. */
  readonly blocks: number;
  /** Multiply-adds of kernels, in those of a loop that passes over memory: products of matrices take a quarter. */
  readonly operations: number;
  readonly checkpoints: number;
  /** Between which stages the most blocks ran, and the most operations. */
  readonly blocksAt: string;
  readonly operationsAt: string;
}

type Operands = { readonly [name: string]: unknown };

/** Multiply-adds of a product of matrices that take the time of one elsewhere. */
const productShare = 0.25;

// deno-lint-ignore no-explicit-any
type Any = any;

const matrixLength = ({ rows, columns }: MatrixOperand) => rows * columns;

/** Operations of a kernel call by its operands and the sweeps that it returned. */
const operationsOf: { readonly [K in KernelName]?: (operands: Any, sweeps: number) => number } = {
  gemm: ({ a, c, transposeA }) => productShare * matrixLength(c) * (transposeA ? a.rows : a.columns),
  syrk: ({ a, c }) => productShare * a.rows * c.rows ** 2 / 2,
  cholesky: ({ a, schur = 0 }) => productShare * (a.rows ** 3 - schur ** 3) / 6,
  leastSquaresDescent({ coefficients: { length }, linear }, sweeps) {
    return (sweeps + 1) * length * Math.min(linear.length, 4 * length) + length * linear.length;
  },
  productDescent: ({ values, diagonal }, sweeps) =>
    (sweeps + 1) * (2 * values.length + diagonal.length) * diagonal.length,
  neighbourDescent: ({ values, diagonal, packing }, sweeps) =>
    (sweeps + 1) *
    (packing ? 2 * packing.blocks.length : 64 * values.length * (2 * values.length / diagonal.length + 1)),
  residualDescent: ({ values, diagonal, samples }, sweeps) =>
    (sweeps + 1) * (4 * values.length + 2 * diagonal.length) * samples.columns,
  backwardElimination: ({ linear }) => 2 / 3 * linear.length ** 3,
  // What they are allowed: tests/conformance/l0/nodes.test.ts shows that they keep to it.
  regressionNodes: ({ nodes, work }) => nodes * work,
  graphNodes: ({ nodes, work }) => nodes * work,
  scaledConjugates: ({ gradient, scales }) => matrixLength(gradient) * scales.length,
  graphGradient: ({ gradient, values, diagonal }) => matrixLength(gradient) * (2 * values.length / diagonal.length + 2),
  quantizationSweep: ({ weights, gram }) => (weights ? matrixLength(weights) : 0) * (gram?.columns ?? 1) / 8,
};

/** Elements of the largest array among the operands: what other kernels pass over. */
function largestOperand(operands: Operands): number {
  let largest = 0;
  for (const value of Object.values(operands)) {
    if (typeof value !== "object" || value === null) continue;
    const { rows, columns, length } = value as Partial<MatrixOperand> & { length?: number };
    largest = Math.max(largest, rows && columns ? rows * columns : length ?? 0);
  }
  return largest;
}

const session = new Session();
session.connect();

function post(method: string, parameters?: object): Promise<Any> {
  return new Promise((resolve, reject) => {
    // The counts are those of the moment of the request, whenever the answer comes.
    session.post(method as Any, parameters, (error, answer) => error ? reject(error) : resolve(answer));
  });
}

// Functions are counted that are compiled from now on, and as long as counting has not been stopped since.
await post("Profiler.enable");
await post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });

/** Calls of a solver until so many checkpoints have passed. */
export async function countWork(
  call: (options: SolveOptions) => Promise<unknown>,
  mostCheckpoints: number,
): Promise<CountedWork> {
  await post("Profiler.takePreciseCoverage");
  const controller = new AbortController(), reason = new Error("counted");
  const counts: { blocks: Promise<number>; stages: string }[] = [];
  let operations = 0, most = 0, operationsAt = "", last = "start";
  const note = (stage: string) => {
    const stages = `${last} to ${stage}`;
    counts.push({ blocks: post("Profiler.takePreciseCoverage").then(blocksIn), stages });
    if (operations > most) {
      most = operations;
      operationsAt = stages;
    }
    operations = 0;
    last = stage;
  };
  wrapKernels((kernels) =>
    Object.fromEntries(
      Object.entries(kernels).map(([name, kernel]) => [name, (operands: Operands) => {
        const returned = (kernel as (operands: Operands) => unknown)(operands);
        const add = (sweeps: unknown) => {
          const count = operationsOf[name as KernelName] ?? largestOperand;
          operations += count(operands, typeof sweeps === "number" ? sweeps : 0);
          return sweeps;
        };
        return returned instanceof Promise ? returned.then(add) : add(returned);
      }]),
    ) as unknown as Kernels
  );
  try {
    await call({
      threads: 1,
      backend: "wasm",
      signal: controller.signal,
      onProgress({ stage }: ProgressEvent) {
        note(stage);
        if (counts.length >= mostCheckpoints) controller.abort(reason);
      },
    });
  } catch (error) {
    if (error !== reason) throw error;
  } finally {
    wrapKernels();
  }
  note("end");
  const blocks = await Promise.all(counts.map(({ blocks }) => blocks));
  const worst = blocks.indexOf(Math.max(...blocks));
  return {
    blocks: blocks[worst],
    operations: most,
    checkpoints: counts.length,
    blocksAt: counts[worst].stages,
    operationsAt,
  };
}

/** All that has run of the solvers, by the counters of the engine. */
function blocksIn({ result }: Any): number {
  let sum = 0;
  for (const { url, functions } of result) {
    if (!/\/(solvers|models)\/(?!.*\.test)/.test(url) || /\/tests\//.test(url)) continue;
    for (const { ranges } of functions) for (const { count } of ranges) sum += count;
  }
  return sum;
}
