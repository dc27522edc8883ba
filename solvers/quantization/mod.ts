/** Layer-wise quantisation of weights to a few bits. @module */

export { accumulateGram, type GramAccumulator, type GramOptions } from "./accumulate.ts";
export { dequantize, type QuantizedLayer, type QuantizedWeights } from "./layer.ts";
export type { OutlierOptions, QuantizationMethod, QuantizationStart, QuantizeOptions } from "./options.ts";
export { quantizeLayer } from "./quantize.ts";
