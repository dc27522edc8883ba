import { product } from "./gemm_product.ts";
import type { Lowering } from "../shader.ts";

/** Lowering of {@linkcode Kernels.gemm}. */
export const gemm: Lowering<"gemm"> = (operands, scratch) => ({ dispatches: product(operands, scratch) });
