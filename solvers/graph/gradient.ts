import type { Workspace } from "../../kernels/engine/mod.ts";
import type { L0Penalty, MatrixOperand } from "../../kernels/contract.ts";
import { distrust } from "../core/certificate.ts";
import { createAdjacency, createEdgeArrays, deviceVector } from "./edge_arrays.ts";
import { createPricing } from "./pricing.ts";
import type { GraphEstimate, Pseudolikelihood } from "./pseudolikelihood.ts";

/** Rows of the gradient that are looked at together, and entries of so many, in groups of rows. */
const tileRows = 64, tileEntries = 2 ** 17, tileGroup = 8;

/** Entries whose Gram rows are held together. */
const swapEntries = 512;

/** Multiply-adds of products of matrices between two checkpoints. */
const productWork = 2e8;

/** What an evaluation knows that its gradient is made of. */
export interface GradientSource {
  readonly vertices: number;
  readonly variances: Float64Array;
  /** Multiply-adds that an entry of `S` takes where it is not kept. */
  readonly covarianceWork: number;
  /** A checkpoint; whether the time is up. */
  pause(): Promise<boolean>;
  /** Writes rows `first` on of the gradient, from column `from` on, at the estimate of the latest descent. */
  fill(first: number, from: number, gradient: MatrixOperand): Promise<void>;
  /** Rows of `S`: those of `vertices` in turn, or all of them. */
  gramRows(vertices: Uint32Array): Promise<{ gram: MatrixOperand; complete: boolean }>;
}

/** The searches over all edges, tile by tile. */
export function createGradient(
  workspace: Workspace,
  { vertices, variances, covarianceWork, pause, fill, gramRows }: GradientSource,
): Pick<Pseudolikelihood, "derivativesAbove" | "price" | "bestSwaps"> {
  const { kernels } = workspace;
  const affordable = Math.max(1, Math.floor(productWork / (covarianceWork * vertices)));
  const foreseen = tileGroup * Math.max(1, Math.round(tileEntries / vertices / tileGroup));
  const most = Math.min(vertices, tileRows, foreseen, affordable), entries = Math.min(swapEntries, affordable);
  const tile = workspace.allocate("f64", most * vertices, "gradient");
  const columns = workspace.allocate("u32", most * vertices, "columns above the limits");
  const counts = workspace.allocate("u32", most, "counts above the limits");
  const limits = deviceVector(workspace, most, "limits");
  const rowsOf = (rows: number) => ({ array: tile, rows, columns: vertices });
  const derivativeBuffer = new Float64Array(vertices), columnBuffer = new Uint32Array(vertices);

  /** Calls `visit` with the derivatives of a filled tile above the limits of its rows; they overwrite the tile. */
  async function visitAbove(
    first: number,
    rows: number,
    limitOf: (i: number) => number,
    visit: (derivative: number, i: number, j: number) => void,
  ): Promise<void> {
    workspace.write(limits.array, Array.from({ length: rows }, (_, row) => limitOf(first + row)));
    await kernels.entriesAbove({
      first,
      gradient: rowsOf(rows),
      columns,
      counts,
      limits: { ...limits, length: rows },
    });
    const found = await workspace.read(counts, 0, rows);
    for (let row = 0; row < rows; row++) {
      if (found[row] === 0) continue;
      if (found[row] >= vertices - first - row) {
        throw distrust(`they found ${found[row]} entries above the limit in row ${first + row} of ${vertices}`);
      }
      const gradient = await workspace.read(tile, row * vertices, found[row], derivativeBuffer);
      const ends = await workspace.read(columns, row * vertices, found[row], columnBuffer);
      checkColumns(ends, first + row, vertices);
      for (let k = 0; k < ends.length; k++) visit(gradient[k], first + row, ends[k]);
    }
  }

  return {
    async derivativesAbove(limitOf, visit) {
      for (let first = 0; first < vertices; first += most) {
        const rows = Math.min(most, vertices - first);
        await fill(first, first, rowsOf(rows));
        await visitAbove(first, rows, limitOf, visit);
        if (first + rows < vertices && await pause()) return;
      }
    },

    price: createPricing(workspace, { vertices, most, fill, rowsOf, visitAbove }),

    async bestSwaps(estimate, penalty) {
      const held = holdSwaps(workspace, vertices, variances, estimate);
      try {
        const { starts, neighbours } = held.lists;
        for (let first = 0, end = 0; first < vertices; first = end) {
          end = first + 1;
          while (end < vertices && end - first < most && starts[end + 1] - starts[first] <= entries) end++;
          const wanted = neighbours.slice(starts[first], starts[end]);
          if (wanted.length === 0) continue;
          await fill(first, 0, rowsOf(end - first));
          const { gram, complete } = await gramRows(wanted);
          await held.search(first, rowsOf(end - first), gram, complete, penalty);
          // Swaps that are not looked at gain nothing.
          if (end < vertices && await pause()) break;
        }
        return await held.read();
      } finally {
        held.free();
      }
    },
  };
}

/** Columns become edges: each must be right of the diagonal, and come once. @throws {BackendError} for others */
function checkColumns(columns: Uint32Array, row: number, vertices: number): void {
  let last = row;
  for (const column of columns) {
    if (column <= last || column >= vertices) {
      throw distrust(`they found column ${column} after ${last} of ${vertices} in row ${row}`);
    }
    last = column;
  }
}

/** What a pass of swaps keeps on the device. */
function holdSwaps(workspace: Workspace, vertices: number, variances: Float64Array, estimate: GraphEstimate) {
  const edges = createEdgeArrays(workspace), adjacency = createAdjacency(workspace, vertices);
  const { values, ends, kinds } = edges.load(estimate, new Uint8Array(estimate.values.length));
  const { lists, ...graph } = adjacency.load(estimate.ends);
  const entries = lists.neighbours.length;
  const vector = (label: string, contents: ArrayLike<number>) => {
    const vector = deviceVector(workspace, contents.length, label);
    workspace.write(vector.array, contents);
    return vector;
  };
  const floats = {
    diagonal: vector("diagonal", estimate.diagonal),
    variances: vector("variances", variances),
    leastCurvatures: vector("least curvatures", leastCurvatures(variances, estimate.diagonal)),
    gains: vector("gains", new Float64Array(entries)),
    along: vector("derivatives along", new Float64Array(entries)),
  };
  const targets = workspace.allocate("u32", entries, "new neighbours");
  const inTurn = workspace.allocate("u32", entries, "rows in turn");
  workspace.write(inTurn, Uint32Array.from({ length: entries }, (_, at) => at));
  return {
    lists,
    search: async (
      first: number,
      gradient: MatrixOperand,
      gram: MatrixOperand,
      complete: boolean,
      penalty: L0Penalty,
    ) => {
      const rows = complete ? graph.neighbours : inTurn, rowsFrom = complete ? 0 : lists.starts[first];
      await workspace.kernels.graphSwaps({
        ...graph,
        ...floats,
        values,
        targets,
        first,
        gradient,
        gram,
        rows,
        rowsFrom,
        penalty,
      });
    },
    read: async () => ({
      ...lists,
      gains: await workspace.read(floats.gains.array),
      targets: await workspace.read(targets),
      along: await workspace.read(floats.along.array),
    }),
    free() {
      const arrays = [ends, kinds, values.array, ...Object.values(graph), targets, inTurn];
      [...arrays, ...Object.values(floats).map(({ array }) => array)].forEach((array) => workspace.free(array));
    },
  };
}

/** At most the curvature of the data term along any edge at each vertex. */
export function leastCurvatures(variances: Float64Array, diagonal: Float64Array): Float64Array {
  let variance = Infinity, entry = 0;
  for (let i = 0; i < variances.length; i++) {
    variance = Math.min(variance, variances[i]);
    entry = Math.max(entry, diagonal[i]);
  }
  return variances.map((diagonalProducts, i) => 2 * (variance / diagonal[i] + diagonalProducts / entry));
}
