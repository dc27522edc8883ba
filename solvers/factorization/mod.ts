/** Nonnegative matrix factorisation and archetypal analysis. @module */

export { fromRows, type Matrix, matrix, type SparseMatrix, toDense } from "../core/matrix.ts";
export { type ArchetypalNmf, archetypalNmf, type ArchetypalNmfCall } from "./archetypal.ts";
export {
  type ArchetypalNmfOptions,
  archetypalNmfOptions,
  type ArchetypeStart,
  type Continuation,
  type FactorizationOptions,
  type FactorStart,
  type OpenArchetypalOptions,
} from "./options.ts";
export { type Robustness, robustness } from "./robustness.ts";
