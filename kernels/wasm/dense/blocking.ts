// Blocking of the matrix product, in elements: read by the AssemblyScript kernels and by their bindings alike.

/** Steps of the inner dimension in one packed block. */
export const DEPTH_BLOCK = 256;

/** Elements of one packed panel of A: DEPTH_BLOCK steps of the tallest register tile. */
export const LEFT_PANEL = 1280;

/** Elements of packed B: 512 columns of DEPTH_BLOCK, more where the depth is smaller. */
export const RIGHT_BLOCK = 131072;

/** Elements of the largest register tile: a buffer for one tile that the border or the diagonal cuts. */
export const TILE_BLOCK = 64;

/** Elements of scratch that one call of a product needs. */
export const PRODUCT_SCRATCH = TILE_BLOCK + LEFT_PANEL + RIGHT_BLOCK;
