import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray, PackedGram } from "../../kernels/contract.ts";
import { breaksFor, createClassArrays, degreesOf } from "./edge_arrays.ts";
import { createPacking, packs } from "./packing.ts";
import { type GraphEvaluator, sumOver } from "./pseudolikelihood.ts";
import { createGradient } from "./gradient.ts";

/** Multiply-adds that take as long as one gather from a matrix beyond the caches. */
const gatherCost = 32;

/**
 * Evaluation by sums over neighbours: `S` alone is kept, and a derivative is summed where it is needed. For large sparse graphs:
 * 8 bytes x vertices^2. Descents go by classes of edges that share no vertex.
 *
 * @param gram `S` [vertices, vertices], where the kernels run.
 */
export function createNeighbourSums(
  workspace: Workspace,
  gram: DeviceArray<"f64">,
  samples: number,
  variances: Float64Array,
  pause: () => Promise<boolean>,
): GraphEvaluator {
  const { kernels } = workspace;
  const vertices = variances.length;
  const matrix = { array: gram, rows: vertices, columns: vertices };
  const arrays = createClassArrays(workspace, vertices);
  const packing = createPacking(workspace, vertices);
  /** The graph of the latest descent, for its gradient. */
  let latest: ReturnType<typeof arrays.load> & { packing: PackedGram | undefined };

  const entries = workspace.view(gram);
  const sweepWork = (degrees: ArrayLike<number>) =>
    2 * sumOver(degrees, (degree) => degree * (degree + 1)) * (packs(degrees) ? 1 : gatherCost);

  return {
    samples,
    vertices,
    variances,
    covarianceWork: 1,
    covariance: (i, j) => entries[i * vertices + j],
    async descend({ point, kinds, penalty, sweeps, tolerance }) {
      if (point) {
        const loaded = arrays.load(point, kinds);
        latest = { ...loaded, packing: packing.load(loaded.ends, loaded.lists) };
      }
      const { operands, read } = latest;
      const made = await kernels.neighbourDescent({
        ...operands,
        gram: matrix,
        packing: latest.packing,
        penalty,
        sweeps,
        tolerance,
        breaks: breaksFor(sweepWork(degreesOf(latest.ends, vertices)), pause),
      });
      if (latest.packing) latest.packing = { ...latest.packing, gathered: true };
      return { estimate: await read(), sweeps: made };
    },
    sweepWork,
    ...createGradient(workspace, {
      vertices,
      variances,
      covarianceWork: 1,
      pause,
      fill: async (first, from, gradient) =>
        void await kernels.graphGradient({ gram: matrix, ...latest.operands, first, from, gradient }),
      gramRows: () => Promise.resolve({ gram: matrix, complete: true }),
    }),
  };
}
