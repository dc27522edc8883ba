/** The library's kernels as contenders: one workspace a build, on one thread. */

import { openWorkspace, type Workspace } from "../kernels/engine/mod.ts";
import { capabilities, init } from "../solvers/core/mod.ts";
import { type FamilyModules, loadModule } from "../kernels/engine/modules.ts";
import { denseFamily } from "../kernels/families/dense.ts";
import type { FloatDtype } from "../kernels/contract.ts";
import { gemmFlops } from "../kernels/contract/dense/gemm.ts";
import type { FloatArray } from "./peers/peer.ts";
import type { Contender } from "./runner.ts";

/** A build of the kernels. */
export type Build = "simd" | "relaxed";

/**
 * Opens the dense kernels of each build; in the order simd, relaxed. The relaxed build is left out where the engine does not
 * choose it, because it has no fused multiply-add.
 */
export async function openBuilds(modules?: FamilyModules): Promise<Map<Build, Workspace>> {
  const both = modules ?? { simd: await loadModule(denseFamily, "simd"), relaxed: await relaxedModule() };
  const request = { families: [denseFamily], backend: "wasm", threads: 1, dtype: "f64", flops: 0 } as const;
  const builds = new Map<Build, Workspace>();
  await init({ modules: { dense: { simd: both.simd } } });
  builds.set("simd", await openWorkspace(request));
  await init({ modules: { dense: both } });
  if ((await capabilities()).build === "relaxed") builds.set("relaxed", await openWorkspace(request));
  return builds;
}

/** The relaxed module, where the engine can read it. */
async function relaxedModule(): Promise<WebAssembly.Module | undefined> {
  return await loadModule(denseFamily, "relaxed").catch(() => undefined);
}

/** A square product by the library's kernel. */
export interface GemmContender extends Contender {
  /** The last product. */
  product(): Promise<FloatArray>;
}

/** Copies the matrices where the kernels run, and multiplies them. */
export function gemmContender(
  name: string,
  workspace: Workspace,
  a: FloatArray,
  b: FloatArray,
  size: number,
): GemmContender {
  const dtype: FloatDtype = a instanceof Float32Array ? "f32" : "f64";
  const matrix = (label: string, values?: FloatArray) => {
    const array = workspace.allocate(dtype, size * size, label);
    if (values) workspace.write(array, values);
    return { array, rows: size, columns: size };
  };
  const operands = { a: matrix("A", a), b: matrix("B", b), c: matrix("C") };
  return {
    name,
    work: gemmFlops(operands) / 1e9,
    run: () => workspace.kernels.gemm(operands),
    product: () => workspace.read(operands.c.array),
  };
}
