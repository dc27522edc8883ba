import type { NetworkArguments } from "../../contract.ts";
import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";
import { networkParameters, scratchBytes } from "./scratch.ts";

/** Groups that are worth a thread, where a sample takes some `passes` multiply-adds for each parameter. */
function groupGrain({ largest, parameters }: NetworkArguments, passes: number): number {
  return grainFor(passes * largest * parameters.columns);
}

/** Lowering of {@linkcode Kernels.networkOutputs}: groups split. */
export const networkOutputs: Lowering<"networkOutputs"> = (operands) => [{
  entry: `networkOutputs_${operands.parameters.array.dtype}`,
  parameters: [...networkParameters(operands), addressOf(operands.outputs), strideOf(operands.outputs)],
  extent: operands.groups,
  grain: groupGrain(operands, 1),
  scratchBytes: scratchBytes(operands, 1, 1),
}];

/** Lowering of {@linkcode Kernels.networkGradients}: groups split. */
export const networkGradients: Lowering<"networkGradients"> = (operands) => [{
  entry: `networkGradients_${operands.parameters.array.dtype}`,
  parameters: [...networkParameters(operands), addressOf(operands.gradients), strideOf(operands.gradients)],
  extent: operands.groups,
  grain: groupGrain(operands, 3),
  scratchBytes: scratchBytes(operands, 1, 2),
}];

/** Lowering of {@linkcode Kernels.networkAscent}: groups split. */
export const networkAscent: Lowering<"networkAscent"> = (operands) => {
  const { parameters, gradients, norms, perturbedLosses, norm, rho, epsilon } = operands;
  return [{
    entry: `networkAscent_${parameters.array.dtype}`,
    parameters: [
      ...networkParameters(operands),
      addressOf(norms),
      addressOf(perturbedLosses),
      norm,
      rho,
      epsilon,
      parameters.columns,
      addressOf(gradients),
      strideOf(gradients),
    ],
    extent: operands.groups,
    grain: groupGrain(operands, 4),
    scratchBytes: scratchBytes(operands, 3, 2, 3),
  }];
};

/** Lowering of {@linkcode Kernels.networkProducts}: groups split. */
export const networkProducts: Lowering<"networkProducts"> = (operands) => [{
  entry: `networkProducts_${operands.parameters.array.dtype}`,
  parameters: [
    ...networkParameters(operands),
    addressOf(operands.direction),
    addressOf(operands.products),
    strideOf(operands.products),
  ],
  extent: operands.groups,
  grain: groupGrain(operands, 8),
  scratchBytes: scratchBytes(operands, 2, 4),
}];
