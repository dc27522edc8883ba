/** Program: from nothing to the first product, in the runtime that it runs in. */

import type { ProgramInput } from "./bundle.ts";

/** Wall-clock milliseconds of each stage. */
export interface ColdStart {
  /** Reading and evaluating the library. */
  readonly import: number;
  /** `init`: decoding, compiling and instantiating the kernels. */
  readonly init: number;
  /** The first product of two 64 x 64 matrices, workspace included. */
  readonly kernel: number;
}

/** Measures; must be the first use of the library. */
export async function main({ kernels }: ProgramInput): Promise<ColdStart> {
  const size = 64;
  const begin = performance.now();
  const { denseFamily, init, openWorkspace } = await import("./library.ts");
  const imported = performance.now();
  await init(kernels ? { modules: kernels } : {});
  const initialized = performance.now();
  const workspace = await openWorkspace({
    families: [denseFamily],
    backend: "wasm",
    dtype: "f32",
    flops: 2 * size ** 3,
  });
  const matrix = () => ({ array: workspace.allocate("f32", size * size, "matrix"), rows: size, columns: size });
  await workspace.kernels.gemm({ a: matrix(), b: matrix(), c: matrix() });
  workspace.release();
  return { import: imported - begin, init: initialized - imported, kernel: performance.now() - initialized };
}
