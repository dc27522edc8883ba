import { openWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { DataError, OptionError, ShapeError } from "../core/errors.ts";
import { checkMatrix, dtypeOf, type Matrix, matrix, type Vector } from "../core/matrix.ts";
import { addScaled, plainDot } from "../core/plain_sums.ts";
import { checkGramRow, randomWeights } from "../core/product_check.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { type Run, startRun } from "../core/run.ts";
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
   *
   * @param original The activations of the same tokens in the original model [tokens, inputs]; with every batch, or none.
   */
  add(activations: Matrix, original?: Matrix): Promise<void>;
  /** A fresh copy of the sum so far [inputs, inputs]. */
  gram(): Promise<Matrix>;
  /**
   * Fresh copies of the sums with those of the original model, for the option `original` of {@linkcode quantizeLayer}.
   *
   * @throws {DataError} where batches came without them
   */
  original(): Promise<{ readonly cross: Matrix; readonly gram: Matrix }>;
}

/** A factor of a product: activations, and the squares of their norms with those of earlier batches. */
interface Factor {
  readonly data: Vector;
  readonly squares: Float64Array;
  /** Products of f32 may be summed in f32. */
  readonly narrow: boolean;
}

/**
 * Accumulates `X X^T` over batches of activations, in f64, for {@linkcode quantizeLayer}. Products of f32 activations
 * are summed in f32 over short runs of tokens, and in f64 from run to run; with those of the original model, in f64 alone.
 *
 * No working memory is held between calls; the sum lives in a JavaScript array of `8 inputs^2` bytes, three of them where
 * activations of the original model come too. Complexity: `tokens * inputs^2` flops, four times as many with the original.
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
  const action = "accumulate the Gram matrix", empty = () => new Float64Array(inputs * inputs);
  let sum = empty(), originals: { cross: Float64Array; gram: Float64Array } | undefined;
  let last: Promise<void> = Promise.resolve(), batches = 0;

  async function accumulate(activations: Matrix, original?: Matrix): Promise<void> {
    if (batches > 0 && (original !== undefined) !== (originals !== undefined)) {
      throw new DataError(
        "original",
        `Cannot ${action}: "original" must come with every batch or none, but the first came with${
          originals ? "" : "out"
        }.`,
      );
    }
    const run = startRun(resolved), [tokens] = activations.shape;
    const workspace = await openWorkspace({
      families: [denseFamily],
      backend,
      threads,
      dtype: "f64",
      flops: (original ? 4 : 1) * tokens * inputs * (inputs + 1),
    });
    try {
      // What differences of sums are taken of is summed in f64.
      const narrow = original === undefined;
      const factor = (data: Vector, before: Float64Array) => ({ data, squares: squaresWith(data, before), narrow });
      const right = factor(activations.data, sum), gram = await withProduct(workspace, run, sum, right, right);
      if (original) {
        const { cross, gram: own } = originals ?? { cross: empty(), gram: empty() };
        const left = factor(original.data, own), product = await withProduct(workspace, run, own, left, left);
        originals = { cross: await withProduct(workspace, run, cross, left, right), gram: product };
      }
      sum = gram;
      batches++;
    } finally {
      workspace.release();
    }
  }

  /** A new sum: the one given and `A^T B`, each row compared with plain sums by a random vector. */
  async function withProduct(
    workspace: Workspace,
    run: Run,
    before: Float64Array,
    { data: a, squares: norms, narrow }: Factor,
    { data: b, squares }: Factor,
  ): Promise<Float64Array<ArrayBuffer>> {
    const tokens = a.length / inputs, square = a === b;
    const chunk = Math.max(1, Math.min(tokens, Math.round(callFlops / (inputs * (inputs + 1)))));
    const weights = randomWeights(squares);
    const batchDtype = narrow && fitsSingle(squares) ? dtypeOf(a) : "f64";
    const left = workspace.allocate(batchDtype, chunk * inputs, "activations");
    const right = square ? left : workspace.allocate(batchDtype, chunk * inputs, "activations");
    const c = { array: workspace.allocate("f64", inputs * inputs, "gram"), rows: inputs, columns: inputs };
    workspace.write(c.array, before);
    const expected = new Float64Array(inputs);
    for (let begin = 0; begin < tokens; begin += chunk) {
      const rows = Math.min(chunk, tokens - begin);
      workspace.write(left, a.subarray(begin * inputs, (begin + rows) * inputs));
      if (!square) workspace.write(right, b.subarray(begin * inputs, (begin + rows) * inputs));
      for (let token = begin; token < begin + rows; token++) {
        const product = plainDot(b.subarray(token * inputs, (token + 1) * inputs), weights);
        addScaled(expected, product, a, token * inputs);
      }
      const [first, second] = [left, right].map((array) => ({ array, rows, columns: inputs }));
      if (square) await workspace.kernels.syrk({ a: first, c, beta: 1 });
      else await workspace.kernels.gemm({ a: first, transposeA: true, b: second, c, beta: 1 });
      await run.checkpoint({ stage: "accumulate", fraction: (begin + rows) / tokens, iteration: 0 });
    }
    const next = Float64Array.from(await workspace.read(c.array)), rowsChecked = Math.ceil(elementsChecked / inputs);
    for (const array of new Set([left, right, c.array])) workspace.free(array);
    const unit = batchDtype === "f32" ? 2 ** -23 * Math.sqrt(narrowTokens) : 0;
    for (let j = 0; j < inputs; j++) {
      const at = j * inputs;
      checkGramRow({
        name: `row ${j} of X X^T`,
        received: plainDot(next, weights, inputs, at) - plainDot(before, weights, inputs, at),
        expected: expected[j],
        norm: Math.sqrt(norms[j]),
        samples: tokens,
        features: inputs,
        unit,
      });
      if ((j + 1) % rowsChecked === 0) await run.checkpoint({ stage: "accumulate", fraction: 1, iteration: 0 });
    }
    return next;
  }
  /** Squares of the norms of the inputs once a batch is in. */
  function squaresWith(data: Vector, before: Float64Array): Float64Array {
    const squares = Float64Array.from({ length: inputs }, (_, j) => before[j * (inputs + 1)]);
    for (let at = 0; at < data.length;) {
      for (let j = 0; j < inputs; j++, at++) squares[j] += data[at] * data[at];
    }
    return squares;
  }

  const copyOf = (values: Float64Array) =>
    matrix(inputs, inputs, dtype === "f32" ? Float32Array.from(values) : values.slice());

  return {
    async add(activations, original) {
      checkMatrix("activations", activations, action);
      const [tokens, columns] = activations.shape;
      if (columns !== inputs) {
        throw new ShapeError(
          "activations",
          `Cannot ${action}: "activations" is ${tokens} x ${columns} instead of [tokens, ${inputs}].`,
        );
      }
      if (original !== undefined) {
        checkMatrix("original", original, action);
        const { shape } = original;
        if (shape[0] !== tokens || shape[1] !== inputs) {
          throw new ShapeError(
            "original",
            `Cannot ${action}: "original" is ${shape.join(" x ")}, but "activations" is ${tokens} x ${inputs}.`,
          );
        }
      }
      if (tokens === 0) return;
      const turn = last.then(() => accumulate(activations, original));
      last = turn.catch(() => {});
      await turn;
    },
    async gram() {
      await last;
      return copyOf(sum);
    },
    async original() {
      await last;
      if (originals) return { cross: copyOf(originals.cross), gram: copyOf(originals.gram) };
      throw new DataError("original", `Cannot ${action} of the original model: no batch came with its activations.`);
    },
  };
}
