import type { HostArray, MatrixOperand, QuantizationState } from "../../contract.ts";
import { addressOf, strideOf } from "../launch.ts";

export function stateOf(
  { levels, residual, coupling, scales, zeros, columnGroups, maximumCode }: QuantizationState,
): number[] {
  return [
    levels.columns,
    ...placesOf(levels, residual, coupling, scales, zeros),
    groupsOf(columnGroups),
    maximumCode,
  ];
}

/** Address and stride of each matrix. */
export function placesOf(...matrices: readonly MatrixOperand[]): number[] {
  return matrices.flatMap((matrix) => [addressOf(matrix), strideOf(matrix)]);
}

/** Address of the column groups; 0 where there are none. */
export function groupsOf(groups: QuantizationState["columnGroups"]): number {
  return groups ? (groups as HostArray).address : 0;
}
