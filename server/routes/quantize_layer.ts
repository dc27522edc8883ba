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
    iterations: integer({
      least: 1,
      description: "Passes of `quantease`, annealing rounds of `auto`; the other methods take one pass.",
      default: 25,
    }),
    maxIterations: integer({ least: 1, description: "Most iterations, as every solver takes it." }),
    relaxEvery: integer({
      least: 0,
      description: "Every how many passes `quantease` leaves the grid to escape a local minimum; 0 for never.",
      default: 3,
    }),
    initial: choice(["weights", "rtn", "gptq"], {
      description: "What the descent begins with: `weights` for `quantease`, `gptq` for `auto` without it.",
    }),
    groupSize: integer({ least: 1, description: "Columns that share a scale; all of them without it." }),
    symmetric: flag({ description: "Grids symmetric about zero.", default: false }),
    activationOrder: flag({ description: "Columns of largest Gram diagonal first; so in `auto` without it." }),
    damping: number({
      least: 0,
      description: "Share of the mean diagonal that is added to the Gram matrix before it is factored.",
      default: 0.01,
    }),
    outliers: group({
      fraction: required(number({ least: 0, most: 0.5, description: "Share of the weights, or columns, kept." })),
      structured: flag({ description: "Whole columns instead of single weights.", default: false }),
    }, { description: "Weights kept beside the grid, for `auto` and `quantease`; none without it." }),
  },
  answer: {
    ...resultFields,
    bits: integerField("Bits of a code."),
    groupSize: integerField("Columns that share a scale."),
    shape: { json: { type: "array", items: { type: "integer" }, description: "[outputs, inputs]" } },
    codes: arrayField("Codes [outputs, inputs], u8.", ({ shape }) => shape as readonly number[]),
    scales: arrayField("Scales [outputs, groups]."),
    zeros: arrayField("Zeros [outputs, groups], in codes: a weight is scale * (code - zero) + outlier."),
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
