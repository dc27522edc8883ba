import { drawColumns, drawCurves } from "../../../../pictures/mod.ts";
import { quantizeLayerOptions } from "../../../../solvers/quantization/options.ts";
import { tensorFiles } from "../../contents/files.ts";
import type { Field, Panel } from "../../panel.ts";
import { percent } from "../words.ts";
import type { MethodAnswer, QuantizationAnswer } from "./answer.ts";
import { exampleOptions } from "./example_options.ts";

const names: Readonly<Record<MethodAnswer["method"], string>> = {
  rtn: "Rounding",
  gptq: "GPTQ",
  quantease: "QuantEase",
  auto: "Minima's composite",
};

const isStatistic = ({ name }: Field) => /(?:^|[._])(?:gram|hessian|activations|inputs)$/i.test(name);

/** What stands for the inputs of a layer: by its name if any does, else a square matrix of their number. */
function statisticsOf(fields: readonly Field[], weights: string | undefined): string[] {
  const stem = weights?.replace(/\.weights?$/, ""), inputs = fields.find(({ name }) => name === weights)?.shape?.[1];
  const fitting = fields.filter(({ name, shape }) => name !== weights && shape?.[1] === inputs);
  const found = fitting.find((field) => isStatistic(field) && field.name.startsWith(`${stem}.`)) ??
    fitting.find(isStatistic) ?? fitting.find(({ name, shape }) => shape?.[0] === inputs && !/\.weight$/.test(name));
  return found ? [found.name] : [];
}

/** Weights of a few bits. */
export const panel: Panel<QuantizationAnswer> = {
  about: "Weights of a layer in a few bits each, so that its output changes least. Four methods run on the same layer.",
  examples: [{
    name: "layer",
    title: "Example",
    about:
      "Generated, so that it behaves as the layers of a small language model did when they were measured: normal " +
      "weights, inputs that share a third of their energy, channels of different scales, two of them large.",
    options: exampleOptions,
  }],
  files: {
    ...tensorFiles,
    about:
      "A .safetensors file with the weights [outputs, inputs], and with the Gram matrix of their inputs [inputs, inputs] or " +
      "activations [tokens, inputs]",
  },
  roles: {
    weights: {
      title: "Weights",
      choose: (fields) => {
        const weights = fields.filter(({ name }) => /\.weight$/.test(name));
        const found = weights.find(({ name }) => statisticsOf(fields, name).length > 0) ?? weights[0] ??
          fields.find(({ name }) => /weights?$/.test(name)) ?? fields.find((field) => !isStatistic(field));
        return found ? [found.name] : [];
      },
    },
    gram: {
      title: "Gram matrix or activations",
      choose: (fields, [weights]) => statisticsOf(fields, weights),
    },
  },
  options: {
    table: quantizeLayerOptions,
    shown: ["bits", "groupSize", "symmetric", "outliers"],
    without: ["method", "maxIterations"],
    begin: { bits: 3 },
  },
  action: "Quantise",
  before:
    "Rounding to nearest, GPTQ, QuantEase, and the library's own composite of them will run one after the other. The error is that of the layer's output, `‖WX − ŴX‖² / ‖WX‖²`.",
  draw({ shape, methods }) {
    const best = methods.reduce((least, answer) => answer.relativeError < least.relativeError ? answer : least);
    const most = Math.max(...methods.map(({ relativeError }) => relativeError));
    const rounded = methods.find(({ method }) => method === "rtn")!;
    const descents = methods.map(descentOf).filter(({ y }) => y.length > 2 && y[0] > 0);
    const compared = [...new Set([rounded, best])];
    return {
      summary: [
        `${names[best.method]} leaves ${percent(best.relativeError)} of the output's energy as error${
          best === rounded ? "" : `, rounding ${percent(rounded.relativeError)}`
        }.`,
        `A layer of ${shape[0]} outputs and ${shape[1]} inputs, quantised here in this page, on ${best.ran}.`,
      ],
      figures: [
        {
          title: "Relative error of the output",
          head: ["Method", "Error", "Dense passes", "Time"],
          rows: methods.map(({ method, relativeError, passes, elapsedMs }) => [
            names[method],
            relativeError.toPrecision(3),
            passes.toFixed(1),
            `${elapsedMs.toFixed(0)} ms`,
          ]),
          bars: methods.map(({ relativeError }) => relativeError / (most || 1)),
          best: methods.indexOf(best),
        },
        ...descents.length > 0
          ? [{
            picture: (width: number) =>
              drawCurves(descents, {
                title: "Objective, round by round",
                x: { label: "round" },
                y: { scale: "log" },
                width,
                height: 280,
              }),
          }]
          : [],
        ...compared.some(({ rowErrors }) => rowErrors.some((value) => value > 0))
          ? [{
            picture: (width: number) =>
              drawCurves(
                compared.map(({ method, rowErrors }) => ({
                  name: names[method],
                  x: counting(rowErrors.length),
                  y: rowErrors,
                })),
                {
                  title: "Error by output, largest first",
                  x: { label: "output" },
                  y: { scale: "log" },
                  width,
                  height: 280,
                },
              ),
          }]
          : [],
        {
          picture: (width) =>
            drawColumns(best.codeCounts, {
              title: `How often each code is used, ${names[best.method]}`,
              names: Array.from(best.codeCounts, (_, code) => String(code)),
              width,
              height: 240,
            }),
        },
      ],
    };
  },
};

/** The rounds that ended on the grid: those that leave it on purpose have less than the layer that was kept. */
function descentOf({ method, objective, trace }: MethodAnswer) {
  const rounds = counting(trace.length).filter((round) => trace[round - 1] >= objective * (1 - 1e-6));
  return { name: names[method], x: rounds, y: Array.from(rounds, (round) => trace[round - 1]) };
}

function counting(length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => i + 1);
}
