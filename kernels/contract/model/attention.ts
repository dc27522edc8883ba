/** Attention and the rotations of positions. @module */

import type { Completion, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/**
 * Rotary position embedding (Su et al. 2021) in the order of halves, in place: of each head of `headSize` columns, pair
 * `k` of columns `k` and `half + k` becomes `(c x - s y, s x + c y)` with the cosine and sine of its row; columns beyond
 * `2 half` stay.
 */
export interface RotatePositionsArguments {
  /** A whole number of heads wide. */
  readonly x: MatrixOperand;
  /** [rows of `x`, half], contiguous. */
  readonly cosines: MatrixOperand;
  /** [rows of `x`, half], contiguous. */
  readonly sines: MatrixOperand;
  readonly headSize: number;
}

/**
 * Causal attention of one sequence: query `i` stands at position `first + i` and sees the keys at positions up to its own,
 * the last `window` of them. `keyValueHeads` divides `heads`, and that many query heads in a row share keys and values.
 * The score of a key is `scale q . k - slope distance`, and the output of a head the mean of its values, weighted by the
 * exponentials of their scores.
 */
export interface CausalAttentionArguments {
  /** [queries, heads * headSize]. */
  readonly queries: MatrixOperand;
  /** [positions, keyValueHeads * headSize], at least `first + queries` positions. */
  readonly keys: MatrixOperand;
  /** As `keys`. */
  readonly values: MatrixOperand;
  /** As `queries`. */
  readonly outputs: MatrixOperand;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly first: number;
  /** >= 1. @default all positions */
  readonly window?: number;
  readonly scale: number;
  /** One a head: attention with linear biases (Press, Smith & Lewis 2022). @default zeros */
  readonly slopes?: VectorOperand;
}

/** Kernels of attention; rows split. */
export interface AttentionKernels {
  /** Rotary position embedding. */
  rotatePositions(operands: RotatePositionsArguments): Completion;
  /** Masked softmax attention. */
  causalAttention(operands: CausalAttentionArguments): Completion;
}

/** Their specifications. */
export const attentionSpecifications: FamilySpecifications<AttentionKernels> = {
  rotatePositions: {
    dtypes: ["f32"],
    tolerance: "elementwise",
  },
  causalAttention: {
    dtypes: ["f32"],
    tolerance: "sum",
  },
};
