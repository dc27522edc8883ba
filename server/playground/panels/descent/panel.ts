import { drawCurves, drawRiskPaths, type RiskPath } from "../../../../pictures/mod.ts";
import { type SamPath, samPath } from "../../../../solvers/sharpness/explorer.ts";
import { tableFiles } from "../../contents/files.ts";
import type { Findings, Panel } from "../../panel.ts";
import { numbersAlone, targetRole } from "../roles.ts";
import { inShort, missingRemarks, ranWords } from "../words.ts";
import type { DescentAnswer } from "./answer.ts";
import { linearOptions, waveOptions } from "./example.ts";
import { descentOptions } from "./options.ts";

/** Steps that are drawn, at most, and the points of a curve. */
const mostSteps = 1e6, points = 80;

/** Steps that are even in the logarithm, each once. */
function stepsUpTo(most: number, count: number): number[] {
  return [...new Set(Array.from({ length: count }, (_, i) => Math.round(most ** (i / (count - 1)))))];
}

/** Numbers even in the logarithm. */
function evenly(least: number, most: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => least * (most / least) ** (i / (count - 1)));
}

/** The sliders, and what follows of them. */
function movedOf({ spectrum, noise: known }: DescentAnswer): Findings["moved"] {
  const sharpest = spectrum.eigenvalues[0] ?? 1, by = spectrum.signal ? "risk" : "estimatedRisk";
  const called = spectrum.signal ? "risk" : "estimated risk";
  const usual = samPath(spectrum, { rho: 1 / sharpest, noise: known }), best = usual.bestStep(mostSteps, by);
  const horizon = Math.min(mostSteps, Math.max(100, 10 ** Math.ceil(Math.log10(10 * best + 1))));
  const stops = [0, ...stepsUpTo(horizon, 161)], noises = evenly(known / 10, known * 10, 41);
  const rhos = [0, ...evenly(0.01 / sharpest, 100 / sharpest, 81)],
    rates = evenly(0.001 / sharpest, 2.2 / sharpest, 101);
  const nearest = (values: readonly number[], wanted: number) =>
    values.reduce((at, value, i) => Math.abs(value - wanted) < Math.abs(values[at] - wanted) ? i : at, 0);
  return {
    sliders: {
      rho: { title: "rho", values: rhos, begin: nearest(rhos, 1 / sharpest), text: (rho) => inShort(rho, 3) },
      rate: {
        title: "rate",
        values: rates,
        begin: nearest(rates, usual.learningRate),
        text: (rate) => inShort(rate, 3),
      },
      stop: { title: "stopped after", values: stops, begin: nearest(stops, best), text: (step) => `${step} steps` },
      noise: { title: "noise", values: noises, begin: 20, text: (noise) => inShort(noise, 3) },
    },
    at({ rho, rate, stop, noise }) {
      const sharp = samPath(spectrum, { rho, learningRate: rate, noise });
      const plain = samPath(spectrum, { rho: 0, learningRate: rate, noise });
      const steps = [...new Set([...stepsUpTo(horizon, points), Math.max(1, stop)])].sort((a, b) => a - b);
      const start = sharp.at(0)[by]!, ceiling = 3 * Math.max(start, noise * noise, 1e-300);
      const course = (path: SamPath, name: string, marked?: number): RiskPath => {
        const here = steps.map((step) => path.at(step));
        // What diverges leaves the picture.
        const seen = (value: number) => value <= ceiling ? value : NaN;
        return {
          name,
          steps,
          bias2: spectrum.signal && here.map(({ bias2 }) => seen(bias2!)),
          variance: here.map(({ variance }) => seen(variance)),
          risk: here.map((point) => seen(point[by]!)),
          marked,
        };
      };
      const at = sharp.at(stop), value = (path: SamPath, step: number) => inShort(path.at(step)[by]!);
      const sharpBest = sharp.bestStep(horizon, by), plainBest = plain.bestStep(horizon, by);
      const parts = spectrum.signal
        ? `squared bias ${inShort(at.bias2!)} and variance ${inShort(at.variance)}`
        : `loss ${inShort(at.loss)}, ${inShort(at.degreesOfFreedom, 3)} degrees of freedom`;
      const stable = rate < sharp.largestLearningRate;
      return {
        summary: [
          `Stopped after ${stop} steps the ${called} is ${inShort(at[by]!)}: ${parts}.`,
          `At best it is ${value(sharp, sharpBest)}, after ${sharpBest}; gradient descent with this rate has ${
            value(plain, stop)
          } there, and at best ${value(plain, plainBest)}, after ${plainBest}.`,
          `A step with rho costs two gradients: with as many, gradient descent is at step ${2 * stop}, where it has ${
            value(plain, 2 * stop)
          }.`,
          stable
            ? `The steps converge: below a rate of ${
              inShort(sharp.largestLearningRate, 3)
            }, or with this one for eigenvalues below ${inShort(sharp.largestEigenvalue, 3)}, the largest being ${
              inShort(sharpest, 3)
            }.`
            : `The steps do not converge: the rate is not below ${inShort(sharp.largestLearningRate, 3)}.`,
        ],
        figures: [
          {
            picture: (width) =>
              drawRiskPaths(
                [
                  course(sharp, `rho ${inShort(rho, 3)}`, steps.indexOf(Math.max(1, stop))),
                  course(plain, "gradient descent"),
                ],
                {
                  title: `${spectrum.signal ? "Bias, variance and risk" : "Variance and estimated risk"} by steps`,
                  width,
                  height: 380,
                },
              ),
            wide: true,
            about: "Dashed is gradient descent, rho 0, with the same rate.",
          },
          {
            picture: (width) =>
              drawCurves(
                [["rho", sharp], ["gradient descent", plain]].map(([name, path]) => ({
                  name: name as string,
                  x: spectrum.eigenvalues,
                  y: (path as SamPath).shares(stop).map((share) => Math.abs(share) < 3 ? share : NaN),
                  dashed: name !== "rho",
                  colour: 0,
                })),
                {
                  title: "Share of each direction that is fitted",
                  x: { label: "eigenvalue", scale: "log" },
                  y: { label: `after ${stop} steps` },
                  width,
                  height: 320,
                },
              ),
            about: "Sharp directions are fitted first; with rho they are faster still.",
          },
          {
            picture: (width) =>
              drawCurves(
                [["rho", sharp], ["gradient descent", plain]].map(([name, path]) => ({
                  name: name as string,
                  x: steps,
                  y: steps.map((step) => Math.min((path as SamPath).at(step).loss, ceiling)),
                  dashed: name !== "rho",
                  colour: 0,
                })),
                {
                  title: "Loss by steps",
                  x: { label: "steps", scale: "log" },
                  y: { label: "mean square / 2" },
                  width,
                  height: 320,
                },
              ),
            about: "On the samples that are fitted it only falls: it does not say when to stop.",
          },
        ],
      };
    },
  };
}

/** Sharpness-aware descent on least squares, moved by hand. */
export const panel: Panel<DescentAnswer> = {
  about:
    "Sharpness-aware descent on least squares, and when to stop it: bias, variance and risk of every step follow from one decomposition, and move with `rho`, the rate and the stopping time.",
  examples: [{
    name: "spectrum",
    title: "Linear",
    about: "Generated: curvatures fall as 1, 1/2, 1/3, ...; the truth lies where you say, so that the risk is known.",
    options: linearOptions,
  }, {
    name: "wave",
    title: "Wave",
    about: "Generated: a wave on a line that runs ever faster, for a kernel; choose a Gaussian one of width 0.2, say.",
    options: waveOptions,
  }],
  files: tableFiles,
  roles: {
    target: targetRole,
    features: { title: "Features", kinds: ["numbers", "text"], many: true, choose: numbersAlone },
  },
  options: { table: descentOptions, shown: ["kernel", "width", "noise", "standardize"] },
  action: "Decompose",
  before: "Curves will follow the sliders for rho, the rate, the stopping time and the noise.",
  draw(answer) {
    const { target, featureCount, samples, spectrum, kernel, noise, noiseFrom, settled, remarks, ran } = answer;
    const functions = kernel === "none" ? `${featureCount} features` : `a ${kernel} kernel`;
    return {
      summary: [
        `${target} by ${functions} in ${samples} rows: ${spectrum.eigenvalues.length} directions.`,
        `The noise is ${inShort(noise)} at first, from ${noiseFrom}.`,
        ranWords(ran),
      ],
      remarks: [...missingRemarks(settled), ...remarks],
      figures: [],
      ...(spectrum.eigenvalues.length > 0 && { moved: movedOf(answer) }),
    };
  },
};
