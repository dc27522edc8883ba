/** Sums of gradients, and what optimisers do with them. @module */

import type { Completion, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** Columns are independent, and split. */
export interface PairwiseSumArguments {
  /** [terms, columns]; the sum is left in the first row, and the others are working memory. */
  readonly terms: MatrixOperand;
  /** What each row is multiplied by, in the widest floats [terms]. @default 1 each */
  readonly shares?: VectorOperand;
  /** Where the sum goes as well [columns]; no part of the terms. */
  readonly sum?: VectorOperand;
}

/** Elements are independent, and split. */
export interface SgdUpdateArguments {
  /** `w`, updated in place. */
  readonly parameters: VectorOperand;
  readonly gradient: VectorOperand;
  /** `u`, updated in place. */
  readonly velocity: VectorOperand;
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  /** What the gradient is multiplied by, as where its norm is clipped. */
  readonly scale: number;
  /** Nesterov's momentum. */
  readonly nesterov: boolean;
}

/** Elements are independent, and split. */
export interface AdamwUpdateArguments {
  /** `w`, updated in place. */
  readonly parameters: VectorOperand;
  readonly gradient: VectorOperand;
  /** Moving means `m` of the gradient and `v` of its square, updated in place. */
  readonly firstMoment: VectorOperand;
  readonly secondMoment: VectorOperand;
  readonly learningRate: number;
  /** Decays of the means. */
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** What the gradient is multiplied by. */
  readonly scale: number;
  /** Number of this update, from 1 on, which corrects the means for their start at 0. */
  readonly step: number;
}

/** Updates of parameters. */
export interface UpdateKernels {
  /**
   * `sum_i shares_i terms_i` in the first row: neighbours are added in pairs, then pairs of pairs, whatever there are. So
   * aligned blocks of 2^k rows may be summed apart, and their sums in the same way.
   */
  pairwiseSum(operands: PairwiseSumArguments): Completion;
  /** `u <- momentum u + scale g + weightDecay w`, `w <- w - learningRate u`; with Nesterov's, along `scale g + weightDecay w + momentum u`. */
  sgdUpdate(operands: SgdUpdateArguments): Completion;
  /** AdamW (Loshchilov & Hutter 2019): `w <- w - learningRate (m / c_1 / (sqrt(v / c_2) + epsilon) + weightDecay w)`, `c_i = 1 - beta_i^step`. */
  adamwUpdate(operands: AdamwUpdateArguments): Completion;
}

/** Their specifications. */
export const updateSpecifications: FamilySpecifications<UpdateKernels> = {
  pairwiseSum: { dtypes: ["f32", "f64"], tolerance: "sum" },
  sgdUpdate: { dtypes: ["f32", "f64"], tolerance: "elementwise" },
  adamwUpdate: { dtypes: ["f32", "f64"], tolerance: "sum" },
};
