import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray } from "../../kernels/spec.ts";
import { createEdgeArrays, deviceVector } from "./edge_arrays.ts";
import { createNodeBatch } from "../branch_and_bound/node_batch.ts";
import type { Pseudolikelihood } from "./pseudolikelihood.ts";

/** Vertices up to which many nodes are solved at a time, each on one thread with products of its own. */
const nodesUpTo = 256;

/**
 * Evaluation by products: `S` and `T S` are kept in f64, so that a slope is read and a step updates two rows. For graphs
 * of which both fit: 16 bytes x vertices^2.
 *
 * @param gram `S` [vertices, vertices], where the kernels run.
 */
export async function createProducts(
  workspace: Workspace,
  gram: DeviceArray<"f64">,
  samples: number,
  vertices: number,
): Promise<Pseudolikelihood> {
  const matrix = { array: gram, rows: vertices, columns: vertices };
  const host = await workspace.read(gram);
  const diagonal = deviceVector(workspace, vertices, "diagonal");
  const norms = deviceVector(workspace, vertices, "residual norms");
  const products = { ...matrix, array: workspace.allocate("f64", vertices * vertices, "products") };
  const edges = createEdgeArrays(workspace);
  let latest: { products?: Float64Array; diagonal: Float64Array };

  async function latestProducts(): Promise<Float64Array> {
    return latest.products ??= await workspace.read(products.array);
  }

  return {
    samples,
    vertices,
    variances: Float64Array.from({ length: vertices }, (_, i) => host[i * vertices + i]),
    gramRow: (vertex) => Promise.resolve(host.subarray(vertex * vertices, (vertex + 1) * vertices)),
    async descend({ point, kinds, penalty, sweeps, tolerance }) {
      workspace.write(diagonal.array, point.diagonal);
      const active = edges.load(point, kinds);
      const made = await workspace.kernels.graphDescent({
        gram: matrix,
        ...active,
        diagonal,
        products,
        norms,
        penalty,
        sweeps,
        tolerance,
      });
      latest = { diagonal: await workspace.read(diagonal.array) };
      const current = await latestProducts();
      const estimate = {
        ends: point.ends instanceof Uint32Array ? point.ends : Uint32Array.from(point.ends),
        values: await workspace.read(active.values.array, 0, active.values.length),
        diagonal: latest.diagonal,
        norms: await workspace.read(norms.array),
        own: Float64Array.from({ length: vertices }, (_, i) => current[i * vertices + i]),
      };
      return { estimate, sweeps: made };
    },
    async slopes(begin, end) {
      const current = await latestProducts(), { diagonal } = latest;
      const slopes = new Float64Array((end - begin) * vertices);
      for (let j = 0; j < vertices; j++) {
        for (let i = begin; i < end; i++) {
          slopes[(i - begin) * vertices + j] = 2 *
            (current[i * vertices + j] / diagonal[i] + current[j * vertices + i] / diagonal[j]);
        }
      }
      return slopes;
    },
    ...(vertices <= nodesUpTo && {
      openNodes: (penalty, { run, branchingWidth }) =>
        createNodeBatch(workspace, {
          ...{
            variables: vertices * (vertices - 1) / 2,
            penalty,
            candidates: branchingWidth,
            extras: vertices,
            scale: 1,
            tolerance: 1e-4 * vertices,
          },
          async launch(nodes, diagonals) {
            await workspace.kernels.graphNodes({ ...nodes, gram: matrix, diagonals });
          },
        }, run),
    } satisfies Pick<Pseudolikelihood, "openNodes">),
  };
}
