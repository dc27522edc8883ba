/** Likelihoods of ordered bins, entry by entry. @module */

import { BIN_WORDS } from "./constants.ts";
import { binConstant, type Link } from "./link.ts";
import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** Levels that were observed, and the bins that they stand for. */
export interface BinArguments {
  readonly link: Link;
  /** Ends and constant of each bin [levels, 3], f64, contiguous: see {@linkcode binTable}. */
  readonly bins: MatrixOperand;
  /** Level of each entry, below the number of bins. */
  readonly levels: DeviceArray<"u32">;
  /** Weight of each entry; 1 where they are left out. */
  readonly weights?: VectorOperand;
}

/** Losses at latent values and what a step needs of them. */
export interface BinTermsArguments extends BinArguments {
  /** Latent values. */
  readonly latent: VectorOperand;
  /** Receives `-w log P`. */
  readonly losses: VectorOperand;
  /** Receives the derivatives of the losses. */
  readonly gradients: VectorOperand;
  /**
   * Receives curvatures of parabolas that touch the losses at the latent values and lie above them everywhere: for a
   * logistic end at distance `t`, `tanh(t / 2) / 2t`, at most 1/4 (Jaakkola & Jordan 2000); 1 for a normal bin.
   */
  readonly curvatures: VectorOperand;
}

/** Proximal points of the losses. */
export interface BinProximalArguments extends BinArguments {
  /** Weight of the distance, positive. */
  readonly penalty: number;
  /** Where the distance is measured from. */
  readonly centers: VectorOperand;
  /** Where Newton's iteration starts; receives the proximal points. */
  readonly points: VectorOperand;
}

/** Kernels over bins. Entries split. */
export interface BinKernels {
  /** `-w log(F(u - x) - F(l - x))`, its derivative and a curvature that majorises it; entries split. */
  binTerms(operands: BinTermsArguments): Completion;
  /** `argmin_z -w log(F(u - z) - F(l - z)) + penalty (z - c)^2 / 2` for each entry; entries split. */
  binProximal(operands: BinProximalArguments): Completion;
}

/** Their specifications. */
export const binSpecifications: FamilySpecifications<BinKernels> = {
  binTerms: {
    dtypes: ["f64"],
    tolerance: "sum",
  },
  binProximal: {
    dtypes: ["f64"],
    tolerance: "sum",
  },
};

/** The table of the bins between ascending boundaries, as the kernels read it. */
export function binTable(link: Link, boundaries: ArrayLike<number>): Float64Array {
  const table = new Float64Array((boundaries.length + 1) * BIN_WORDS);
  for (let level = 0; level <= boundaries.length; level++) {
    const lower = level === 0 ? -Infinity : boundaries[level - 1];
    const upper = level === boundaries.length ? Infinity : boundaries[level];
    table.set([lower, upper, binConstant(link, lower, upper)], level * BIN_WORDS);
  }
  return table;
}
