import { quantizeLayer } from "../../mod.ts";
import { matrixArgument } from "../arrays.ts";
import { arrayField, integerField, numberField, optionalField, resultFields, sparseField } from "../answer_fields.ts";
import { defineRoute, solveOptions } from "../route.ts";
import { choice, flag, group, integer, number, required } from "../schema.ts";

/** `POST /v1/quantize-layer`. */
export const quantizeLayerRoute = defineRoute({
  path: "/v1/quantize-layer",
  operation: "quantizeLayer",
  summary: "Quantise the weights of one linear layer so that its outputs change least.",
  arguments: {
    weights: matrixArgument("Weights [outputs, inputs]."),
    gram: matrixArgument("Gram matrix X X^T of the layer's inputs [inputs, inputs]."),
  },
  options: {
    ...solveOptions,
    bits: choice([2, 3, 4, 8], { description: "Bits of a code.", default: 4 }),
    method: choice(["auto", "quantease", "gptq", "rtn"], {
      description: "Algorithm; `auto` is the best known combination.",
      default: "auto",
    }),
    iterations: integer({ least: 0, description: "Sweeps of coordinate descent.", default: 25 }),
    relaxEvery: integer({ least: 0, description: "Every so many sweeps leave the grid; 0 never.", default: 3 }),
    initial: choice(["weights", "rtn", "gptq"], { description: "Where coordinate descent starts." }),
    groupSize: integer({ least: 1, description: "Columns that share a scale; all of them without it." }),
    symmetric: flag({ description: "Grid symmetric about zero.", default: false }),
    activationOrder: flag({ description: "Quantise the columns with the largest inputs first." }),
    damping: number({ least: 0, description: "Added to the diagonal of the Gram matrix, relative to its mean." }),
    outliers: group({
      fraction: required(number({ least: 0, most: 1, description: "Share of the weights kept in full precision." })),
      structured: flag({ description: "Keep whole columns.", default: false }),
    }, { description: "Keeps the weights that matter most outside the grid." }),
  },
  answer: {
    ...resultFields,
    bits: integerField("Bits of a code."),
    groupSize: integerField("Columns that share a scale."),
    shape: { json: { type: "array", items: { type: "integer" }, description: "[outputs, inputs]" } },
    codes: arrayField("Codes [outputs, inputs], u8.", ({ shape }) => shape as readonly number[]),
    scales: arrayField("Scales [outputs, groups]."),
    zeros: arrayField("Zeros [outputs, groups], in codes: a weight is scale * (code - zero) + outlier."),
    groupIndex: optionalField(arrayField("Group of each column [inputs], u32, where it is not column / groupSize.")),
    outliers: optionalField(sparseField("Weights outside the grid [outputs, inputs].")),
    relativeError: numberField("||(W - What) X||^2 / ||W X||^2."),
  },
  solve: ({ weights, gram }, options) => quantizeLayer(weights, gram, options),
});
