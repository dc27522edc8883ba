/** Ways for a kernel to be wrong. @module */

import assert from "node:assert/strict";
import type { KernelName, Kernels } from "../../../kernels/contract.ts";
import { wrapKernels } from "../../../kernels/engine/kernel_wrapper.ts";
import type { Check } from "./check.ts";

type AnyKernel = (operands: unknown) => unknown;
type Numbers = Float32Array | Float64Array | Uint8Array | Uint32Array | Int32Array;

/** The arrays among the operands of a kernel, each once. */
export function arraysOf(operands: unknown, found = new Set<Numbers>()): Set<Numbers> {
  if (ArrayBuffer.isView(operands)) found.add(operands as Numbers);
  else if (typeof operands === "object" && operands !== null) {
    for (const value of Object.values(operands)) arraysOf(value, found);
  }
  return found;
}

/** Ways for a kernel to be wrong: what it does to the numbers that it has changed, and to a number it returns. */
export const faults: Record<string, { change?: (array: Numbers, changed: number[]) => void; count?: number }> = {
  "a thousandth more": {
    change(array, changed) {
      if (isFloat(array)) { for (const at of changed) array[at] *= 1.001; }
    },
  },
  "a tenth more": {
    change(array, changed) {
      if (isFloat(array)) { for (const at of changed) array[at] *= 1.1; }
    },
  },
  "a thousandth less": {
    change(array, changed) {
      if (isFloat(array)) { for (const at of changed) array[at] *= 0.999; }
    },
  },
  "a thousandth of the largest added": {
    change(array, changed) {
      if (!isFloat(array)) return;
      const largest = changed.reduce((most, at) => Math.max(most, Math.abs(array[at])), 0);
      if (Number.isFinite(largest)) { for (const at of changed) array[at] += 1e-3 * largest; }
    },
  },
  "a tenth less": {
    change(array, changed) {
      if (isFloat(array)) { for (const at of changed) array[at] *= 0.9; }
    },
  },
  "one element half as much again": {
    change(array, changed) {
      if (isFloat(array) && changed.length > 0) array[changed[changed.length >> 1]] *= 1.5;
    },
  },
  "integers one more": {
    change(array, changed) {
      if (!isFloat(array)) { for (const at of changed) array[at]++; }
    },
  },
  "one integer one more": {
    change(array, changed) {
      if (!isFloat(array) && changed.length > 0) array[changed[changed.length >> 1]]++;
    },
  },
  "one more returned": { count: 1 },
  "one less returned": { count: -1 },
};

const isFloat = (array: Numbers) => array instanceof Float32Array || array instanceof Float64Array;

/** The table with `name` wrong. */
export function spoilt(kernels: Kernels, name: KernelName, fault: string): Kernels {
  const { change, count = 0 } = faults[fault], right = kernels[name] as AnyKernel;
  const wrong: AnyKernel = (operands) => {
    const arrays = Array.from(arraysOf(operands)), before = change ? arrays.map((array) => array.slice()) : [];
    const returned = right(operands);
    assert.ok(!(returned instanceof Promise), `${name} is done when it returns`);
    before.forEach((old, k) => {
      const changed: number[] = [];
      for (let at = 0; at < old.length; at++) if (!Object.is(old[at], arrays[k][at])) changed.push(at);
      change!(arrays[k], changed);
    });
    return typeof returned === "number" ? returned + count : returned;
  };
  return { ...kernels, [name]: wrong };
}

/** The kernels that a solve calls, and whether they return a number. */
export async function kernelsOf(check: Check): Promise<Map<KernelName, boolean>> {
  const called = new Map<KernelName, boolean>();
  wrapKernels((kernels) =>
    Object.fromEntries(
      (Object.entries(kernels) as [KernelName, AnyKernel][]).map(([name, kernel]) => [name, (operands: unknown) => {
        const returned = kernel(operands);
        called.set(name, typeof returned === "number");
        return returned;
      }]),
    ) as unknown as Kernels
  );
  try {
    await check();
    return called;
  } finally {
    wrapKernels();
  }
}
