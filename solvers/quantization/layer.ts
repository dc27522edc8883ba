import { ShapeError } from "../core/errors.ts";
import { checkParts } from "../core/kinds.ts";
import { likeVector, type Matrix, matrix, type SparseMatrix } from "../core/matrix.ts";
import type { Result } from "../core/result.ts";

/** A quantised weight matrix `scales (codes - zeros) + outliers`. */
export interface QuantizedWeights {
  /** Bits of a code. */
  readonly bits: 2 | 3 | 4 | 8;
  /** Columns that share a scale. */
  readonly groupSize: number;
  /** Size of the weight matrix. */
  readonly shape: readonly [outputs: number, inputs: number];
  /** One code a byte, row-major, `outputs * inputs` of them, each in `[0, 2^bits - 1]`. */
  readonly codes: Uint8Array;
  /** Positive scales [outputs, groups], in the precision of the weights. */
  readonly scales: Matrix;
  /** Zero points, the codes of the weight 0 [outputs, groups]: whole numbers in `[0, 2^bits - 1]`, but on a fixed grid. */
  readonly zeros: Matrix;
  /** Group of each column, where there are several groups. */
  readonly groupIndex?: Uint32Array;
  /** Weights added to the grid's, as compressed rows. */
  readonly outliers?: SparseMatrix;
}

/** Sees that a caller's layer has its parts, of its sizes. */
function checkLayer(layer: QuantizedWeights): void {
  const parts = { shape: "list", codes: "bytes", scales: "matrix", zeros: "matrix", outliers: "object?" } as const;
  checkParts("layer", layer, parts, "dequantize");
  const { shape: [outputs, inputs], codes, scales, zeros } = layer;
  if (codes.length === outputs * inputs && scales.shape[0] === outputs && zeros.shape[0] === outputs) return;
  throw new ShapeError(
    "layer",
    `Cannot dequantize: "layer" is ${outputs} x ${inputs}, but has ${codes.length} codes, scales of ${
      scales.shape[0]
    } outputs and zeros of ${zeros.shape[0]}.`,
  );
}

/** What {@linkcode quantizeLayer} returns: the layer, its error and how it was found. */
export interface QuantizedLayer extends Result, QuantizedWeights {
  /** `||(W - What) X||^2 / ||W X||^2`, or `||W X_a - What X~||^2 / ||W X_a||^2` with `original`; 0 where both are 0. */
  readonly relativeError: number;
  /** What each output adds to the objective, in f64 [outputs]. */
  readonly rowObjectives: Float64Array;
  /** Work of the solver in dense passes of coordinate descent, `outputs * inputs^2` multiply-adds each. */
  readonly passes: number;
  /** Share of the mean diagonal that was added to the Gram matrix; absent where nothing was factored. */
  readonly damping?: number;
  /**
   * Weights that a change of one code, all else fixed, would improve by more than the rounding of f64; for "auto", unless
   * the time ran out. 0 is a coordinate-wise minimum. Counted on the host, from residuals of which every row has been
   * compared with plain sums by a random vector.
   */
  readonly violations?: number;
  /** What the caller did not ask for but the data demanded. */
  readonly remarks: readonly string[];
}

/**
 * The dense weights of a quantised layer, `scales (codes - zeros) + outliers`, in the precision of the scales.
 *
 * @param layer As {@linkcode quantizeLayer} returns it.
 * @throws {TypeError} for what is no layer
 * @throws {ShapeError} where its parts do not fit together
 * @returns A fresh matrix [outputs, inputs]: to the bit, the weights whose error the layer reports.
 *
 * @example
 * ```ts
 * import { dequantize, matrix } from "@minima/minima";
 * const weights = dequantize({
 *   bits: 2,
 *   groupSize: 3,
 *   shape: [1, 3],
 *   codes: new Uint8Array([0, 1, 3]),
 *   scales: matrix(1, 1, new Float64Array([0.5])),
 *   zeros: matrix(1, 1, new Float64Array([1])),
 * });
 * if (weights.data.join() !== "-0.5,0,1") throw new Error("off the grid");
 * ```
 */
export function dequantize(layer: QuantizedWeights): Matrix {
  checkLayer(layer);
  const [rows, columns] = layer.shape;
  const result = matrix(rows, columns, likeVector(layer.scales.data, rows * columns));
  dequantizeRows(layer, 0, rows, result.data);
  return result;
}

/** Writes rows `[begin, end)` of the dense weights to the start of `target`, which has the precision of the scales. */
export function dequantizeRows(
  { shape, codes, scales, zeros, groupIndex, outliers }: Omit<QuantizedWeights, "bits" | "groupSize">,
  begin: number,
  end: number,
  target: Float32Array | Float64Array,
): void {
  const columns = shape[1], groups = scales.shape[1];
  for (let i = begin; i < end; i++) {
    const source = i * columns, to = (i - begin) * columns;
    for (let j = 0; j < columns;) {
      // Columns of a group mostly follow each other.
      const group = groupIndex ? groupIndex[j] : 0, at = i * groups + group;
      const scale = scales.data[at], zero = zeros.data[at];
      do {
        target[to + j] = scale * (codes[source + j] - zero);
        j++;
      } while (j < columns && (!groupIndex || groupIndex[j] === group));
    }
    if (!outliers) continue;
    for (let k = outliers.indptr[i]; k < outliers.indptr[i + 1]; k++) {
      target[to + outliers.indices[k]] += outliers.data[k];
    }
  }
}
