import type { Kernels } from "../contract.ts";

/** A table of kernels around another. */
export type KernelWrapper = (kernels: Kernels) => Kernels;

let wrapper: KernelWrapper | undefined;

/**
 * Puts a table around the kernels of every workspace on the processor that is opened from now on; without an argument,
 * ends that. For tests of what solvers call, and of their certificates when a kernel is wrong.
 */
export function wrapKernels(wrap?: KernelWrapper): void {
  wrapper = wrap;
}

/** The kernels as workspaces offer them. */
export function wrapped(kernels: Kernels): Kernels {
  return wrapper ? wrapper(kernels) : kernels;
}
