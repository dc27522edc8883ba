/** What a transformer does to rows of activations beside products: norms, biases, activations, losses. @module */

import { GELU, GELU_TANH, RELU, SILU } from "./constants.ts";
import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** Name of an activation function. */
export type Activation = "silu" | "gelu" | "gelu-tanh" | "relu";

/** The activations by name. */
export const activationCodes: { readonly [A in Activation]: number } = {
  silu: SILU,
  gelu: GELU,
  "gelu-tanh": GELU_TANH,
  relu: RELU,
};

/**
 * `y = w (x - m) / sqrt(mean (x - m)^2 + epsilon) + b` for each row, with `m` its mean where the norm is `centered`
 * (Ba, Kiros & Hinton 2016), and 0 where it is not (Zhang & Sennrich 2019). `y` may be `x`.
 */
export interface NormalizeRowsArguments {
  readonly x: MatrixOperand;
  readonly y: MatrixOperand;
  /** One element a column. */
  readonly weight: VectorOperand;
  /** One element a column. @default zeros */
  readonly bias?: VectorOperand;
  /** Positive. */
  readonly epsilon: number;
  readonly centered: boolean;
}

/** Each row of `x` plus `bias`, in place. */
export interface AddBiasArguments {
  readonly x: MatrixOperand;
  readonly bias: VectorOperand;
}

/** `x = f(x)`, or `x = f(x) factor`, element by element. */
export interface ActivateArguments {
  readonly activation: Activation;
  readonly x: MatrixOperand;
  /** Of the shape of `x`. @default ones */
  readonly factor?: MatrixOperand;
}

/** `losses_i = log sum_j exp(logits_ij) - logits_(i, targets_i)`. */
export interface TokenLossesArguments {
  readonly logits: MatrixOperand;
  /** Below the number of columns, one a row. */
  readonly targets: DeviceArray<"u32">;
  /** f64, one a row. */
  readonly losses: VectorOperand;
}

/** Kernels over rows; rows split. */
export interface RowKernels {
  /** Root-mean-square and layer norms. */
  normalizeRows(operands: NormalizeRowsArguments): Completion;
  /** Adds a vector to each row. */
  addBias(operands: AddBiasArguments): Completion;
  /** Activation functions, gated or not. */
  activate(operands: ActivateArguments): Completion;
  /** Negative log-likelihood of a target in each row, summed in f64. */
  tokenLosses(operands: TokenLossesArguments): Completion;
}

/** Their specifications. */
export const rowSpecifications: FamilySpecifications<RowKernels> = {
  normalizeRows: {
    dtypes: ["f32"],
    tolerance: "sum",
  },
  addBias: {
    dtypes: ["f32"],
    tolerance: "elementwise",
  },
  activate: {
    dtypes: ["f32"],
    tolerance: "sum",
  },
  tokenLosses: {
    dtypes: ["f32"],
    tolerance: "sum",
  },
};
