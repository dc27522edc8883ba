import type { Kernels } from "../contract.ts";
import * as dense from "./dense/mod.ts";
import * as l0 from "./l0/mod.ts";
import * as proximal from "./proximal/mod.ts";
import * as quantization from "./quantization/mod.ts";

/** The reference implementation of every kernel: oracle, documentation and fallback. */
export const referenceKernels: Kernels = { ...dense, ...proximal, ...l0, ...quantization };
