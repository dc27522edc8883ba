import {
  accumulateGram,
  BackendError,
  type BackendName,
  dequantize,
  type Matrix,
  matrix,
  quantizeLayer,
} from "../mod.ts";

/** What became of one backend. */
export type Examination =
  | { readonly backend: BackendName; readonly outcome: "left out"; readonly remark: string }
  | {
    readonly backend: BackendName;
    readonly outcome: "passed" | "failed";
    /** Where the work really ran, and why. */
    readonly remark: string;
    /** Whether the Gram matrix of whole numbers is exact, as it must be. */
    readonly gramExact: boolean;
    /** The layer's error as the solver reports it. */
    readonly relativeError: number;
    /** The same from the dequantised weights and the activations, by plain loops in f64. */
    readonly recomputedError: number;
    readonly elapsedMs: number;
  };

const backends: readonly BackendName[] = ["reference", "wasm", "threads", "webgpu"];

/** Quantises one small layer on every backend and checks each answer against plain arithmetic. */
export async function examine(signal: AbortSignal): Promise<Examination[]> {
  // Large enough for the kernels to share the work among threads.
  const weights = wholeNumbers(96, 96, 1), activations = wholeNumbers(200, 96, 2);
  // The numbers are whole, so that f32, which devices take, holds the same.
  const singles = matrix(96, 96, Float32Array.from(weights.data));
  const gram = plainGram(activations);
  const examinations: Examination[] = [];
  let best = Infinity;
  for (const backend of backends) {
    try {
      const accumulator = accumulateGram(activations.shape[1], { backend: hostOf(backend), threads: 2 });
      await accumulator.add(activations);
      const accumulated = (await accumulator.gram()).data;
      const gramExact = gram.data.every((value, i) => value === accumulated[i]);
      const layer = await quantizeLayer(singles, gram, { backend, threads: 2, bits: 3, method: "quantease", signal });
      const recomputedError = plainError(weights, dequantize(layer), activations);
      // Rounding may lead descents to different minima of nearly the same objective; the reference comes first.
      if (backend === "reference") best = recomputedError;
      const honest = Math.abs(layer.relativeError / recomputedError - 1) < 1e-9;
      examinations.push({
        backend,
        outcome: gramExact && honest && recomputedError < 1.05 * best ? "passed" : "failed",
        remark: layer.plan.reason,
        gramExact,
        relativeError: layer.relativeError,
        recomputedError,
        elapsedMs: layer.elapsedMs,
      });
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      examinations.push({
        backend,
        outcome: "left out",
        remark: error.message.replace(/^Cannot use [^:]*: |\.$/g, ""),
      });
    }
  }
  return examinations;
}

/** Gram matrices are summed in f64, on the processor. */
function hostOf(backend: BackendName): BackendName {
  return backend === "webgpu" ? "wasm" : backend;
}

/** Whole numbers from -128 to 127, as a linear congruential generator gives them: their products are exact. */
function wholeNumbers(rows: number, columns: number, seed: number): Matrix {
  let state = seed;
  return matrix(
    rows,
    columns,
    Float64Array.from({ length: rows * columns }, () => (state = (Math.imul(state, 1664525) + 1013904223) | 0) >> 24),
  );
}

function plainGram({ data, shape: [tokens, inputs] }: Matrix): Matrix {
  const gram = matrix(inputs, inputs);
  for (let i = 0; i < inputs; i++) {
    for (let j = 0; j < inputs; j++) {
      for (let t = 0; t < tokens; t++) gram.data[i * inputs + j] += data[t * inputs + i] * data[t * inputs + j];
    }
  }
  return gram;
}

/** `||(W - What) X||^2 / ||W X||^2`. */
function plainError(weights: Matrix, quantized: Matrix, activations: Matrix): number {
  const [outputs, inputs] = weights.shape;
  let error = 0, norm = 0;
  for (let t = 0; t < activations.shape[0]; t++) {
    for (let i = 0; i < outputs; i++) {
      let difference = 0, product = 0;
      for (let j = 0; j < inputs; j++) {
        const w = weights.data[i * inputs + j], x = activations.data[t * inputs + j];
        difference += (w - quantized.data[i * inputs + j]) * x;
        product += w * x;
      }
      error += difference ** 2;
      norm += product ** 2;
    }
  }
  return error / norm;
}
