/**
 * The contract of every kernel: what it computes, over which operands and to which accuracy.
 *
 * A kernel is a pure function over flat arrays that live where the kernel runs. It allocates nothing and keeps nothing.
 * Kernels come in families; every backend offers the same table, {@linkcode Kernels}, and keeps a family in a folder of
 * the same name; the conformance grid in `tests/conformance/` runs each entry of {@linkcode specifications} on every
 * backend.
 *
 * To add a kernel: describe its arguments and its place in a family under `contract/`, write its `reference/`, then
 * override it where speed is wanted (`wasm/`, `webgpu/`), and add its cases to `tests/conformance/`.
 *
 * @module
 */

import { type CompletionKernels, completionSpecifications } from "./contract/completion/mod.ts";
import { type DenseKernels, denseSpecifications } from "./contract/dense/mod.ts";
import { type FactorizationKernels, factorizationSpecifications } from "./contract/factorization/mod.ts";
import { type ModelKernels, modelSpecifications } from "./contract/model/mod.ts";
import { type L0Kernels, l0Specifications } from "./contract/l0/mod.ts";
import { type ProximalKernels, proximalSpecifications } from "./contract/proximal/mod.ts";
import { type QuantizationKernels, quantizationSpecifications } from "./contract/quantization/mod.ts";
import type { FamilySpecifications } from "./contract/specification.ts";
import { type SpectralKernels, spectralSpecifications } from "./contract/spectral/mod.ts";
import { type TrainingKernels, trainingSpecifications } from "./contract/training/mod.ts";

export type * from "./contract/completion/mod.ts";
export type * from "./contract/dense/mod.ts";
export type * from "./contract/factorization/mod.ts";
export type * from "./contract/l0/mod.ts";
export type * from "./contract/model/mod.ts";
export type * from "./contract/operands.ts";
export type * from "./contract/proximal/mod.ts";
export type * from "./contract/quantization/mod.ts";
export type * from "./contract/specification.ts";
export type * from "./contract/spectral/mod.ts";
export type * from "./contract/training/mod.ts";

/** Every kernel a backend offers. */
export interface Kernels
  extends
    DenseKernels,
    ProximalKernels,
    L0Kernels,
    QuantizationKernels,
    SpectralKernels,
    CompletionKernels,
    FactorizationKernels,
    TrainingKernels,
    ModelKernels {}

/** Names of the kernels. */
export type KernelName = keyof Kernels;

/** What a kernel takes. */
export type KernelArguments<K extends KernelName> = Parameters<Kernels[K]>[0];

/** The specification of every kernel. */
export const specifications: FamilySpecifications<Kernels> = {
  ...denseSpecifications,
  ...proximalSpecifications,
  ...factorizationSpecifications,
  ...l0Specifications,
  ...quantizationSpecifications,
  ...spectralSpecifications,
  ...completionSpecifications,
  ...trainingSpecifications,
  ...modelSpecifications,
};
