// Blocking of the quantisation sweep, in elements: read by the AssemblyScript kernel and by its binding alike.

/** Columns that are updated before the rest of the residual follows by one matrix product; divides `sweepBlock`. */
export const COLUMN_BLOCK = 64;

/** Rows that share one packing of the coupling. */
export const ROW_BLOCK = 512;

/** Most rows of a register tile, in any type. */
export const TALLEST_TILE = 8;

/** Elements of scratch of one sweep, beside the product's: the packed coupling, the changes, and four tiles. */
export const SWEEP_SCRATCH = COLUMN_BLOCK * COLUMN_BLOCK + ROW_BLOCK * COLUMN_BLOCK + 4 * TALLEST_TILE * COLUMN_BLOCK;

/** Rows of a tile of the descent, which share what they load of the coupling. */
export const DESCENT_TILE = 64;

/** Columns of which a row of the tile updates its levels before the next row does. */
export const DESCENT_PANEL = 128;

/** Columns of the residual that get a panel's changes from all rows of the tile at once. */
export const DESCENT_STRIP = 512;

/**
 * Eight-byte words of scratch of a descent: changes, their places, their numbers; beside `2 * DESCENT_TILE + 1` rows.
 */
export const DESCENT_SCRATCH = 2 * DESCENT_TILE * DESCENT_PANEL + 2 * DESCENT_TILE;

/** Multiply-adds in the time that streaming kernels take for an element. */
export const ELEMENT_WORK = 4;
