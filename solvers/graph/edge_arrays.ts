import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray, VectorOperand } from "../../kernels/spec.ts";
import type { GraphPoint } from "./pseudolikelihood.ts";

/** Arrays for the edges of a descent, grown as needed. */
export function createEdgeArrays(workspace: Workspace) {
  let capacity = 64;
  const make = () => ({
    ends: workspace.allocate("u32", 2 * capacity, "edge ends"),
    kinds: workspace.allocate("u8", capacity, "edge kinds"),
    values: workspace.allocate("f64", capacity, "edge values"),
  });
  let arrays = make();
  return {
    /** Copies the edges to the device. */
    load({ ends, values }: GraphPoint, kinds: ArrayLike<number>) {
      if (values.length > capacity) {
        Object.values(arrays).forEach((array) => workspace.free(array));
        capacity = Math.max(values.length, 2 * capacity);
        arrays = make();
      }
      workspace.write(arrays.ends, ends);
      workspace.write(arrays.kinds, kinds);
      workspace.write(arrays.values, values);
      return { ...arrays, values: { array: arrays.values, length: values.length } };
    },
  };
}

/** An f64 vector where the kernels run. */
export function deviceVector(
  workspace: Workspace,
  length: number,
  label: string,
): VectorOperand & { array: DeviceArray<"f64"> } {
  return { array: workspace.allocate("f64", length, label), length };
}
