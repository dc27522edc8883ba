/** Nonnegative matrix factorisation and archetypal analysis. @module */

export { fromRows, type Matrix, matrix, type SparseMatrix, toDense } from "../core/matrix.ts";
export { type ArchetypalNmf, archetypalNmf, type ArchetypalNmfCall } from "./archetypal.ts";
export {
  type ArchetypalNmfOptions,
  archetypalNmfOptions,
  archetypalNmfPathOptions,
  type ArchetypalPathOptions,
  type ArchetypeStart,
  type Continuation,
  type FactorizationOptions,
  type FactorStart,
  type NmfOptions,
  nmfOptions,
  type NmfStart,
  type OpenArchetypalOptions,
  type OpenNmfOptions,
  type ProjectionOptions,
  projectionOptions,
} from "./options.ts";
export { type Nmf, nmf, type NmfCall } from "./nmf.ts";
export { archetypalNmfPath, type ArchetypalPathPoint } from "./path.ts";
export { projectOntoArchetypes } from "./project.ts";
export { type Robustness, robustness } from "./robustness.ts";
