/** Blocks for the kernels of factorisation. @module */

import type { FloatDtype, MatrixOperand } from "../../../kernels/contract.ts";
import type { Workspace } from "../../../kernels/engine/mod.ts";
import { createRandom, type Random } from "../../../solvers/core/random.ts";
import { matrixOf } from "../operands.ts";

/** Ranks and columns around the lanes and tiles of the kernels (2, 4, 8, 16), and enough to be cut into pieces. */
export const blockShapes = [[1, 1], [1, 0], [2, 3], [3, 16], [5, 17], [4, 15], [7, 40], [20, 33], [9, 5000]] as const;

/** A well-conditioned Gram matrix: its inverse is small, so that errors do not grow. */
function gramOf(workspace: Workspace, rank: number, random: Random): MatrixOperand {
  const { array, offset = 0, stride = rank } = matrixOf(workspace, "f64", rank, rank, () => 0, 1);
  const values = new Float64Array(array.length);
  for (let i = 0; i < rank; i++) {
    values[offset + i * stride + i] = 1 + random.uniform();
    for (let j = 0; j < i; j++) {
      values[offset + i * stride + j] = values[offset + j * stride + i] = (random.uniform() - 0.3) / rank;
    }
  }
  workspace.write(array, values);
  return { array, rows: rank, columns: rank, offset, stride };
}

/** A block of some rank: its Gram matrix, linear part and factor, strided. */
export function blockOf(workspace: Workspace, dtype: FloatDtype, rank: number, columns: number) {
  const random = createRandom(31 * rank + columns);
  return {
    gram: gramOf(workspace, rank, random),
    linear: matrixOf(workspace, dtype, rank, columns, random.normal, 1),
    factor: matrixOf(workspace, dtype, rank, columns, () => Math.max(0, random.normal()), 3),
  };
}
