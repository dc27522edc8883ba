import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray } from "../../kernels/contract.ts";
import { factorInCalls } from "../core/factor.ts";
import { inSteps } from "../core/steps.ts";
import { dependentShare, factorTriangle, invertTriangle, rowStart, type Triangle } from "./linear_system.ts";

/** Rows from which on kernels are faster, and up to which they are given the memory: 32 bytes x rows^2. */
const least = 48, most = 512;

/** Multiply-adds between two checkpoints. */
const workPerCall = 5e7;

/** Inverts symmetric matrices. */
export type Inverter = (a: Triangle, size: number) => Promise<Float64Array | undefined>;

/**
 * The inverse [size, size] of a positive definite matrix, which is used up; nothing where it is none to rounding, or the
 * time is up. By kernels as a Schur complement: of `[[0, I], [I, A]]` the factorisation of `A` leaves `-A^-1` in place of
 * the zeros.
 */
export function createInverter(workspace: Workspace, pause: () => Promise<boolean>): Inverter {
  let array: DeviceArray<"f64"> | undefined;
  async function byKernels(a: Triangle, size: number): Promise<Float64Array | undefined> {
    const width = 2 * size;
    if (array === undefined || array.length < width * width) {
      if (array) workspace.free(array);
      array = workspace.allocate("f64", width * width, "inverse");
    }
    const whole = workspace.view(array);
    place(a, size, whole);
    if (await factorInCalls(workspace, array, width, workPerCall, pause, size) !== "factored") return undefined;
    for (let i = 0; i < size; i++) {
      const left = whole[(size + i) * (width + 1)] ** 2;
      if (!(left > dependentShare * a[rowStart(i) + i])) return undefined;
    }
    return take(whole, size);
  }
  return async (a, size) => {
    if (size >= least && size <= most) return await byKernels(a, size);
    const isFactored = await inSteps(factorTriangle(a, size), pause);
    return isFactored ? await inSteps(invertTriangle(a, size), pause) : undefined;
  };
}

/** Writes the upper triangle of `[[0, I], [I, A]]`. */
function place(a: Triangle, size: number, whole: Float64Array): void {
  const width = 2 * size;
  whole.fill(0, 0, size * width);
  for (let i = 0, at = 0; i < size; i++) {
    whole[i * width + size + i] = 1;
    for (let j = 0; j <= i; j++, at++) whole[(size + j) * width + size + i] = a[at];
  }
}

/** The negative of the leading block, of which there is the upper triangle. */
function take(whole: Float64Array, size: number): Float64Array {
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = i; j < size; j++) inverse[i * size + j] = inverse[j * size + i] = -whole[2 * i * size + j];
  }
  return inverse;
}
