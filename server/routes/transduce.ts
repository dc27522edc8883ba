import { transduce, transduceOptions } from "../../solvers/completion/mod.ts";
import {
  arrayField,
  integerField,
  numberField,
  optionalField,
  resultFields,
  sentencesField,
} from "../answer_fields.ts";
import { defineRoute, type ServiceRoute } from "../route.ts";
import { tableArgument } from "../tables.ts";

/** `POST /v1/transduce`. */
export const transduceRoute: ServiceRoute = defineRoute({
  path: "/v1/transduce",
  operation: "transduce",
  summary: "Predict labels of items by features, both known in part.",
  arguments: {
    features: tableArgument("One row an item, one column a feature; null or NaN where it is missing."),
    labels: tableArgument("One row an item, one column a label: 1, -1, and null or NaN where it is to be predicted."),
  },
  example: {
    features: [[1, 2], [1.1, null], [-1, -2], [-0.9, -2.1]],
    labels: [[1], [null], [-1], [null]],
    options: { holdout: 0 },
  },
  options: transduceOptions,
  answer: {
    ...resultFields,
    features: arrayField("The features, filled in [items, features]."),
    scores: arrayField("Scores of the labels [items, labels]; their sign is the label."),
    labels: arrayField("1 or -1, row by row.", ({ scores }) => (scores as { shape: readonly number[] }).shape),
    probabilities: optionalField(arrayField("Probabilities of label 1 [items, labels].")),
    calibration: optionalField({ json: { type: "object", description: "How probabilities follow from scores." } }),
    width: numberField("The last width, in standardised units."),
    rank: integerField("Singular values above the width."),
    holdout: optionalField({ json: { type: "object", description: "Errors at held-out features by width." } }),
    remarks: sentencesField("Items, features and labels of which nothing is observed."),
  },
  solve: ({ features, labels }, options) => transduce({ features, labels }, options),
});
