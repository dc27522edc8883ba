import { flag } from "../../../../solvers/core/options.ts";
import { optimizerOptions } from "../../../../solvers/sharpness/optimizer_options.ts";
import { trainClassifierOptions } from "../../../../solvers/sharpness/train_options.ts";

const { optimizer: _, ...training } = trainClassifierOptions;

/** The options of the panel: those of a training and of its optimiser, and whether it is compared. */
export const sharpnessPanelOptions = {
  compare: flag({
    default: true,
    about: "Train by the base optimiser alone and by one perturbation of the whole batch as well.",
  }),
  ...optimizerOptions,
  ...training,
};
