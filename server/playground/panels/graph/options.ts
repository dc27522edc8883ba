import { number } from "../../../../solvers/core/options.ts";
import { sparsePrecisionOptions, sparsePrecisionPathOptions } from "../../../../solvers/graph/options.ts";

/** The options of a path, and a price that takes its place. */
export const graphOptions = {
  ...sparsePrecisionPathOptions,
  lambda0: number({
    ...omitRequired(sparsePrecisionOptions.lambda0),
    otherwise: "chosen by the criterion",
    about: "Price of each edge; without one, graphs of growing size are compared.",
  }),
};

function omitRequired<E extends { readonly required: true }>({ required: _, ...entry }: E): Omit<E, "required"> {
  return entry;
}
