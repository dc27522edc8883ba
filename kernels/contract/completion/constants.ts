// Codes and layouts of the completion family: read by the AssemblyScript kernels, their reference, their lowerings and
// the solvers alike. Layouts are in words of f64.

/** Distribution of what is added to a latent value before it falls into a bin. */
export const LOGIT = 0;
export const PROBIT = 1;

/** Words of a bin: its ends, which may be infinite; the third is what its loss has beyond that of the two ends. */
export const BIN_LOWER = 0;
export const BIN_UPPER = 1;
export const BIN_WORDS = 3;

/** Most Newton steps of a proximal point; steps that leave the bracket halve it instead. */
export const PROXIMAL_STEPS = 60;

/** A proximal point is found when a step is this share of one plus its magnitude. */
export const PROXIMAL_TOLERANCE = 1e-14;
