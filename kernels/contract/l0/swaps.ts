/** Swaps of edges that share a vertex. @module */

import type { L0Penalty } from "./penalty.ts";
import type { AdjacencyOperands } from "./pseudolikelihood_neighbours.ts";
import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** Offers every edge `{i, j}` of some vertices `i` against the best absent edge `{i, k}`. */
export interface GraphSwapsArguments extends AdjacencyOperands {
  /** First vertex. */
  readonly first: number;
  /** Derivatives along the edges of those vertices [rows, vertices]. */
  readonly gradient: MatrixOperand;
  /** Rows of `S`. */
  readonly gram: MatrixOperand;
  /** Row of `gram` that belongs to each entry of `neighbours`, less that of the first entry that is looked at. */
  readonly rows: DeviceArray<"u32">;
  /** First entry of `rows` that belongs to `first`. */
  readonly rowsFrom: number;
  readonly variances: VectorOperand;
  /** At most the curvature of any edge at each vertex. */
  readonly leastCurvatures: VectorOperand;
  readonly penalty: L0Penalty;
  /** Receives, for each entry of `neighbours` at those vertices, the gain of its best swap; 0 where none gains 1e-9. */
  readonly gains: VectorOperand;
  /** Receives the new neighbours `k`. */
  readonly targets: DeviceArray<"u32">;
  /** Receives the derivatives along the new edges once the old ones are gone. */
  readonly along: VectorOperand;
}

/** The search for swaps. Rows split. */
export interface SwapKernels {
  /** Best swap of each edge at some vertices; rows split. */
  graphSwaps(operands: GraphSwapsArguments): Completion;
}

/** Their specifications. */
export const swapSpecifications: FamilySpecifications<SwapKernels> = {
  graphSwaps: {
    dtypes: ["f64"],
    tolerance: "sum",
  },
};
