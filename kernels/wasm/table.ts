import type { KernelName } from "../spec.ts";
import type { Lowering } from "./launch.ts";
import { dot } from "./vector.ts";

/** The kernels that have a WASM implementation; the others run as reference. */
export const lowerings: { readonly [K in KernelName]?: Lowering<K> } = { dot };
