/** Every family. For tests and measurements: what imports this has them all in its bundle. @module */

import type { KernelFamily } from "../engine/family.ts";
import { completionFamily } from "./completion.ts";
import { denseFamily } from "./dense.ts";
import { factorizationFamily } from "./factorization.ts";
import { l0Family } from "./l0.ts";
import { modelFamily } from "./model.ts";
import { proximalFamily } from "./proximal.ts";
import { quantizationFamily } from "./quantization.ts";
import { spectralFamily } from "./spectral.ts";
import { trainingFamily } from "./training.ts";

/** The families, by name. */
export const families: readonly KernelFamily[] = [
  denseFamily,
  factorizationFamily,
  l0Family,
  proximalFamily,
  quantizationFamily,
  spectralFamily,
  completionFamily,
  trainingFamily,
  modelFamily,
];
