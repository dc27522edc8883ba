/** Layer-wise quantisation of weights to a few bits. @module */

export { fromRows, type Matrix, matrix, type SparseMatrix, toDense } from "../core/matrix.ts";
export { accumulateGram, type GramAccumulator } from "./accumulate.ts";
export { dequantize, type QuantizedLayer, type QuantizedWeights } from "./layer.ts";
export {
  accumulateGramOptions,
  type FixedGrid,
  type GramOptions,
  type OpenQuantizeOptions,
  type OriginalOptions,
  type OutlierOptions,
  type QuantizationGrid,
  type QuantizationMethod,
  type QuantizationStart,
  quantizeLayerOptions,
  type QuantizeOptions,
  type ScalePrecision,
} from "./options.ts";
export { quantizeLayer } from "./quantize.ts";
