import type { Case } from "../case.ts";
import { cost, onTasks, rhoOnImages, sensitivity } from "../sam/networks.ts";
import { againstDraws } from "../sam/draws.ts";
import { besideDescent, inBatches } from "../sam/paths.ts";

/** The claims of the papers on SAM for least squares and on mSAM, each with its verdict. */
export const samClaims: Case = {
  question:
    "Do the claims on SAM for least squares and on micro-batches hold: bias, variance, flatness, accuracy, cost?",
  async run(context) {
    const { quick, seed, progress } = context;
    progress("draws of the noise");
    const claims = [await againstDraws(quick ? 4000 : 40_000, seed)];
    progress("SAM beside gradient descent");
    claims.push(await besideDescent(quick ? 10 : 50, seed), await inBatches(quick ? 500 : 4000, seed));
    for (const measure of [onTasks, rhoOnImages, sensitivity, cost]) claims.push(await measure(context));
    return {
      tables: claims.flatMap(({ tables }) => tables),
      targets: claims.flatMap(({ targets }) => targets),
      notes: [
        "Least squares: Behdin & Mazumder 2023 claim less bias and more variance than gradient descent at every step, and less " +
        "risk where one stops early; extended to kernels and random batches. With the best stopping time for each, SAM wins " +
        "where the signal lies on sharp directions, and loses where it lies on flat ones; a step costs two gradients, and " +
        "beside descent with as many gradients it is behind in most of the steps below 10: both columns are in the table.",
        "Simulations take the steps as they are written down, in plain loops, 40,000 draws in 40 groups.",
        "Gratings of ten directions somewhere in images of 32 x 32, for a network of two convolutions of 8 channels; the next " +
        "character after six others, in the documents of this project, for 198-64-33.",
        "On gratings the 16 micro-batches of mSAM have four images each, whose gradients point apart: perturbations as long as " +
        "those of SAM keep a seed from learning, shorter ones do not. Which rho is best there was not known beforehand.",
        "A network that has learnt nothing is flat: where mSAM 16 is more than three points of accuracy behind SGD its trace " +
        "is in the table and no target, and steps of the grid count between networks within three points of plain descent.",
        "Micro-batches: Behdin et al. 2023 claim flatter minima, better accuracy, and no significant increase in cost. Samples " +
        "a second are wall-clock time, of long trainings less short ones; threads share two cores with whatever else runs.",
      ],
    };
  },
};
