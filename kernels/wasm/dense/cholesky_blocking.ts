// Blocking of the Cholesky factor, in elements: read by the AssemblyScript kernel and by its binding alike.

/** Columns of one block. */
export const CHOLESKY_BLOCK = 64;

/** Elements of scratch of the solve: the packed diagonal block and a tile of four rows. */
export const CHOLESKY_SCRATCH = CHOLESKY_BLOCK * CHOLESKY_BLOCK + 4 * CHOLESKY_BLOCK;
