import { columnTransforms } from "../../../../solvers/core/column_transforms.ts";
import { choice, number, text } from "../../../../solvers/core/options.ts";
import { sparsePrecisionOptions, sparsePrecisionPathOptions } from "../../../../solvers/graph/options.ts";

/** The options of a path, a price that takes its place, and what is done to the columns first. */
export const graphOptions = {
  ...sparsePrecisionPathOptions,
  transform: choice(columnTransforms, {
    otherwise: "as they are",
    about: "Change the columns first: `log-returns` makes prices comparable, row by row; `normal-scores`, ranks as " +
      "quantiles, makes skewed measurements normal.",
  }),
  groups: text({
    otherwise: "none",
    about:
      "Colours of the variables: `name: group`, with semicolons between; a name may end in `*`, as in `PK*: kinases`.",
  }),
  lambda0: number({
    ...omitRequired(sparsePrecisionOptions.lambda0),
    otherwise: "chosen by the criterion",
    about: "Price of each edge; without one, graphs of growing size are compared.",
  }),
};

function omitRequired<E extends { readonly required: true }>({ required: _, ...entry }: E): Omit<E, "required"> {
  return entry;
}
