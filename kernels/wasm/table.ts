import type { KernelName } from "../spec.ts";
import type { Lowering } from "./launch.ts";
import { cholesky } from "./cholesky.ts";
import { graphDescent, regressionDescent } from "./l0.ts";
import {
  graphSlopes,
  graphSwaps,
  neighbourDescent,
  pairedSlopes,
  residualDescent,
  scaledConjugates,
  steepEntries,
} from "./l0_graph.ts";
import { graphNodes, regressionNodes } from "./l0_nodes.ts";
import { gemm, gemv, syrk } from "./matrix.ts";
import { projectSimplex } from "./projection.ts";
import { quadraticForm } from "./quadratic_form.ts";
import {
  quantizationChoice,
  quantizationCodes,
  quantizationDescent,
  quantizationErrors,
  quantizationObjectives,
  quantizationSweep,
} from "./quantization.ts";
import { hardThreshold, topK } from "./selection.ts";
import { axpy, dot, nrm2 } from "./vector.ts";

/** The kernels that have a WASM implementation; the others run as reference. */
export const lowerings: { readonly [K in KernelName]?: Lowering<K> } = {
  ...{ dot, axpy, nrm2 },
  ...{ gemm, syrk, gemv },
  ...{ regressionDescent, graphDescent, neighbourDescent, residualDescent },
  ...{ graphSlopes, pairedSlopes, steepEntries, scaledConjugates, graphSwaps },
  ...{ regressionNodes, graphNodes },
  ...{ cholesky, quadraticForm },
  ...{ hardThreshold, topK },
  ...{ projectSimplex },
  ...{ quantizationSweep, quantizationDescent },
  ...{ quantizationErrors, quantizationObjectives, quantizationCodes, quantizationChoice },
};
