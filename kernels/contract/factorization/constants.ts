// Constants of the factorization family: read by the AssemblyScript kernels and their reference alike.

/** Diagonal elements of a Gram matrix up to which rows stay: their reciprocals, and what follows, may overflow. */
export const LEAST_CURVATURE_F32 = 1e-30;
export const LEAST_CURVATURE_F64 = 1e-300;
