/** Training of layered networks, and of what gives gradients. @module */

import type { FamilySpecifications } from "../specification.ts";
import { type NetworkKernels, networkSpecifications } from "./network.ts";
import { type PerturbationKernels, perturbationSpecifications } from "./perturbation.ts";
import { type UpdateKernels, updateSpecifications } from "./update.ts";

export type * from "./network.ts";
export type * from "./perturbation.ts";
export type * from "./update.ts";

/** The kernels of the family. */
export interface TrainingKernels extends NetworkKernels, PerturbationKernels, UpdateKernels {}

/** Their specifications. */
export const trainingSpecifications: FamilySpecifications<TrainingKernels> = {
  ...networkSpecifications,
  ...perturbationSpecifications,
  ...updateSpecifications,
};
