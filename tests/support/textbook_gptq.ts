import type { QuantizedLayer } from "../../mod.ts";
import type { MadeLayer } from "./layers.ts";

/**
 * GPTQ as its authors wrote it: the upper Cholesky factor of the inverse, errors spread to the columns on the right.
 */
export function textbookGptq({ weights, gram }: MadeLayer, layer: QuantizedLayer, damping: number): Uint8Array {
  const [rows, columns] = weights.shape, n = columns;
  let mean = 0;
  for (let j = 0; j < n; j++) mean += gram.data[j * n + j] / n;
  const damped = Float64Array.from(gram.data, (entry, at) => entry + (at % (n + 1) === 0 ? damping * mean : 0));
  const lower = lowerCholesky(inverse(damped, n), n);
  const codes = new Uint8Array(rows * n), working = Float64Array.from(weights.data);
  for (let i = 0; i < rows; i++) {
    const scale = layer.scales.data[i], zero = layer.zeros.data[i];
    for (let j = 0; j < n; j++) {
      const weight = working[i * n + j];
      const code = Math.min(Math.max(Math.round(weight / scale) + zero, 0), 2 ** layer.bits - 1);
      codes[i * n + j] = code;
      const error = (weight - scale * (code - zero)) / lower[j * n + j];
      // The factor of the inverse is upper triangular: H^-1 = U^T U with U = L^T.
      for (let k = j; k < n; k++) working[i * n + k] -= error * lower[k * n + j];
    }
  }
  return codes;
}

function lowerCholesky(a: Float64Array, n: number): Float64Array {
  const lower = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= lower[i * n + k] * lower[j * n + k];
      lower[i * n + j] = i === j ? Math.sqrt(sum) : sum / lower[j * n + j];
    }
  }
  return lower;
}

function inverse(a: Float64Array, n: number): Float64Array {
  const left = a.slice(), right = Float64Array.from(a, (_, at) => at % (n + 1) === 0 ? 1 : 0);
  for (let j = 0; j < n; j++) {
    const pivot = left[j * n + j];
    for (let k = 0; k < n; k++) {
      left[j * n + k] /= pivot;
      right[j * n + k] /= pivot;
    }
    for (let i = 0; i < n; i++) {
      const factor = left[i * n + j];
      if (i === j) continue;
      for (let k = 0; k < n; k++) {
        left[i * n + k] -= factor * left[j * n + k];
        right[i * n + k] -= factor * right[j * n + k];
      }
    }
  }
  return right;
}
