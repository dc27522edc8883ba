/** Half precision, for file formats; the engine converts with it on the way to devices. */
export { decodeFloat16, encodeFloat16, encodeNarrow, roundToFloat16 } from "../../kernels/engine/mod.ts";
