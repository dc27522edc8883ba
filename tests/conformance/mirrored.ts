/** Kernels of a device over operands in JavaScript's memory: each call takes them there and brings them back. */

import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray, HostArray, KernelName, Kernels } from "../../kernels/contract.ts";
import { replaceArrays } from "./operands.ts";

/** The device's kernels, for host arrays. Every array of a call comes back, so that stray writes show. */
export function mirrored(device: Workspace): Kernels {
  const names = Object.keys(device.kernels) as KernelName[];
  return Object.fromEntries(names.map((name) => [name, async (operands: object) => {
    const twins = new Map<HostArray, DeviceArray>();
    const kernel = device.kernels[name] as (operands: unknown) => unknown;
    try {
      const value = await kernel(replaceArrays(operands, (array) => {
        const twin = twins.get(array) ?? device.allocate(array.dtype, array.length, array.label);
        if (!twins.has(array)) device.write(twin, array.view);
        twins.set(array, twin);
        return twin;
      }));
      // All at once: Firefox looks for finished work every tenth of a second.
      await Promise.all([...twins].map(async ([array, twin]) => array.view.set(await device.read(twin))));
      return value;
    } finally {
      for (const twin of twins.values()) device.free(twin);
    }
  }])) as unknown as Kernels;
}
