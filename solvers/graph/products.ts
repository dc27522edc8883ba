import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray } from "../../kernels/spec.ts";
import { createEdgeArrays, deviceVector } from "./edge_arrays.ts";
import type { Pseudolikelihood } from "./pseudolikelihood.ts";
import { createSlopes } from "./slopes.ts";

/**
 * Evaluation by products: `S` and `T S` are kept in f64, so that a slope is read and a step updates two rows. For graphs
 * of which both fit: 16 bytes x vertices^2.
 *
 * @param gram `S` [vertices, vertices], where the kernels run.
 */
export function createProducts(
  workspace: Workspace,
  gram: DeviceArray<"f64">,
  samples: number,
  variances: Float64Array,
): Pseudolikelihood {
  const { kernels } = workspace;
  const vertices = variances.length;
  const matrix = { array: gram, rows: vertices, columns: vertices };
  const diagonal = deviceVector(workspace, vertices, "diagonal");
  const norms = deviceVector(workspace, vertices, "residual norms");
  const own = deviceVector(workspace, vertices, "own products");
  const products = { ...matrix, array: workspace.allocate("f64", vertices * vertices, "products") };
  const edges = createEdgeArrays(workspace);

  return {
    samples,
    vertices,
    variances,
    gramRow: (vertex) => workspace.read(gram, vertex * vertices, vertices),
    async descend({ point, kinds, penalty, sweeps, tolerance }) {
      workspace.write(diagonal.array, point.diagonal);
      const active = edges.load(point, kinds);
      const made = await kernels.graphDescent({
        ...{ gram: matrix, ...active, diagonal, products, norms, own, penalty, sweeps, tolerance },
      });
      const estimate = {
        ends: point.ends instanceof Uint32Array ? point.ends : Uint32Array.from(point.ends),
        values: await workspace.read(active.values.array, 0, active.values.length),
        diagonal: await workspace.read(diagonal.array),
        norms: await workspace.read(norms.array),
        own: await workspace.read(own.array),
      };
      return { estimate, sweeps: made };
    },
    ...createSlopes(workspace, {
      vertices,
      variances,
      async fill(first, from, slopes) {
        const { rows } = slopes, columns = vertices - from;
        await kernels.pairedSlopes({
          ...{ first, from, diagonal, transposed: true },
          products: { ...products, offset: first * vertices + from, rows, columns, stride: vertices },
          mirrored: { ...products, offset: from * vertices + first, rows: columns, columns: rows, stride: vertices },
          slopes: { ...slopes, offset: from, columns, stride: vertices },
        });
      },
      gramRows: () => Promise.resolve({ gram: matrix, complete: true }),
    }),
  };
}
