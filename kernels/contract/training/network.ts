/** Losses of layered networks: outputs, gradients and products with the Hessian. @module */

import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** The layers of a network, `LAYER_WORDS` words each. Images are rows of pixels, each with its channels together. */
export interface NetworkLayers {
  /** The words where the kernels run. */
  readonly array: DeviceArray<"i32">;
  /** The same words, by which launches and dispatches are planned. */
  readonly words: Int32Array;
}

/**
 * A network and the samples that it sees, in groups: each group has its own point among the parameters or shares one,
 * and its own results. Groups are independent, and split.
 */
export interface NetworkArguments {
  readonly layers: NetworkLayers;
  /** Code of the loss. */
  readonly loss: number;
  /** [samples, features]. */
  readonly inputs: MatrixOperand;
  /** A label, 0 or 1, or a number for each sample, in the widest floats where the kernels run. */
  readonly targets: VectorOperand;
  /** What the loss of each sample is multiplied by, in the widest floats. */
  readonly weights: VectorOperand;
  /** The samples of the groups, one group after the other. */
  readonly batch: DeviceArray<"u32">;
  /** Where each group begins in `batch`, and where the last one ends. */
  readonly bounds: DeviceArray<"u32">;
  /** The first group, and the number of groups. */
  readonly first: number;
  readonly groups: number;
  /** Samples of the largest group. */
  readonly largest: number;
  /** [1 or groups, parameters]: weights [inputs, outputs] and biases of each layer. */
  readonly parameters: MatrixOperand;
  /** The mean loss of each group, in the widest floats [groups]; written. */
  readonly losses: VectorOperand;
}

/** The scores that the loss is taken of. */
export interface NetworkOutputsArguments extends NetworkArguments {
  /** [samples of all groups in turn, outputs]. */
  readonly outputs: MatrixOperand;
}

/** The gradient of each group's mean loss. */
export interface NetworkGradientsArguments extends NetworkArguments {
  /** [groups, parameters]. */
  readonly gradients: MatrixOperand;
}

/** The gradient of each group's mean loss where one step of ascent leads: see `perturb`. */
export interface NetworkAscentArguments extends NetworkGradientsArguments {
  /** `||g||` of the gradient at the parameters, in the widest floats [groups]; written. */
  readonly norms: VectorOperand;
  /** The mean loss of each group where the step leads, in the widest floats [groups]; written. */
  readonly perturbedLosses: VectorOperand;
  /** `GLOBAL`: steps of length `rho`; or `UNSCALED`, of `rho ||g||`. */
  readonly norm: number;
  readonly rho: number;
  /** Added to the norm that is divided by. */
  readonly epsilon: number;
}

/** The Hessian of each group's mean loss, times a direction. */
export interface NetworkProductsArguments extends NetworkArguments {
  /** [parameters]. */
  readonly direction: VectorOperand;
  /** [groups, parameters]. */
  readonly products: MatrixOperand;
}

/** Layered networks with the loss at their end. */
export interface NetworkKernels {
  /** Forward. */
  networkOutputs(operands: NetworkOutputsArguments): Completion;
  /** Forward and backward. */
  networkGradients(operands: NetworkGradientsArguments): Completion;
  /** `networkGradients`, `perturb` and `networkGradients` again, for networks of dense layers alone. */
  networkAscent(operands: NetworkAscentArguments): Completion;
  /** The derivative of the gradient in a direction, by the R operator (Pearlmutter 1994): exact, without differences. */
  networkProducts(operands: NetworkProductsArguments): Completion;
}

/** Their specifications. */
export const networkSpecifications: FamilySpecifications<NetworkKernels> = {
  networkOutputs: { dtypes: ["f32", "f64"], tolerance: "sum" },
  networkGradients: { dtypes: ["f32", "f64"], tolerance: "sum" },
  networkAscent: { dtypes: ["f32", "f64"], tolerance: "sum" },
  networkProducts: { dtypes: ["f32", "f64"], tolerance: "sum" },
};
