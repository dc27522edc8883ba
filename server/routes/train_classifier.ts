import { trainClassifier, trainClassifierOptions } from "../../solvers/sharpness/mod.ts";
import { matrixArgument, optionalArgument, vectorArgument } from "../arrays.ts";
import { arrayField, integerField, numberField, optionalField, resultFields } from "../answer_fields.ts";
import { Problem } from "../problem.ts";
import { defineRoute, type ServiceRoute } from "../route.ts";
import { counted } from "../../solvers/core/shown.ts";

/** `POST /v1/train-classifier`. */
export const trainClassifierRoute: ServiceRoute = defineRoute({
  path: "/v1/train-classifier",
  operation: "trainClassifier",
  summary: "Train a network that tells classes apart, by sharpness-aware steps, and predict with it.",
  arguments: {
    X: matrixArgument("Samples as rows [samples, features]."),
    labels: vectorArgument("A class from 0 on for each sample [samples]."),
    predict: optionalArgument(matrixArgument("Samples to predict [others, features].")),
  },
  example: {
    X: [[0, 0], [0, 1], [1, 0], [1, 1]],
    labels: [0, 1, 1, 0],
    predict: [[0.1, 0.9]],
    options: { hidden: [8], epochs: 100, optimizer: { rho: 0.05 } },
  },
  options: trainClassifierOptions,
  answer: {
    ...resultFields,
    accuracy: numberField("Share of the samples that it tells right."),
    validationSamples: arrayField("The samples held out, u32."),
    validationLosses: arrayField("Mean loss of the samples held out after each epoch; empty where there are none."),
    validationAccuracies: arrayField("Their accuracy."),
    bestEpoch: integerField("The epoch whose parameters these are."),
    skippedSteps: integerField("Steps left out because a loss or gradient was not finite."),
    network: { json: { type: "object", description: "Features, layers and outputs, as `classifierOf` takes them." } },
    parameters: arrayField("Weights [inputs, outputs] and biases of each layer in turn."),
    means: arrayField("What is taken from the features before the first layer."),
    scales: arrayField("What they are divided by then."),
    predictions: optionalField(arrayField("The most probable class of each sample of `predict`, u32.")),
    probabilities: optionalField(arrayField("Probabilities of the classes [others, classes].")),
  },
  async solve({ X, labels, predict }, options) {
    if (predict && predict.shape[1] !== X.shape[1]) {
      throw new Problem(422, `"predict" has ${counted(predict.shape[1], "column")}, but "X" has ${X.shape[1]}.`, {
        argument: "predict",
      });
    }
    const classes = Array.from(labels), trained = await trainClassifier(X, classes, options);
    const { model: { network, scaling }, validation, predict: classify, probabilities, accuracy, ...rest } = trained;
    return {
      ...rest,
      accuracy: await accuracy(X, classes),
      validationSamples: validation.samples,
      validationLosses: validation.losses,
      validationAccuracies: validation.accuracies,
      network,
      means: scaling.means,
      scales: scaling.scales,
      ...predict && { predictions: await classify(predict), probabilities: await probabilities(predict) },
    };
  },
});
