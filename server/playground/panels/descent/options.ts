import { choice, flag, number } from "../../../../solvers/core/options.ts";
import { kernelMatrixOptions } from "../../../../solvers/sharpness/kernel_options.ts";

const { kernel: _, ...shapes } = kernelMatrixOptions;

/** The options of the panel: a kernel, how features are scaled, and the noise that sliders begin with. */
export const descentOptions = {
  kernel: choice(["none", "linear", "polynomial", "gaussian"], {
    default: "none",
    about: "Functions that are fitted: linear ones, or those of a kernel.",
  }),
  ...shapes,
  standardize: flag({ default: true, about: "Scale features to variance 1; their means are taken off anyway." }),
  noise: number({
    least: 0,
    above: true,
    most: 1e10,
    otherwise: "known of an example, else estimated",
    about: "Standard deviation of the noise in the target.",
  }),
};
