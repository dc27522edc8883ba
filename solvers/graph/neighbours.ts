import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray } from "../../kernels/spec.ts";
import { createClassArrays } from "./edge_arrays.ts";
import { createPacking } from "./packing.ts";
import type { Pseudolikelihood } from "./pseudolikelihood.ts";
import { createSlopes } from "./slopes.ts";

/**
 * Evaluation by sums over neighbours: `S` alone is kept, and a slope is summed where it is needed. For large sparse graphs:
 * 8 bytes x vertices^2. Descents go by classes of edges that share no vertex.
 *
 * @param gram `S` [vertices, vertices], where the kernels run.
 */
export function createNeighbourSums(
  workspace: Workspace,
  gram: DeviceArray<"f64">,
  samples: number,
  variances: Float64Array,
): Pseudolikelihood {
  const { kernels } = workspace;
  const vertices = variances.length;
  const matrix = { array: gram, rows: vertices, columns: vertices };
  const arrays = createClassArrays(workspace, vertices);
  const packing = createPacking(workspace, vertices);
  /** The graph of the latest descent, for its slopes. */
  let latest: ReturnType<typeof arrays.load>["operands"];

  return {
    samples,
    vertices,
    variances,
    gramRow: (vertex) => workspace.read(gram, vertex * vertices, vertices),
    async descend({ point, kinds, penalty, sweeps, tolerance }) {
      const { operands, ends, lists, read } = arrays.load(point, kinds);
      latest = operands;
      const blocks = packing.load(ends, lists);
      const made = await kernels.neighbourDescent({
        ...{ gram: matrix, ...operands, packing: blocks, penalty, sweeps, tolerance },
      });
      return { estimate: await read(), sweeps: made };
    },
    ...createSlopes(workspace, {
      vertices,
      variances,
      fill: async (first, from, slopes) =>
        void await kernels.graphSlopes({ gram: matrix, ...latest, first, from, slopes }),
      gramRows: () => Promise.resolve({ gram: matrix, complete: true }),
    }),
  };
}
