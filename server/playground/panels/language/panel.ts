import type { ModelReport } from "../../../../models/mod.ts";
import { drawLayers } from "../../../../pictures/mod.ts";
import type { Field, Figure, Panel } from "../../panel.ts";
import { inShort, percent, statusRemark } from "../words.ts";
import { counted } from "../../../../solvers/core/shown.ts";
import type { LanguageAnswer } from "./answer.ts";
import { exampleOptions } from "./example_options.ts";
import { languageOptions } from "./options.ts";

const isHeldOut = ({ name }: Field) => /eval|valid|test|held/i.test(name);

/** A whole language model in a few bits a weight. */
export const panel: Panel<LanguageAnswer> = {
  about:
    "A whole language model in a few bits a weight, block by block, towards the outputs of the original: judged by its " +
    "perplexity, run here, and saved for other programs.",
  examples: [{
    name: "generated",
    title: "Example",
    about:
      "A small Llama with random weights, and texts that it writes itself: it shows what happens, not how good a model is.",
    options: exampleOptions,
  }],
  files: {
    about:
      "The files of a model, together: config.json, .safetensors, tokenizer.json; and texts (.txt), a sequence a line",
    accept: ".json,.safetensors,.txt,.text,.md",
    many: true,
  },
  roles: {
    calibration: {
      title: "Calibration text",
      kinds: ["text"],
      optional: true,
      choose: (fields) => {
        const found = fields.find(({ name }) => /calib|train/i.test(name)) ?? fields.find((field) => !isHeldOut(field));
        return found ? [found.name] : [];
      },
    },
    heldOut: {
      title: "Held-out text",
      kinds: ["text"],
      optional: true,
      choose: (fields, taken) => {
        const found = fields.find((field) => isHeldOut(field) && !taken.includes(field.name));
        return found ? [found.name] : [];
      },
    },
  },
  options: {
    table: languageOptions,
    shown: ["bits", "groupSize", "format", "prompt"],
    without: ["maxIterations", "backend"],
    begin: { bits: 4, groupSize: 32 },
  },
  action: "Quantise",
  before:
    "The model will be quantised in this page, layer by layer. Where no text was picked, it writes texts of its own. Perplexity is `exp` of the mean negative log-likelihood of a token of the held-out text: lower is better.",
  draw(answer) {
    const { family, parameters, layers, layerCount, perplexity, whole, sample, files, ownTexts } = answer;
    const summary: string[] = [];
    if (perplexity?.after !== undefined) {
      summary.push(
        `Perplexity goes from ${inShort(perplexity.before)} to ${
          inShort(perplexity.after)
        } on ${perplexity.tokens} tokens.`,
      );
    } else if (perplexity) summary.push(`The original has a perplexity of ${inShort(perplexity.before)}.`);
    if (whole) {
      summary.push(
        `Its layers take ${megabytes(whole.bytes)} instead of ${megabytes(whole.bytesBefore)} in 16 bits, ` +
          `${inShort(whole.averageBits, 3)} bits a code.`,
      );
    }
    summary.push(
      `${family}, ${
        inShort(parameters / 1e6, 3)
      } million parameters: ${layers.length} of ${layerCount} layers are quantised.`,
    );
    const figures: Figure[] = [];
    if (sample) {
      figures.push({
        title: sample.prompt ? `What it writes after “${sample.prompt}”` : "What it writes",
        texts: [["Original", sample.before], ["Quantised", sample.after]],
        about: "The likeliest tokens. Another prompt needs no new work: what was quantised is kept.",
      });
    }
    if (layers.length > 0) {
      figures.push({ picture: (width) => drawLayers(layers, { width }), wide: true });
    }
    if (whole) {
      figures.push({
        title: "Layers by error, largest first",
        head: ["Layer", "Error", "Bits"],
        rows: worst(layers).map(({ name, relativeError, bits }) => [name, percent(relativeError), String(bits)]),
        bars: worst(layers).map(({ relativeError }) => relativeError / (worst(layers)[0].relativeError || 1)),
        about: `Of the outputs' energy; the mean over all layers is ${percent(whole.meanRelativeError)}.`,
      });
    }
    return {
      summary,
      figures,
      remarks: [
        ...whole ? endRemark(whole) : [],
        ...whole && whole.resumedBlocks > 0
          ? [
            `${whole.resumedBlocks} of its blocks ${
              whole.resumedBlocks > 1 ? "were" : "was"
            } there already, from before.`,
          ]
          : [],
        ...ownTexts
          ? ["The texts are the model's own: perplexities tell the two models apart, and nothing of text."]
          : [],
        ...files && files.length > 1
          ? [`It is saved as ${files.length} files, which belong in one folder, by these names.`]
          : [],
      ],
    };
  },
};

function worst(layers: LanguageAnswer["layers"]): LanguageAnswer["layers"] {
  return layers.toSorted((a, b) => b.relativeError - a.relativeError).slice(0, 12);
}

/** How it ended, where some layers did not converge. */
function endRemark({ status, layers }: ModelReport): string[] {
  if (status !== "iteration-limit") return statusRemark(status);
  const cut = layers.filter((layer) => layer.status !== "converged").length;
  return [
    `${cut} of ${
      counted(layers.length, "layer")
    } stopped at the iteration limit: more iterations may find better codes.`,
  ];
}

function megabytes(bytes: number): string {
  return `${inShort(bytes / 1e6, 3)} MB`;
}
