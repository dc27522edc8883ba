/**
 * Which tile of C a workgroup of the matrix product computes, and into how many parts the depth is cut.
 *
 * The cheapest by a model of a large device: workgroups spread over its multiprocessors, each of which works on some
 * lanes of threads at once. In each step of the depth a thread multiplies, reads its vectors from shared memory and
 * brings its share of the slices there. Large tiles do more with what they read, small ones and parts fill the device.
 * The weights are rough costs on discrete devices; only their order of magnitude matters.
 */

/** Threads of a workgroup, and how many times four rows and four columns each thread has. */
export interface Tile {
  readonly rowThreads: number;
  readonly columnThreads: number;
  readonly rowQuads: number;
  readonly columnQuads: number;
}

/** How a product is cut. */
export interface Cut {
  readonly tile: Tile;
  /** Parts of the depth that are summed apart; 1 where C is written at once. */
  readonly parts: number;
}

/** Steps of the depth that a workgroup brings to its shared memory at once: 16 KiB for the largest tile. */
export const sliceDepth = 16;

/** From 128 x 128 down to 32 x 32 elements of C, then those for few rows and for few columns. */
export const tiles: readonly Tile[] = [
  { rowThreads: 16, columnThreads: 16, rowQuads: 2, columnQuads: 2 },
  { rowThreads: 16, columnThreads: 16, rowQuads: 2, columnQuads: 1 },
  { rowThreads: 16, columnThreads: 16, rowQuads: 1, columnQuads: 1 },
  { rowThreads: 8, columnThreads: 8, rowQuads: 1, columnQuads: 1 },
  { rowThreads: 2, columnThreads: 32, rowQuads: 1, columnQuads: 1 },
  { rowThreads: 32, columnThreads: 2, rowQuads: 1, columnQuads: 1 },
];

/** Multiprocessors of a large device, and threads that each of them works on at once. */
const multiprocessors = 128, lanes = 128;
/** The shortest part of the depth: below, the parts cost as much as they save. */
const shortestPart = 128;
/** Costs in multiply-adds: of a vector from shared memory, of an element from or to memory, of a second dispatch. */
const vectorCost = 4, elementCost = 16, dispatchCost = 4000;

/** Rows of C in a tile. */
export function tileRows({ rowThreads, rowQuads }: Tile): number {
  return 4 * rowThreads * rowQuads;
}

/** Columns of C in a tile. */
export function tileColumns({ columnThreads, columnQuads }: Tile): number {
  return 4 * columnThreads * columnQuads;
}

/** Steps of the depth in each part but the last: whole slices. */
export function partDepth(depth: number, parts: number): number {
  return sliceDepth * Math.max(1, Math.ceil(depth / (sliceDepth * parts)));
}

/** Multiply-adds one after the other until the busiest multiprocessor is done. */
function costOf(rows: number, columns: number, depth: number, { tile, parts }: Cut): number {
  const threads = tile.rowThreads * tile.columnThreads;
  const workgroups = Math.ceil(workgroupsOf(rows, columns, tile) * parts / multiprocessors);
  const step = 16 * tile.rowQuads * tile.columnQuads + vectorCost * (tile.rowQuads + tile.columnQuads) +
    elementCost * (tileRows(tile) + tileColumns(tile)) / threads;
  const product = Math.max(1, workgroups * threads / lanes) * partDepth(depth, parts) * step;
  if (parts === 1) return product;
  const elements = Math.ceil(rows * columns / (multiprocessors * lanes));
  return product + dispatchCost + 2 * elementCost * elements * parts;
}

function workgroupsOf(rows: number, columns: number, tile: Tile): number {
  return Math.ceil(rows / tileRows(tile)) * Math.ceil(columns / tileColumns(tile));
}

/**
 * The cheapest cut of a product of `rows x depth` and `depth x columns`; of equal ones, the larger tile in fewer parts.
 */
export function cutProduct(rows: number, columns: number, depth: number): Cut {
  let best: Cut | undefined, least = Infinity;
  for (const tile of tiles) {
    const filling = Math.floor(2 * multiprocessors / workgroupsOf(rows, columns, tile));
    const most = Math.max(1, Math.min(Math.floor(depth / shortestPart), filling));
    for (let parts = 1; parts <= most; parts *= 2) {
      // Whole slices may fill fewer parts than were asked for.
      const cut = { tile, parts: Math.max(1, Math.ceil(depth / partDepth(depth, parts))) };
      const cost = costOf(rows, columns, depth, cut);
      if (cost < least) [best, least] = [cut, cost];
    }
  }
  return best!;
}
