/** What the quantisation shaders share: the state of the rows and its place in the arrays. */

import type { QuantizationState } from "../../contract.ts";
import { strideOf } from "../shader.ts";

/** Parameters and arrays of the state, but for the residual, which the sweep reads and the descent writes. */
export const stateTypes = {
  parameters: {
    rows: "u32",
    columns: "u32",
    grouped: "u32",
    maximumCode: "f32",
    levelsOffset: "u32",
    levelsStride: "u32",
    residualOffset: "u32",
    residualStride: "u32",
    couplingOffset: "u32",
    couplingStride: "u32",
    scalesOffset: "u32",
    scalesStride: "u32",
    zerosOffset: "u32",
    zerosStride: "u32",
  },
  arrays: {
    levels: "write f32",
    coupling: "read f32",
    scales: "read f32",
    zeros: "read f32",
    columnGroups: "read u32",
  },
} as const;

/** Values of the parameters. */
export function stateParameters(
  { levels, residual, coupling, scales, zeros, columnGroups, maximumCode }: QuantizationState,
) {
  return {
    rows: levels.rows,
    columns: levels.columns,
    grouped: Number(columnGroups !== undefined),
    maximumCode,
    levelsOffset: levels.offset ?? 0,
    levelsStride: strideOf(levels),
    residualOffset: residual.offset ?? 0,
    residualStride: strideOf(residual),
    couplingOffset: coupling.offset ?? 0,
    couplingStride: strideOf(coupling),
    scalesOffset: scales.offset ?? 0,
    scalesStride: strideOf(scales),
    zerosOffset: zeros.offset ?? 0,
    zerosStride: strideOf(zeros),
  };
}

/** The arrays; where there are no groups, another array that is only read is bound in their place, and not used. */
export function stateArrays({ levels, coupling, scales, zeros, columnGroups }: QuantizationState) {
  return {
    levels: levels.array,
    coupling: coupling.array,
    scales: scales.array,
    zeros: zeros.array,
    columnGroups: columnGroups ?? zeros.array,
  };
}
