/** What is claimed of sharpness-aware paths of least squares, kernels and random batches, measured. */

import {
  createRandom,
  kernelMatrix,
  matrix,
  samKernelSpectrum,
  type SamPath,
  samPath,
  samRegression,
  samSpectrum,
} from "../../mod.ts";
import type { Cell, Target } from "../case.ts";
import { type Claims, spread } from "./claims.ts";
import { problem } from "./draws.ts";

/** Bias, variance and risk of SAM beside gradient descent at one rate, over draws of the problem. */
export async function besideDescent(draws: number, seed: number): Promise<Claims> {
  const rows: Cell[][] = [], targets: Target[] = [], horizon = 2000, early = 10;
  let ordered = 0, compared = 0;
  const judge = (name: string, ratio: Cell, rho: number, pairs: [SamPath, SamPath][]) => {
    const sharpBest: number[] = [], plainBest: number[] = [];
    let ahead = 0, behindEqualGradients = 0;
    for (const [sharp, plain] of pairs) {
      for (const k of [1, 2, 3, 5, 8, 13, 30, 100, 300, 1000]) {
        const s = sharp.at(k), p = plain.at(k);
        compared++;
        if (s.bias2! <= p.bias2! * (1 + 1e-12) && s.variance >= p.variance * (1 - 1e-12)) ordered++;
      }
      for (let k = 1; k < early; k++) {
        if (sharp.at(k).risk! < plain.at(k).risk!) ahead++;
        if (sharp.at(k).risk! > plain.at(2 * k).risk!) behindEqualGradients++;
      }
      sharpBest.push(sharp.at(sharp.bestStep(horizon)).risk!);
      plainBest.push(plain.at(plain.bestStep(horizon)).risk!);
    }
    const cells = pairs.length * (early - 1), gain = spread(sharpBest.map((value, i) => plainBest[i] - value));
    rows.push([
      name,
      ratio,
      rho,
      spread(plainBest).mean,
      spread(sharpBest).mean,
      gain.mean / gain.error,
      ahead / cells,
      behindEqualGradients / cells,
    ]);
    return { ahead: ahead / cells, gain: gain.mean / gain.error };
  };
  for (
    const [alignment, ratio, rho] of [["top", 1, 2], ["top", 4, 2], ["isotropic", 1, 2], ["bottom", 0.25, 2]] as const
  ) {
    const pairs: [SamPath, SamPath][] = [];
    for (let draw = 0; draw < draws; draw++) {
      const { X, truth, values } = problem(200, 100, alignment, ratio, seed + 100 + draw);
      const spectrum = await samSpectrum(X, values, { truth }), sharpest = spectrum.eigenvalues[0];
      const learningRate = 1 / (sharpest * (1 + rho * sharpest));
      pairs.push([samPath(spectrum, { rho, learningRate }), samPath(spectrum, { rho: 0, learningRate })]);
    }
    const { ahead, gain } = judge(alignment, ratio, rho, pairs);
    if (alignment !== "top") continue;
    targets.push(
      {
        name:
          `signal on sharp directions, SNR ${ratio}: share of draws and steps below ${early} at which SAM has less risk`,
        value: ahead,
        limit: 0.9,
        sense: "at least",
      },
      {
        name:
          `signal on sharp directions, SNR ${ratio}: standard errors by which SAM's best risk is below gradient descent's`,
        value: gain,
        limit: 2,
        sense: "at least",
      },
    );
  }
  const pairs: [SamPath, SamPath][] = [];
  for (let draw = 0; draw < draws; draw++) {
    const random = createRandom(seed + 500 + draw),
      x = matrix(80, 1, Float64Array.from({ length: 80 }, random.uniform));
    const truth = x.data.map((place) => Math.sin(6 * place + draw)), kernel = await kernelMatrix(x, x, { width: 0.2 });
    const spectrum = await samKernelSpectrum(kernel, truth, { truth }),
      sharpest = spectrum.eigenvalues[0],
      rho = 2 / sharpest;
    const learningRate = 1 / (sharpest * (1 + rho * sharpest));
    pairs.push([
      samPath(spectrum, { rho, learningRate, noise: 0.5 }),
      samPath(spectrum, { rho: 0, learningRate, noise: 0.5 }),
    ]);
  }
  const { ahead } = judge("kernel, a wave", 2, 2, pairs);
  return {
    tables: [{
      title: `SAM beside gradient descent at one rate, ${draws} draws (rho of the kernel over its largest eigenvalue)`,
      columns: [
        "signal",
        "SNR",
        "rho",
        "best risk of descent",
        "of SAM",
        "its gain in standard errors",
        `SAM ahead before step ${early}`,
        "behind descent of twice the steps",
      ],
      rows,
    }],
    targets: [
      {
        name: "share of paths and steps at which SAM has no more bias and no less variance than gradient descent",
        value: ordered / compared,
        limit: 1,
        sense: "at least",
      },
      ...targets,
      {
        name: `kernel regression: share of draws and steps below ${early} at which SAM has less risk`,
        value: ahead,
        limit: 0.9,
        sense: "at least",
      },
    ],
  };
}

/** Random batches: bias and variance by draws of noise and order. */
export async function inBatches(draws: number, seed: number): Promise<Claims> {
  const { X, truth, values } = problem(120, 20, "top", 1, seed + 7), rows: Cell[][] = [], at = [2, 4, 8];
  let bias = 0, variance = 0;
  const found = new Map<number, { bias2: Float64Array; variance: Float64Array; risk: Float64Array }>();
  for (const rho of [0, 1]) {
    const options = { rho, learningRate: 0.2, steps: 8, at, batchSize: 20, truth, draws, seed };
    const { bias2, variance, risk } = await samRegression(X, values, options);
    found.set(rho, { bias2: bias2!, variance: variance!, risk: risk! });
  }
  at.forEach((step, i) => {
    const plain = found.get(0)!, sharp = found.get(1)!;
    if (sharp.bias2[i] < plain.bias2[i]) bias++;
    if (sharp.variance[i] > plain.variance[i]) variance++;
    rows.push([
      step,
      plain.bias2[i],
      sharp.bias2[i],
      plain.variance[i],
      sharp.variance[i],
      plain.risk[i],
      sharp.risk[i],
    ]);
  });
  return {
    tables: [{
      title: `Random batches of 20 rows of 120, ${draws} draws of the noise`,
      columns: ["step", "squared bias, SGD", "SAM, rho 1", "variance, SGD", "SAM, rho 1", "risk, SGD", "SAM, rho 1"],
      rows,
    }],
    targets: [
      {
        name: "random batches: share of steps at which SAM has less bias than SGD",
        value: bias / at.length,
        limit: 1,
        sense: "at least",
      },
      {
        name: "random batches: share of steps at which SAM has more variance than SGD",
        value: variance / at.length,
        limit: 1,
        sense: "at least",
      },
    ],
  };
}
