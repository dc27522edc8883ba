/** All cases, in the order of the report. A case is one file here and one line below. */

import type { Case } from "../case.ts";

/** Loads a case when it is asked for. */
export const cases: Readonly<Record<string, () => Promise<Case>>> = {
  "gemm": async () => (await import("./gemm.ts")).gemm,
  "gemm-runtimes": async () => (await import("./gemm_runtimes.ts")).gemmRuntimes,
  "threads": async () => (await import("./threads.ts")).threads,
  "webgpu": async () => (await import("./webgpu.ts")).webgpu,
  "quantization-sweep": async () => (await import("./quantization_sweep.ts")).quantizationSweep,
  "quantize-layer": async () => (await import("./quantize_layer.ts")).quantizeLayerCase,
  "quantize-methods": async () => (await import("./quantize_methods.ts")).quantizeMethods,
  "quantize-model": async () => (await import("./quantize_model.ts")).quantizeModelCase,
  "gguf": async () => (await import("./gguf.ts")).ggufCase,
  "checkpoints": async () => (await import("./checkpoints.ts")).checkpointsCase,
  "quantize-growth": async () => (await import("./quantize_growth.ts")).quantizeGrowth,
  "quantize-memory": async () => (await import("./quantize_memory.ts")).quantizeMemory,
  "regression-certificates": async () => (await import("./regression_certificates.ts")).regressionCertificates,
  "graph-certificates": async () => (await import("./graph_certificates.ts")).graphCertificates,
  "branch-and-bound": async () => (await import("./branch_and_bound.ts")).branchAndBoundCase,
  "graph-recovery": async () => (await import("./graph_recovery.ts")).graphRecovery,
  "completion-recovery": async () => (await import("./completion_recovery.ts")).completionRecovery,
  "completion-ratings": async () => (await import("./completion_ratings.ts")).completionRatings,
  "completion-offsets": async () => (await import("./completion_offsets.ts")).completionOffsets,
  "completion-speed": async () => (await import("./completion_speed.ts")).completionSpeed,
  "emotions": async () => (await import("./emotions.ts")).emotions,
  "multitask-simulation": async () => (await import("./multitask_simulation.ts")).multiTaskSimulation,
  "parkinsons": async () => (await import("./parkinsons.ts")).parkinsons,
  "sachs": async () => (await import("./sachs.ts")).sachs,
  "stocks": async () => (await import("./stocks.ts")).stocks,
  "flat-minima": async () => (await import("./flat_minima.ts")).flatMinima,
  "sam-claims": async () => (await import("./sam_claims.ts")).samClaims,
  "nmf": async () => (await import("./nmf.ts")).nmfCase,
  "archetypes": async () => (await import("./archetypes.ts")).archetypes,
  "samson": async () => (await import("./samson.ts")).samson,
  "cold-start": async () => (await import("./cold_start.ts")).coldStart,
  "size": async () => (await import("./size.ts")).size,
};
