// Blocking of the quadratic form, in elements: read by the AssemblyScript kernel and by its binding alike.

/** Rows that share one conversion of A. */
export const FORM_ROWS = 256;

/** Columns of one block; divides `formBlock`. */
export const FORM_BLOCK = 128;

/** Columns of X, and rows of A, converted at a time. */
export const FORM_CHUNK = 256;

/** Elements of scratch beside the product's: the bracket, the chunk of X and the chunk of A. */
export const FORM_SCRATCH = FORM_ROWS * FORM_BLOCK + FORM_ROWS * FORM_CHUNK + FORM_CHUNK * FORM_BLOCK;
