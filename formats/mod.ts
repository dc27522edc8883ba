/** Reading and writing files as bytes: pure functions that know no file system. @module */

export { type ArffOptions, type ArffRelation, parseArff, parseArffOptions } from "./arff.ts";
export type { ArffAttribute } from "./arff_header.ts";
export { parseCsv, serializeCsv, type Table } from "./csv.ts";
export { type CsvOptions, parseCsvOptions } from "./csv_options.ts";
export { FormatError } from "./errors.ts";
export {
  type GgufEntry,
  type GgufHeader,
  type GgufTensorInput,
  parseGguf,
  readGgufHeader,
  readGgufTensor,
  serializeGguf,
} from "./gguf.ts";
export type { GgufType } from "./gguf_blocks.ts";
export type { GgufValue, GgufValueType } from "./gguf_values.ts";
export { decodeBfloat16, decodeFloat16, decodeFloat8, encodeBfloat16, encodeFloat16 } from "./half.ts";
export {
  type NamedObservations,
  type NamePlaces,
  parseTriples,
  parseTriplesOptions,
  type TriplesOptions,
} from "./triples.ts";
export { parseNpy, serializeNpy } from "./npy.ts";
export {
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxPlace,
  type OnnxTensor,
  type OnnxValue,
  parseOnnx,
  serializeOnnx,
} from "./onnx.ts";
export { parseQuantizedLayers, serializeQuantizedLayers } from "./quantized.ts";
export {
  parseSafetensors,
  type RandomAccess,
  readSafetensorsHeader,
  readSafetensorsTensor,
  type Safetensors,
  type SafetensorsEntry,
  type SafetensorsHeader,
  serializeSafetensors,
} from "./safetensors.ts";
export { type ElementType, type Tensor, type TensorData, type TensorInput, toMatrix, toVector } from "./tensor.ts";
export type { MissingRule } from "./missing.ts";
export type { TableParts } from "./table.ts";
export type { Encoding } from "./text.ts";
