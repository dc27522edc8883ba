/** Reading and writing files as bytes: pure functions that know no file system. @module */

export { type ArffAttribute, type ArffRelation, parseArff } from "./arff.ts";
export { type CsvOptions, parseCsv, serializeCsv, type Table } from "./csv.ts";
export { FormatError } from "./errors.ts";
export { decodeBfloat16, decodeFloat16, decodeFloat8, encodeBfloat16, encodeFloat16 } from "./half.ts";
export { parseNpy, serializeNpy } from "./npy.ts";
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
