import type { Kernels } from "../spec.ts";
import { axpy } from "./axpy.ts";
import { cholesky } from "./cholesky.ts";
import { dot } from "./dot.ts";
import { gemm } from "./gemm.ts";
import { gemv } from "./gemv.ts";
import { graphDescent, regressionDescent } from "./l0.ts";
import { neighbourDescent } from "./l0_neighbours.ts";
import { residualDescent } from "./l0_residuals.ts";
import { graphSlopes, graphSwaps, pairedSlopes, scaledConjugates, steepEntries } from "./l0_slopes.ts";
import { graphNodes, regressionNodes } from "./l0_nodes.ts";
import { nrm2 } from "./nrm2.ts";
import { projectSimplex } from "./project_simplex.ts";
import { quadraticForm } from "./quadratic_form.ts";
import { quantizationDescent, quantizationSweep } from "./quantization.ts";
import {
  quantizationChoice,
  quantizationCodes,
  quantizationErrors,
  quantizationObjectives,
} from "./quantization_rows.ts";
import { hardThreshold, topK } from "./selection.ts";
import { syrk } from "./syrk.ts";

/** The reference implementation of every kernel: oracle, documentation and fallback. */
export const referenceKernels: Kernels = {
  dot,
  axpy,
  nrm2,
  gemm,
  syrk,
  gemv,
  cholesky,
  quadraticForm,
  hardThreshold,
  topK,
  projectSimplex,
  quantizationSweep,
  quantizationDescent,
  quantizationErrors,
  quantizationObjectives,
  quantizationCodes,
  quantizationChoice,
  regressionDescent,
  graphDescent,
  neighbourDescent,
  residualDescent,
  graphSlopes,
  regressionNodes,
  graphNodes,
  pairedSlopes,
  steepEntries,
  scaledConjugates,
  graphSwaps,
};
