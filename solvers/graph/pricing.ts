import { nodeStatus } from "../../kernels/contract/l0/nodes.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray, MatrixOperand } from "../../kernels/contract.ts";
import { deviceVector } from "./edge_arrays.ts";
import { edgeNumber, endsOfEdge, type Pseudolikelihood } from "./pseudolikelihood.ts";
import { createLargest } from "./largest_edges.ts";

/**
 * Multiples of a dual point that are tried, ascending: far from the optimum of the relaxation much of the gradient is above the threshold, and
 * a smaller point has the better bound.
 */
const allScales = Float64Array.from({ length: 16 }, (_, k) => (k + 1) / 16);

/** Those that are tried where the time is up. */
const fewScales = Float64Array.of(0.25, 0.5, 1);

/** How the gradient is computed, tile by tile. */
interface Tiles {
  readonly vertices: number;
  /** Rows of a tile. */
  readonly most: number;
  fill(first: number, from: number, gradient: MatrixOperand): Promise<void>;
  rowsOf(rows: number): MatrixOperand & { array: DeviceArray<"f64"> };
  visitAbove(
    first: number,
    rows: number,
    limitOf: (i: number) => number,
    visit: (derivative: number, i: number, j: number) => void,
  ): Promise<void>;
}

/** The pass over the gradient that gives a bound and the edges to join. Memory: a byte an edge beside the tile. */
export function createPricing(
  workspace: Workspace,
  { vertices, most, fill, rowsOf, visitAbove }: Tiles,
): Pseudolikelihood["price"] {
  const scaleVector = deviceVector(workspace, allScales.length, "scales");
  const sums = workspace.allocate("f64", most * allScales.length, "sums of conjugates");
  const largestOfRow = deviceVector(workspace, most, "largest derivatives");
  let onDevice: DeviceArray<"u8"> | undefined;

  return async ({ statuses, mayJoin, kept, penalty, joining, inHaste, stop }) => {
    const scales = inHaste ? fewScales : allScales;
    workspace.write(scaleVector.array, scales);
    onDevice ??= workspace.allocate("u8", statuses.length, "edge statuses");
    workspace.write(onDevice, statuses);
    const conjugates = new Float64Array(scales.length), keptDerivatives = new Float64Array(kept.length);
    const rowConjugates = new Float64Array(vertices * scales.length);
    const keptEdges = Array.from(kept, (edge) => endsOfEdge(edge, vertices));
    const found = createLargest(joining, penalty.threshold);
    let largest = 0, keptCount = 0;
    for (let first = 0; first < vertices; first += most) {
      const rows = Math.min(most, vertices - first), gradient = rowsOf(rows);
      await fill(first, first, gradient);
      await workspace.kernels.scaledConjugates({
        first,
        gradient,
        statuses: onDevice,
        scales: { ...scaleVector, length: scales.length },
        penalty,
        sums: { array: sums, rows, columns: scales.length },
        largest: { ...largestOfRow, length: rows },
      });
      const totals = await workspace.read(sums, 0, rows * scales.length);
      for (let at = 0; at < totals.length; at++) conjugates[at % scales.length] += totals[at];
      rowConjugates.set(totals, first * scales.length);
      for (const derivative of await workspace.read(largestOfRow.array, 0, rows)) {
        largest = Math.max(largest, derivative);
      }
      const end = edgeNumber(first + rows, first + rows + 1, vertices);
      for (; keptCount < kept.length && kept[keptCount] < end; keptCount++) {
        const [i, j] = keptEdges[keptCount];
        [keptDerivatives[keptCount]] = await workspace.read(gradient.array, (i - first) * vertices + j, 1);
      }
      if (!inHaste) {
        await visitAbove(first, rows, () => found.limit, (derivative, i, j) => {
          const edge = edgeNumber(i, j, vertices);
          if (statuses[edge] === nodeStatus.free && mayJoin(edge)) found.add(edge, Math.abs(derivative));
        });
      }
      if (await stop()) return undefined;
    }
    return {
      scales,
      conjugates,
      rowConjugates,
      largest,
      keptEdges,
      kept: keptDerivatives,
      ...found.finish(),
    };
  };
}
