import { drawColumns, drawCurves } from "../../../../pictures/mod.ts";
import { quantizeLayerOptions } from "../../../../solvers/quantization/options.ts";
import { tensorFiles } from "../../contents/files.ts";
import type { Field, Panel } from "../../panel.ts";
import type { MethodAnswer, QuantizationAnswer } from "./answer.ts";
import { exampleOptions } from "./example_options.ts";

const names: Readonly<Record<MethodAnswer["method"], string>> = {
  rtn: "Rounding",
  gptq: "GPTQ",
  quantease: "QuantEase",
  auto: "Minima's composite",
};

const isStatistic = ({ name }: Field) => /(?:^|[._])(?:gram|hessian|activations|inputs)$/i.test(name);

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
      "A .safetensors file with the weights [outputs, inputs] and the Gram matrix of their inputs [inputs, inputs]",
  },
  roles: {
    weights: {
      title: "Weights",
      choose: (fields) => {
        const found = fields.find(({ name }) => /\.weight$/.test(name)) ??
          fields.find(({ name }) => /weights?$/.test(name)) ??
          fields.find((field) => !isStatistic(field));
        return found ? [found.name] : [];
      },
    },
    gram: {
      title: "Gram matrix",
      choose: (fields, [weights]) => {
        const stem = weights?.replace(/\.weights?$/, "");
        const found = fields.find((field) => isStatistic(field) && field.name.startsWith(`${stem}.`)) ??
          fields.find(isStatistic) ?? fields.find(({ name }) => name !== weights);
        return found ? [found.name] : [];
      },
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
    const descents = methods.filter(({ trace }) => trace.length > 2);
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
        ...descents.some(({ trace }) => trace.some((value) => value > 0))
          ? [{
            picture: (width: number) =>
              drawCurves(
                descents.map(({ method, trace }) => ({ name: names[method], x: counting(trace.length), y: trace })),
                {
                  title: "Objective, round by round",
                  x: { label: "round" },
                  y: { scale: "log" },
                  width,
                  height: 280,
                },
              ),
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

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}

function counting(length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => i + 1);
}
