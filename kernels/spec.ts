/**
 * The contract of every kernel: what it computes, over which operands, to which accuracy and at which cost.
 *
 * A kernel is a pure function over flat arrays that live where the kernel runs. It allocates nothing and keeps nothing.
 * Every backend offers the same table, {@linkcode Kernels}; the conformance grid in `tests/conformance/` runs each
 * entry of {@linkcode kernelSpecs} on every backend.
 *
 * To add a kernel: describe its arguments and its place in a family under `spec/`, write `reference/<kernel>.ts`, then
 * override it where speed is wanted (`wasm/`, `webgpu/`), and add its cases to `tests/conformance/`.
 *
 * @module
 */

import type { FamilySpecs } from "./spec/contract.ts";
import { type L0Kernels, l0Specs } from "./spec/l0.ts";
import { type L0NodeKernels, l0NodeSpecs } from "./spec/l0_nodes.ts";
import { type MatrixKernels, matrixSpecs } from "./spec/matrix.ts";
import { type ProjectionKernels, projectionSpecs } from "./spec/projection.ts";
import { type QuantizationKernels, quantizationSpecs } from "./spec/quantization.ts";
import { type SelectionKernels, selectionSpecs } from "./spec/selection.ts";
import { type VectorKernels, vectorSpecs } from "./spec/vector.ts";

export type * from "./spec/contract.ts";
export type * from "./spec/l0.ts";
export type * from "./spec/l0_nodes.ts";
export type * from "./spec/l0_graph.ts";
export type * from "./spec/matrix.ts";
export type * from "./spec/operands.ts";
export type * from "./spec/projection.ts";
export type * from "./spec/quantization.ts";
export type * from "./spec/selection.ts";
export type * from "./spec/vector.ts";

/** Every kernel a backend offers. */
export interface Kernels
  extends
    VectorKernels,
    MatrixKernels,
    SelectionKernels,
    ProjectionKernels,
    QuantizationKernels,
    L0Kernels,
    L0NodeKernels {}

/** Names of the kernels. */
export type KernelName = keyof Kernels;

/** What a kernel takes. */
export type KernelArguments<K extends KernelName> = Parameters<Kernels[K]>[0];

/** The specification of every kernel. */
export const kernelSpecs: FamilySpecs<Kernels> = {
  ...vectorSpecs,
  ...matrixSpecs,
  ...selectionSpecs,
  ...projectionSpecs,
  ...quantizationSpecs,
  ...l0Specs,
  ...l0NodeSpecs,
};
