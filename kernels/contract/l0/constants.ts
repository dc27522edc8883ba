// Codes, layouts and constants of the l0 family: read by the AssemblyScript kernels, their reference, their lowerings
// and the solvers alike. Layouts are in words of f64.

/** How a coordinate is penalised. */
export const RELAXED = 0;
export const KEPT = 1;
export const COUNTED = 2;

/** Status of a variable in a node: free (its penalty RELAXED), kept (its penalty KEPT), zero, or fixed by screening. */
export const FREE = 0;
export const ZERO = 2;
export const SCREENED_KEPT = 3;
export const SCREENED_ZERO = 4;

/** Words of a penalty. */
export const PENALTY_LAMBDA0 = 0;
export const PENALTY_LAMBDA2 = 1;
export const PENALTY_BOUND = 2;
export const PENALTY_THRESHOLD = 3;
export const PENALTY_RATIO = 4;
export const PENALTY_WORDS = 5;

/** Words of the limits of a batch of nodes. */
export const LIMIT_UPPER_BOUND = 0;
export const LIMIT_NODE = 1;
export const LIMIT_LEAF = 2;
export const LIMIT_SLACK = 3;
export const LIMIT_FINEST = 4;
export const LIMIT_WORK = 5;
export const LIMIT_WORDS = 6;

/** Words of the state of a node. */
export const STATE_BOUND = 0;
export const STATE_TOLERANCE = 1;
export const STATE_OBJECTIVE = 2;
export const STATE_FIXINGS = 3;
export const STATE_SWEEPS = 4;
export const STATE_WORDS = 5;

/** Contiguous elements that a vector loop passes in the time of one that is gathered. */
export const GATHER_COST = 4;

/** Most sweeps of one round of a relaxation, and of the descent on the penalty itself over its support. */
export const ROUND_SWEEPS = 200;
export const SUPPORT_SWEEPS = 100;

/** A descent that did not close the duality gap is repeated to a tolerance this many times finer. */
export const REFINEMENT = 100;

/**
 * Variables join a relaxation if they exceed the threshold by this share of the largest excess; the others may no
 * longer exceed it after the next descent.
 */
export const JOINING_SHARE = 0.5;

/** Data that variables need to join are requested a round ahead: from this share of the largest excess on. */
export const PREPARING_SHARE = 0.25;

/** Share of the terms of a bound that rounding may move: it is subtracted from every bound. */
export const ROUNDING_MARGIN = 1e-12;

/** Most nodes of one batch: the two children of each of the open nodes that are branched on together. */
export const BATCH_NODES = 32;

/** Bytes of scratch for the problem of a node, before its arrays. */
export const PROBLEM_BYTES = 128;

/** Words of one fit of several tasks. */
export const FIT_DATA = 0;
export const FIT_SIZE = 1;
export const FIT_RIDGE = 2;
export const FIT_VALUE_SHARING = 3;
export const FIT_SUPPORT_SHARING = 4;
export const FIT_COMMON = 5;
export const FIT_LEAST_GAIN = 6;
export const FIT_MOVES = 7;
export const FIT_WORDS = 8;

/** Words of the data of one task: first sample, samples, and 1 + the first element of the Gram matrix, 0 for none. */
export const BLOCK_FROM = 0;
export const BLOCK_SAMPLES = 1;
export const BLOCK_GRAM = 2;
export const BLOCK_WORDS = 3;

/** Share of a feature's curvature below which what a support leaves of it is rounding. */
export const DEPENDENT_SHARE = 1e-10;

/** Most steps of the conjugate gradients that fit tasks together, and the share of the first residual that ends them. */
export const JOINT_STEPS = 500;
export const JOINT_SHARE = 1e-20;

/** Bytes of scratch for the search of a fit, before its arrays. */
export const SEARCH_BYTES = 320;

/** Columns of a support's products that are updated together. */
export const SUPPORT_BLOCK = 64;
