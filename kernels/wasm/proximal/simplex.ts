import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.projectSimplex}: rows split; their rounds differ in number. */
export const projectSimplex: Lowering<"projectSimplex"> = ({ x, radius = 1 }) => [{
  entry: `projectSimplex_${x.array.dtype}`,
  parameters: [x.columns, radius, addressOf(x), strideOf(x)],
  extent: x.rows,
  grain: grainFor(5 * x.columns, 1),
}];
