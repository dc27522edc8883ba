import {
  drawEigenvalueDensity,
  drawLossProfiles,
  drawLossSurface,
  drawTrainingCurves,
} from "../../../../pictures/mod.ts";
import { tableFiles } from "../../contents/files.ts";
import type { Panel } from "../../panel.ts";
import { numbersAlone } from "../roles.ts";
import { inShort, missingRemarks, percent, ranWords, statusRemark } from "../words.ts";
import type { SharpnessAnswer } from "./answer.ts";
import { digitsOptions } from "./example.ts";
import { sharpnessPanelOptions } from "./options.ts";

/** Classifiers, and how flat their minima are. */
export const panel: Panel<SharpnessAnswer> = {
  about:
    "A network that tells the classes of a column apart, trained toward flat minima by sharpness-aware steps (SAM, and mSAM with several micro-batches), and how flat they are.",
  examples: [{
    name: "digits",
    title: "Example",
    about: "Generated: digits of 5 x 7 pixels somewhere in 8 x 8, with noise, and a share of labels drawn at random.",
    options: digitsOptions,
  }],
  files: tableFiles,
  roles: {
    target: {
      title: "Label",
      kinds: ["text", "numbers"],
      choose: (fields) => {
        const found = fields.find(({ name }) => /^(?:label|class|target|species|digit)$/i.test(name)) ??
          fields.find(({ kind }) => kind === "text") ?? fields.find(({ name }) => /^y$/i.test(name));
        return found ? [found.name] : [];
      },
    },
    features: { title: "Features", kinds: ["numbers", "text"], many: true, choose: numbersAlone },
  },
  options: {
    table: sharpnessPanelOptions,
    shown: ["rho", "microBatches", "hidden", "epochs", "batchSize", "validation", "compare"],
    without: ["classes", "convolution"],
    begin: { rho: 0.5, microBatches: 8, epochs: 40, validation: 0.25 },
    labels: {
      microBatches: "Micro-batches",
      hidden: "Hidden layers",
      validation: "Held out",
      compare: "Compare with SGD and SAM",
      base: "Base optimiser",
    },
  },
  action: "Train",
  before: "Losses by epoch, eigenvalues of the Hessian and slices of the loss will show how flat each minimum is.",
  draw({ target, classes, featureCount, samples, settled, parameters, runs, waiting, ran }) {
    const last = runs[runs.length - 1], width320 = (width: number) => ({ width, height: 320 });
    const compared = runs.length > 1
      ? ` ${last.name} ends at a largest eigenvalue of ${inShort(last.largestEigenvalue, 3)}, ${
        runs.slice(0, -1).map(({ name, largestEigenvalue }) => `${name} at ${inShort(largestEigenvalue, 3)}`).join(", ")
      }.`
      : ` Its largest eigenvalue is ${inShort(last.largestEigenvalue, 3)}.`;
    const told = last.accuracy === undefined
      ? `${percent(last.trainedAccuracy)} of the samples that it was trained on`
      : `${percent(last.accuracy)} of the samples held out`;
    return {
      summary: [
        `${last.name} tells ${told} right.${compared}`,
        `${classes.length} classes of ${target} by ${featureCount} features in ${samples} samples: ${parameters} parameters.${
          waiting > 0 ? ` ${waiting} more to train.` : ""
        }`,
        ranWords(ran),
      ],
      remarks: [
        ...missingRemarks(settled),
        // All epochs that were asked for are the end of a training, and fall short of nothing.
        ...runs.flatMap(({ status }) => status === "iteration-limit" ? [] : statusRemark(status)).slice(0, 1),
        ...runs.flatMap(({ name, skippedSteps }) =>
          skippedSteps > 0 ? [`${skippedSteps} steps of ${name} were left out: they were not finite.`] : []
        ),
      ],
      figures: [
        {
          picture: (width) =>
            drawTrainingCurves(
              runs.map(({ name, training, heldOut, best }) => ({ name, training, heldOut, best })),
              { width, height: 360 },
            ),
          about: "Dashed: samples held out; the marked epoch is taken.",
        },
        {
          picture: (width) =>
            drawLossProfiles(runs.map(({ name, slice }) => ({ name, ...slice })), { width, height: 360 }),
          about: "From each minimum along its own sharpest direction: the wider the valley, the flatter.",
        },
        {
          title: "Flatness",
          head: ["Optimiser", "Held out", "Trained on", "Largest eigenvalue", "Trace", "Rises within 0.05 by"],
          rows: runs.map((run) => [
            run.name,
            run.accuracy === undefined ? "" : percent(run.accuracy),
            percent(run.trainedAccuracy),
            inShort(run.largestEigenvalue, 3),
            `${inShort(run.trace, 3)} ± ${inShort(run.traceStandardError, 2)}`,
            inShort(run.rhoSharpness, 3),
          ]),
          about:
            "Of the training loss, at the parameters that were taken: where training was stopped before a minimum, it rises by its slope as well.",
        },
        {
          picture: (width) =>
            drawEigenvalueDensity(runs.map(({ name, density }) => ({ name, ...density })), width320(width)),
        },
        {
          picture: (width) =>
            drawLossSurface({ name: last.name, ...last.slice }, {
              title: `Loss around ${last.name}`,
              width,
            }),
          about: "Across the sharpest direction, down the second.",
        },
      ],
    };
  },
};
