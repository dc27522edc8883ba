import { choice, integer } from "../../../../solvers/core/options.ts";
import { archetypalNmfOptions, nmfOptions } from "../../../../solvers/factorization/options.ts";

/** What the rows are written as. */
export const models = ["archetypes", "components"] as const;

/** The options of the panel: those of archetypes, which model, and how wide images are. */
export const factorizationOptions = {
  model: choice(models, {
    default: "archetypes",
    about: "Mixtures of archetypes, whose weights sum to one, or sums of components.",
  }),
  imageWidth: integer({
    least: 1,
    most: 4096,
    otherwise: "no images",
    about: "Columns of the image that a row of the table is, where it is one.",
  }),
  ...archetypalNmfOptions,
  initialComponents: { ...nmfOptions.initial, about: "How the first components are made." },
};
