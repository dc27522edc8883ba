/** Fields that answers are declared with. */

import type { AnswerField, AnswerFields } from "./answer.ts";

/** JSON Schema of an array in an answer. */
export const arrayJson = {
  type: "object",
  description: "Elements in row-major order: as numbers in `data` where an answer has at most 4096 of them, as " +
    "little-endian bytes in `base64` elsewhere; `Accept: application/json;arrays=base64` or `;arrays=numbers` asks for one.",
  properties: {
    shape: { type: "array", items: { type: "integer", minimum: 0 } },
    dtype: { enum: ["f64", "f32", "u32", "i32", "u8", "i8"] },
    data: { type: "array", items: { type: "number" } },
    base64: { type: "string", contentEncoding: "base64" },
  },
  required: ["shape", "dtype"],
  oneOf: [{ required: ["data"] }, { required: ["base64"] }],
};

/** JSON Schema of a sparse matrix in an answer. */
export const sparseJson = {
  type: "object",
  description: "Compressed rows (csr) or columns (csc), with scipy's names.",
  properties: {
    format: { enum: ["csr", "csc"] },
    shape: { type: "array", items: { type: "integer", minimum: 0 } },
    indptr: { $ref: "#/components/schemas/Array" },
    indices: { $ref: "#/components/schemas/Array" },
    data: { $ref: "#/components/schemas/Array" },
  },
  required: ["format", "shape", "indptr", "indices", "data"],
};

/** An array or a matrix. */
export function arrayField(description: string, shape?: AnswerField["shape"]): AnswerField {
  return { json: { $ref: "#/components/schemas/Array", description }, shape };
}

/** A sparse matrix. */
export function sparseField(description: string): AnswerField {
  return { json: { $ref: "#/components/schemas/SparseMatrix", description } };
}

/** A number; not finite ones are `null`. */
export function numberField(description: string): AnswerField {
  return { json: { type: ["number", "null"], description } };
}

/** A whole number. */
export function integerField(description: string): AnswerField {
  return { json: { type: "integer", description } };
}

/** Sentences for people. */
export function sentencesField(description: string): AnswerField {
  return { json: { type: "array", items: { type: "string" }, description } };
}

/** The same field, which may be missing. */
export function optionalField(field: AnswerField): AnswerField {
  return { ...field, optional: true };
}

/** What every solver answers beside its own. */
export const resultFields: AnswerFields = {
  status: {
    json: {
      enum: ["converged", "iteration-limit", "time-limit", "node-limit", "precision-limit"],
      description: "How the solve ended: at its tolerance, or at a limit with the best answer so far.",
    },
  },
  objective: numberField("Value of the objective at the answer."),
  trace: arrayField("Objective by iteration."),
  iterations: integerField("Iterations done."),
  elapsedMs: numberField("Duration of the solve in milliseconds."),
  plan: {
    json: {
      type: "object",
      description: "Where the solve ran, and why.",
      properties: {
        backend: { type: "string" },
        threads: { type: "integer" },
        dtype: { type: "string" },
        reason: { type: "string" },
      },
    },
  },
};

/** What branch and bound proves; only `exact` has it. */
export const certificateFields: AnswerFields = {
  lowerBound: optionalField(numberField("No solution has a lower objective.")),
  gap: optionalField(numberField("(objective - lowerBound) / |objective|.")),
  nodes: optionalField(integerField("Relaxations solved.")),
};
