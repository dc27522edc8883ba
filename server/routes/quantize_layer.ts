import { quantizeLayer, quantizeLayerOptions } from "../../solvers/quantization/mod.ts";
import { matrixArgument } from "../arrays.ts";
import { arrayField, integerField, numberField, optionalField, resultFields, sparseField } from "../answer_fields.ts";
import { defineRoute, type ServiceRoute } from "../route.ts";

/** `POST /v1/quantize-layer`. */
export const quantizeLayerRoute: ServiceRoute = defineRoute({
  path: "/v1/quantize-layer",
  operation: "quantizeLayer",
  summary: "Quantise the weights of one linear layer so that its outputs change least.",
  arguments: {
    weights: matrixArgument("Weights [outputs, inputs]."),
    gram: matrixArgument("Gram matrix X X^T of the layer's inputs [inputs, inputs]."),
  },
  example: { weights: [[0.3, -0.7]], gram: [[2, 1], [1, 2]], options: { bits: 3 } },
  options: quantizeLayerOptions,
  answer: {
    ...resultFields,
    bits: integerField("Bits of a code."),
    groupSize: integerField("Columns that share a scale."),
    shape: { json: { type: "array", items: { type: "integer" }, description: "[outputs, inputs]" } },
    codes: arrayField("Codes [outputs, inputs], u8.", ({ shape }) => shape as readonly number[]),
    scales: arrayField("Scales [outputs, groups]."),
    zeros: arrayField("Zero points [outputs, groups], in codes: a weight is scale * (code - zero point) + outlier."),
    groupIndex: optionalField(arrayField("Group of each column [inputs], u32, where there are several.")),
    outliers: optionalField(sparseField("Weights added to the grid's [outputs, inputs].")),
    relativeError: numberField("||(W - What) X||^2 / ||W X||^2."),
    rowObjectives: arrayField("What each output adds to the objective [outputs], f64."),
    passes: numberField("Work in dense passes of coordinate descent, outputs * inputs^2 multiply-adds each."),
    damping: optionalField(numberField("Share of the mean diagonal that was added to the Gram matrix.")),
    violations: optionalField(
      integerField("Weights that a change of one code would improve; 0 is a coordinate-wise minimum."),
    ),
    remarks: {
      json: {
        type: "array",
        items: { type: "string" },
        description: "What the request did not ask for but the data demanded.",
      },
    },
  },
  solve: ({ weights, gram }, options) => quantizeLayer(weights, gram, options),
});
