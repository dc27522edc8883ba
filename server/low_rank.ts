/** Fields of answers that are matrices of low rank. */

import type { AnswerFields } from "./answer.ts";
import { arrayField, integerField, optionalField, resultFields, sentencesField } from "./answer_fields.ts";

/** What every completion by factors answers beside its own. */
export const factorFields: AnswerFields = {
  ...resultFields,
  left: arrayField("One row a row of the matrix [rows, rank]."),
  right: arrayField("One row a column of the matrix [columns, rank]; the part of low rank is left right^T."),
  rank: integerField("Columns of the factors."),
  remarks: sentencesField("What the data would not allow."),
};

/** What completions by the smoothed rank or the nuclear norm answer. */
export const lowRankFields: AnswerFields = {
  ...factorFields,
  shape: { json: { type: "array", items: { type: "integer" }, description: "Numbers of rows and columns." } },
  singularValues: arrayField("Those of the part of low rank, falling."),
  offsets: optionalField({
    json: {
      type: "object",
      description: "A mean, and what rows and columns add to it.",
      properties: {
        mean: { type: "number" },
        rows: { $ref: "#/components/schemas/Array" },
        columns: { $ref: "#/components/schemas/Array" },
      },
    },
  }),
  holdout: optionalField({
    json: { type: "object", description: "What held-out entries say of each width or price." },
  }),
};
