import { addressOf, grainFor, type Lowering } from "../launch.ts";
import { ELEMENT_WORK } from "./blocking.ts";
import { placesOf } from "./state.ts";

/** Lowering of {@linkcode Kernels.outlierCandidates}: rows split. */
export const outlierCandidates: Lowering<"outlierCandidates"> = ({ residual, outliers, steps }) => [{
  entry: `outlierCandidates_${residual.array.dtype}`,
  parameters: [residual.columns, ...placesOf(residual, outliers), addressOf(steps)],
  extent: residual.rows,
  grain: grainFor(ELEMENT_WORK * residual.columns),
}];

/** Lowering of {@linkcode Kernels.columnSquares}: columns split. */
export const columnSquares: Lowering<"columnSquares"> = ({ values, squares }) => [{
  entry: `columnSquares_${values.array.dtype}`,
  parameters: [values.rows, ...placesOf(values), addressOf(squares)],
  extent: values.columns,
  grain: grainFor(ELEMENT_WORK * values.rows, 16),
}];
