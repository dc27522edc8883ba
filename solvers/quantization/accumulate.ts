import { openWorkspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { OptionError, ShapeError } from "../core/errors.ts";
import { checkMatrix, dtypeOf, type Matrix, matrix, type Vector } from "../core/matrix.ts";
import { addScaled, plainDot } from "../core/plain_sums.ts";
import { checkGramRow, randomWeights } from "../core/product_check.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { startRun } from "../core/run.ts";
import { accumulateGramOptions, type GramOptions } from "./options.ts";

/** Activations of one kernel call: enough rows to amortise the triangle, few enough to return soon. */
const callFlops = 1e9;

/** Tokens whose products of f32 are summed in f32 at most; the errors of their sums grow as the root of that number. */
const narrowTokens = 256;

/** Squares of norms, other than 0, whose products are summed in f32: sums stay far from its ends. */
const singleRange = [2 ** -80, 2 ** 100];

const fitsSingle = (squares: Float64Array) =>
  squares.every((square) => square === 0 || square >= singleRange[0] && square <= singleRange[1]);

/** Elements of the sum that are checked between two checkpoints. */
const elementsChecked = 2 ** 26;

/** Collects the Gram matrix of a layer's inputs. */
export interface GramAccumulator {
  /**
   * Adds activations [tokens, inputs], wholly or, where it rejects, not at all. Calls may overlap and are then added in
   * order.
   */
  add(activations: Matrix): Promise<void>;
  /** A fresh copy of the sum so far [inputs, inputs]. */
  gram(): Promise<Matrix>;
}

/**
 * Accumulates `X X^T` over batches of activations, in f64, for {@linkcode quantizeLayer}. Products of f32 activations
 * are summed in f32 over short runs of tokens, and in f64 from run to run.
 *
 * No working memory is held between calls; the sum lives in a JavaScript array of `8 inputs^2` bytes.
 * Complexity: `tokens * inputs^2` flops.
 *
 * @param inputs Columns of the activations, >= 1.
 * @throws {OptionError} for a wrong `inputs` or option; `add` rejects with `signal.reason`, once aborted
 *
 * @example
 * ```ts
 * import { accumulateGram, fromRows } from "@minima/minima";
 * const accumulator = accumulateGram(2);
 * await accumulator.add(fromRows([[1, 2], [0, 1]]));
 * await accumulator.add(fromRows([[3, 0]]));
 * const { data } = await accumulator.gram();
 * if (data.join() !== "10,2,2,5") throw new Error("not the sum of x x^T");
 * ```
 */
export function accumulateGram(inputs: number, options: GramOptions = {}): GramAccumulator {
  if (!Number.isSafeInteger(inputs) || inputs < 1) {
    throw new OptionError("inputs", `Cannot use "inputs": expected a whole number >= 1, received ${inputs}.`);
  }
  const resolved = resolveOptions(accumulateGramOptions, options, "Gram accumulation");
  const { dtype, backend, threads } = resolved;
  const sum = new Float64Array(inputs * inputs);
  const action = "accumulate the Gram matrix";
  let last: Promise<void> = Promise.resolve();

  async function accumulate({ data, shape: [tokens] }: Matrix): Promise<void> {
    const run = startRun(resolved);
    const workspace = await openWorkspace({
      families: [denseFamily],
      backend,
      threads,
      dtype: "f64",
      flops: tokens * inputs * (inputs + 1),
    });
    try {
      const chunk = Math.max(1, Math.min(tokens, Math.round(callFlops / (inputs * (inputs + 1)))));
      const squares = squaresWith(data, tokens), weights = randomWeights(squares);
      const batch = workspace.allocate(fitsSingle(squares) ? dtypeOf(data) : "f64", chunk * inputs, "activations");
      const c = { array: workspace.allocate("f64", inputs * inputs, "gram"), rows: inputs, columns: inputs };
      workspace.write(c.array, sum);
      const expected = new Float64Array(inputs);
      for (let begin = 0; begin < tokens; begin += chunk) {
        const rows = Math.min(chunk, tokens - begin);
        workspace.write(batch, data.subarray(begin * inputs, (begin + rows) * inputs));
        for (let token = begin; token < begin + rows; token++) {
          const row = data.subarray(token * inputs, (token + 1) * inputs);
          addScaled(expected, plainDot(row, weights), row);
        }
        await workspace.kernels.syrk({ a: { array: batch, rows, columns: inputs }, c, beta: 1 });
        await run.checkpoint({ stage: "accumulate", fraction: (begin + rows) / tokens, iteration: 0 });
      }
      const next = await workspace.read(c.array), rowsChecked = Math.ceil(elementsChecked / inputs);
      const unit = dtypeOf(data) === "f32" ? 2 ** -23 * Math.sqrt(narrowTokens) : 0;
      for (let j = 0; j < inputs; j++) {
        const at = j * inputs;
        checkGramRow({
          name: `row ${j} of X X^T`,
          received: plainDot(next, weights, inputs, at) - plainDot(sum, weights, inputs, at),
          expected: expected[j],
          norm: Math.sqrt(next[at + j]),
          samples: tokens,
          features: inputs,
          unit,
        });
        if ((j + 1) % rowsChecked === 0) await run.checkpoint({ stage: "accumulate", fraction: 1, iteration: 0 });
      }
      sum.set(next);
    } finally {
      workspace.release();
    }
  }

  /** Squares of the norms of the inputs once a batch is in. */
  function squaresWith(data: Vector, tokens: number): Float64Array {
    const squares = Float64Array.from({ length: inputs }, (_, j) => sum[j * (inputs + 1)]);
    for (let token = 0, at = 0; token < tokens; token++) {
      for (let j = 0; j < inputs; j++, at++) squares[j] += data[at] * data[at];
    }
    return squares;
  }

  return {
    async add(activations) {
      checkMatrix("activations", activations, action);
      const [tokens, columns] = activations.shape;
      if (columns !== inputs) {
        throw new ShapeError(
          "activations",
          `Cannot ${action}: "activations" is ${tokens} x ${columns} instead of [tokens, ${inputs}].`,
        );
      }
      if (tokens === 0) return;
      const turn = last.then(() => accumulate(activations));
      last = turn.catch(() => {});
      await turn;
    },
    async gram() {
      await last;
      return matrix(inputs, inputs, dtype === "f32" ? Float32Array.from(sum) : sum.slice());
    },
  };
}
