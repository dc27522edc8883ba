import type { KernelName } from "../contract.ts";
import * as dense from "./dense/mod.ts";
import * as l0 from "./l0/mod.ts";
import type { Lowering } from "./launch.ts";
import * as proximal from "./proximal/mod.ts";
import * as quantization from "./quantization/mod.ts";

/** The kernels that have a WASM implementation; the others run as reference. */
export const lowerings: { readonly [K in KernelName]?: Lowering<K> } = {
  ...dense,
  ...proximal,
  ...l0,
  ...quantization,
};
