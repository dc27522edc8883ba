/** Perturbations toward higher loss. @module */

import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/**
 * For each row `g` of the gradients, `p = w + rho T^2 g / ||T g||`: the step that raises a linear loss most, of length
 * `rho` (Foret et al. 2021), in coordinates scaled by `T = |w| + eta` where that is asked for (Kwon et al. 2021). Rows
 * are independent, and split.
 */
export interface PerturbArguments {
  /** `w` [parameters]. */
  readonly parameters: VectorOperand;
  /** [groups, parameters]. */
  readonly gradients: MatrixOperand;
  /** `p` [groups, parameters]; no other array of the call. */
  readonly perturbed: MatrixOperand;
  /** `||g||`, unscaled, in the widest floats [groups]; written. */
  readonly norms: VectorOperand;
  /** Where each segment of the parameters begins, and where the last one ends. */
  readonly segments: DeviceArray<"u32">;
  /** Over what the norm is taken: `GLOBAL`, `PER_SEGMENT`, or `UNSCALED`, without division. */
  readonly norm: number;
  readonly rho: number;
  /** Added to the norm that is divided by. */
  readonly epsilon: number;
  /** Where given, `T = |w| + eta` in the segments marked in `scaled`, and 1 in others. */
  readonly eta?: number;
  /** A mark for each segment. */
  readonly scaled?: DeviceArray<"u32">;
  /**
   * Where given, [groups, parameters], a step of several: `e <- e + share rho g / ||g||`, drawn back to length `rho`, and
   * `p = w + e`. Not with `eta`.
   */
  readonly offsets?: MatrixOperand;
  /** Length of a step as a share of `rho`. @default 1 */
  readonly share?: number;
}

/** Perturbations of parameters. */
export interface PerturbationKernels {
  /** The perturbed parameters of each group. */
  perturb(operands: PerturbArguments): Completion;
}

/** Their specifications. */
export const perturbationSpecifications: FamilySpecifications<PerturbationKernels> = {
  perturb: { dtypes: ["f32", "f64"], tolerance: "sum" },
};
