import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray } from "../../kernels/spec.ts";
import { createEdgeArrays, deviceVector } from "./edge_arrays.ts";
import { type GraphPoint, type Pseudolikelihood, tileRows } from "./pseudolikelihood.ts";

/**
 * Evaluation by sums over neighbours: `S` alone is kept, and a slope is summed where it is needed. For large sparse graphs:
 * 8 bytes x vertices^2.
 *
 * @param gram `S` [vertices, vertices], where the kernels run.
 */
export async function createNeighbourSums(
  workspace: Workspace,
  gram: DeviceArray<"f64">,
  samples: number,
  vertices: number,
): Promise<Pseudolikelihood> {
  const { kernels } = workspace;
  const matrix = { array: gram, rows: vertices, columns: vertices };
  const diagonal = deviceVector(workspace, vertices, "diagonal");
  const norms = deviceVector(workspace, vertices, "residual norms");
  const own = deviceVector(workspace, vertices, "own products");
  const starts = workspace.allocate("u32", vertices + 1, "adjacency starts");
  const tile = workspace.allocate("f64", Math.min(vertices, tileRows) * vertices, "slopes");
  const edges = createEdgeArrays(workspace);
  const variances = new Float64Array(vertices);
  for (let i = 0; i < vertices; i++) [variances[i]] = await workspace.read(gram, i * (vertices + 1), 1);

  let entries = 0;
  let neighbours = workspace.allocate("u32", entries, "neighbours");
  let incident = workspace.allocate("u32", entries, "incident edges");
  /** The graph of the latest descent, for its slopes. */
  let graph: Parameters<typeof kernels.graphSlopes>[0] | undefined;

  function loadAdjacency({ ends, values }: GraphPoint): void {
    if (2 * values.length > entries) {
      workspace.free(neighbours);
      workspace.free(incident);
      entries = 4 * values.length;
      neighbours = workspace.allocate("u32", entries, "neighbours");
      incident = workspace.allocate("u32", entries, "incident edges");
    }
    const adjacency = adjacencyOf(ends, values.length, vertices);
    workspace.write(starts, adjacency.starts);
    workspace.write(neighbours, adjacency.neighbours);
    workspace.write(incident, adjacency.incident);
  }

  return {
    samples,
    vertices,
    variances,
    gramRow: (vertex) => workspace.read(gram, vertex * vertices, vertices),
    async descend({ point, kinds, penalty, sweeps, tolerance }) {
      workspace.write(diagonal.array, point.diagonal);
      const active = edges.load(point, kinds);
      loadAdjacency(point);
      const operands = { gram: matrix, starts, neighbours, incident, diagonal, ...active };
      const made = await kernels.neighbourDescent({ ...operands, norms, own, penalty, sweeps, tolerance });
      graph = { ...operands, first: 0, slopes: { array: tile, rows: 0, columns: vertices } };
      const estimate = {
        ends: point.ends instanceof Uint32Array ? point.ends : Uint32Array.from(point.ends),
        values: await workspace.read(active.values.array, 0, active.values.length),
        diagonal: await workspace.read(diagonal.array),
        norms: await workspace.read(norms.array),
        own: await workspace.read(own.array),
      };
      return { estimate, sweeps: made };
    },
    async slopes(begin, end) {
      const rows = end - begin;
      await kernels.graphSlopes({ ...graph!, first: begin, slopes: { array: tile, rows, columns: vertices } });
      return workspace.read(tile, 0, rows * vertices);
    },
  };
}

/** The edges at each vertex: vertex `i` has `neighbours` and `incident` from `starts[i]` to `starts[i + 1]`. */
function adjacencyOf(ends: ArrayLike<number>, count: number, vertices: number) {
  const starts = new Uint32Array(vertices + 1);
  for (let at = 0; at < 2 * count; at++) starts[ends[at] + 1]++;
  for (let i = 0; i < vertices; i++) starts[i + 1] += starts[i];
  const next = starts.slice(), neighbours = new Uint32Array(2 * count), incident = new Uint32Array(2 * count);
  for (let at = 0; at < 2 * count; at++) {
    const place = next[ends[at]]++;
    neighbours[place] = ends[at ^ 1];
    incident[place] = at >> 1;
  }
  return { starts, neighbours, incident };
}
