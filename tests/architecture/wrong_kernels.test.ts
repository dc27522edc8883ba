/** Every public solver with one kernel after another slightly wrong: what it says of its answer stays true. @module */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KernelName, Kernels } from "../../kernels/contract.ts";
import { wrapKernels } from "../../kernels/engine/kernel_wrapper.ts";
import * as minima from "../../mod.ts";
import { createRandom, dequantize, matrix, type Result } from "../../mod.ts";
import { type MadeLayer, makeLayer, rowLosses } from "../support/layers.ts";
import { makeMovedLayer, type MovedLayer, movedLosses } from "../support/moved_layers.ts";
import { partlyLabelled } from "../solvers/completion/labelled.ts";
import { quantizedObjective, simulateLevels } from "../solvers/completion/levels.ts";
import { cutLowRank } from "../solvers/completion/violations.ts";
import { bestGraph, covariance, graphObjective } from "../solvers/graph/best_graph.ts";
import { archetypalSamples, residualSquares, squares } from "../solvers/factorization/data.ts";
import { golden } from "../solvers/graph/data.ts";
import { bestSubset } from "../solvers/regression/best_subset.ts";
import { enumerated, goldenTasks, type Question } from "../solvers/multitask/instances.ts";
import { simulate } from "../solvers/regression/data.ts";
import { lowRank, objectiveOf, singularValuesOf } from "../solvers/completion/problems.ts";
import { meanCrossEntropy, spirals } from "../solvers/sharpness/data.ts";

/** One way to call a solver; fails where what it reports is not true of its answer. */
type Check = () => Promise<void>;

/** Exported functions that are asynchronous and solve nothing. */
const exempt = [
  "calibrate",
  "capabilities",
  "dispose",
  "init",
  "loadModel",
  "loadQuantized",
  "kernelMatrix",
  "kernelRidge",
  "networkLoss",
  "parseQuantizedLayers",
  "readGgufHeader",
  "readGgufTensor",
  "readOnnxLayers",
  "readSafetensorsHeader",
  "readSafetensorsTensor",
  "saveCompressedTensors",
  "saveGguf",
  "saveGptq",
  "saveOnnx",
  "saveSafetensors",
];

/** What they return is what the kernels computed, or what the solvers here say of layers: no claim beside that. */
const measured = ["generate", "generateTokens", "logits", "perplexity", "quantizeModel"];

const place = { backend: "wasm", timeLimitMs: 3_000 } as const;

/** Relative accuracy of what is reported. */
const accuracy = 1e-9;

function near(what: string, received: number, truth: number): void {
  assert.ok(Math.abs(received - truth) <= accuracy * Math.abs(truth), `${what} is ${received}, in truth ${truth}`);
}

interface Bounded extends Result {
  readonly lowerBound?: number;
  readonly gap?: number;
}

function trueOf(result: Bounded, objective: number, optimum = Infinity, gapTolerance = 0): void {
  near("the objective", result.objective, objective);
  if (result.lowerBound === undefined) return;
  const { lowerBound, gap, status } = result;
  const bounds = lowerBound <= optimum + accuracy * Math.abs(optimum) && lowerBound <= result.objective;
  assert.ok(bounds, `the lower bound is ${lowerBound}, the optimum ${optimum}, the objective ${result.objective}`);
  near("the gap", gap!, (result.objective - lowerBound) / Math.abs(result.objective));
  assert.ok(status !== "converged" || gap! <= gapTolerance, `${status} at a gap of ${gap}`);
}

const { X, y } = simulate(30, 7, 3, 0.6, 0.5, 4);
const penalties = { lambda0: 0.6, lambda2: 0.1 };
const subset = bestSubset(X, y, penalties.lambda0, penalties.lambda2, Infinity);

/** The data that a fit with an intercept and scaled columns sees, and its best subset. */
const scaledSubset = (() => {
  const [samples, features] = X.shape, data = new Float64Array(samples * features);
  for (let j = 0; j < features; j++) {
    const { mean, scale } = momentsOf(j);
    for (let i = 0; i < samples; i++) data[i * features + j] = (X.data[i * features + j] - mean) / scale;
  }
  const mean = y.reduce((sum, value) => sum + value, 0) / samples;
  const centred = matrix(samples, features, data), response = y.map((value) => value - mean);
  return (lambda0: number) => bestSubset(centred, response, lambda0, penalties.lambda2, Infinity);
})();

function momentsOf(j: number): { mean: number; scale: number } {
  const [samples, features] = X.shape;
  const column = Array.from({ length: samples }, (_, i) => X.data[i * features + j]);
  const mean = column.reduce((total, x) => total + x, 0) / samples;
  return { mean, scale: Math.sqrt(column.reduce((total, x) => total + (x - mean) ** 2, 0) / samples) };
}

/** The objective of a regression, from its definition. */
function regressionObjective(
  fit: { coefficients: Float64Array; intercept: number },
  standardize: boolean,
  lambda0: number,
): number {
  const [samples, features] = X.shape;
  let sum = 0;
  for (let j = 0; j < features; j++) {
    const b = fit.coefficients[j] * (standardize ? momentsOf(j).scale : 1);
    if (b !== 0) sum += lambda0 + penalties.lambda2 * b * b;
  }
  for (let i = 0; i < samples; i++) {
    let residual = y[i] - fit.intercept;
    for (let j = 0; j < features; j++) residual -= X.data[i * features + j] * fit.coefficients[j];
    sum += residual * residual / 2;
  }
  return sum;
}

const plain = { intercept: false, standardize: false };
const regressions: Record<string, Check> = {};
for (const method of ["auto", "coordinate-descent", "local-search", "exact"] as const) {
  for (const gapTolerance of method === "exact" || method === "auto" ? [0, 0.01] : [0]) {
    regressions[`${method}, gap ${gapTolerance}`] = async () => {
      const fit = await minima.sparseRegression(X, y, { ...penalties, ...plain, ...place, method, gapTolerance });
      trueOf(fit, regressionObjective(fit, false, penalties.lambda0), subset, gapTolerance);
    };
  }
  regressions[`${method}, scaled`] = async () => {
    const scaled = { intercept: true, standardize: true };
    const fit = await minima.sparseRegression(X, y, { ...penalties, ...scaled, ...place, method });
    trueOf(fit, regressionObjective(fit, true, penalties.lambda0), scaledSubset(penalties.lambda0), 0.01);
  };
}
regressions["exact, without ridge"] = async () => {
  const options = { lambda0: 0.6, lambda2: 0, ...plain, ...place, method: "exact", gapTolerance: 1e-6 } as const;
  const fit = await minima.sparseRegression(X, y, options);
  const objective = regressionObjective(fit, false, 0.6) - fit.coefficients.reduce((sum, b) => sum + 0.1 * b * b, 0);
  trueOf(fit, objective, bestSubset(X, y, 0.6, 0, Infinity), 1e-6);
};

const S = covariance(golden), edgePenalties = { lambda0: 0.2, lambda2: 0.1 };
const graph = bestGraph(S, edgePenalties.lambda0, edgePenalties.lambda2, Infinity).objective;

function graphTruth({ precision }: minima.SparsePrecision, lambda0: number): number {
  const { data } = minima.toDense(precision), size = precision.shape[0];
  const T = S.map((_, i) => Array.from(data.subarray(i * size, (i + 1) * size)));
  return graphObjective(S, T, lambda0, edgePenalties.lambda2);
}

const graphs: Record<string, Check> = {};
for (const evaluation of ["products", "neighbours", "residuals"] as const) {
  for (const [method, gapTolerance] of [["approximate", 0], ["exact", 0], ["exact", 0.01]] as const) {
    graphs[`${method}, ${evaluation}, gap ${gapTolerance}`] = async () => {
      const options = {
        ...edgePenalties,
        ...place,
        method,
        evaluation,
        gapTolerance,
        perturbations: 2,
        randomStarts: 1,
      };
      const fit = await minima.sparsePrecision(golden, options);
      trueOf(fit, graphTruth(fit, edgePenalties.lambda0), graph, gapTolerance);
    };
  }
}

/** Codes of a layer that the change of one code alone improves, by more than the rounding of the precision of its weights. */
function violationsOf({ weights, gram }: MadeLayer, layer: minima.QuantizedLayer): number {
  const [rows, columns] = layer.shape, dense = dequantize(layer).data;
  const least = (weights.data instanceof Float32Array ? 1e-6 : 1e-9) * layer.objective;
  let count = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let product = 0;
      for (let k = 0; k < columns; k++) {
        product += (weights.data[i * columns + k] - dense[i * columns + k]) * gram.data[j * columns + k];
      }
      const code = layer.codes[i * columns + j], scale = layer.scales.data[i * layer.scales.shape[1]];
      const improves = (other: number) => {
        const step = scale * (other - code);
        return 2 * step * product - step * step * gram.data[j * columns + j] > least;
      };
      if (Array.from({ length: 2 ** layer.bits }, (_, other) => other).some(improves)) count++;
    }
  }
  return count;
}

function layerTrue(layer: MadeLayer, quantized: minima.QuantizedLayer, settles: boolean): void {
  const zero = matrix(layer.weights.shape[0], layer.weights.shape[1], new Float64Array(layer.weights.data.length));
  const losses = rowLosses(layer, dequantize(quantized)), loss = losses.reduce((sum, value) => sum + value, 0);
  trueOf(quantized, loss);
  losses.forEach((value, i) => near(`the objective of row ${i}`, quantized.rowObjectives[i], value));
  near(
    "the relative error",
    quantized.relativeError,
    loss / rowLosses(layer, zero).reduce((sum, value) => sum + value),
  );
  const { status } = quantized, violations = violationsOf(layer, quantized);
  if (quantized.violations !== undefined) assert.equal(quantized.violations, violations, "violations");
  if (settles && status === "converged") assert.equal(violations, 0, "converged, but codes are to be changed");
  if (violations === 0) assert.ok(quantized.violations === undefined || status === "converged", status);
}

const layers: Record<string, Check> = {};
for (const dtype of ["f32", "f64"] as const) {
  const layer = makeLayer({ rows: 6, columns: 16, seed: 3, dtype });
  for (const method of ["auto", "quantease", "gptq", "rtn"] as const) {
    for (
      const outliers of method === "auto" || method === "quantease" ? [undefined, { fraction: 0.05 }] : [undefined]
    ) {
      layers[`${method}, ${dtype}${outliers ? ", outliers" : ""}`] = async () => {
        const options = { ...place, bits: 3, method, outliers, iterations: 4 } as const;
        const quantized = await minima.quantizeLayer(layer.weights, layer.gram, options);
        layerTrue(layer, quantized, method === "auto" || method === "quantease");
      };
    }
  }
}

/** The same for a layer whose target is the output of the original model. */
function movedLayerTrue(layer: MovedLayer, quantized: minima.QuantizedLayer, settles: boolean): void {
  const dense = dequantize(quantized), { losses, norms } = movedLosses(layer, dense);
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value);
  trueOf(quantized, total(losses));
  losses.forEach((value, i) => near(`the objective of row ${i}`, quantized.rowObjectives[i], value));
  near("the relative error", quantized.relativeError, total(losses) / total(norms));
  const { shape: [rows, columns], scales, codes, bits, status, violations } = quantized;
  const least = (layer.weights.data instanceof Float32Array ? 1e-6 : 1e-9) * total(losses);
  let count = 0;
  for (let j = 0; j < columns; j++) {
    const improved = new Set<number>();
    for (let code = 0; code < 2 ** bits; code++) {
      const other = matrix(rows, columns, dense.data.slice());
      for (let i = 0; i < rows; i++) other.data[i * columns + j] += scales.data[i] * (code - codes[i * columns + j]);
      movedLosses(layer, other).losses.forEach((loss, i) => loss < losses[i] - least && improved.add(i));
    }
    count += improved.size;
  }
  if (violations !== undefined) assert.equal(violations, count, "violations");
  if (settles && status === "converged") assert.equal(count, 0, "converged, but codes are to be changed");
}

for (const dtype of ["f32", "f64"] as const) {
  const layer = makeMovedLayer({ rows: 4, columns: 12, seed: 3, tokens: 30, dtype, share: 0.5 });
  for (const method of ["auto", "quantease", "gptq", "rtn"] as const) {
    layers[`${method}, ${dtype}, towards the original`] = async () => {
      const options = { ...place, bits: 3, method, iterations: 4, original: layer.original } as const;
      const quantized = await minima.quantizeLayer(layer.weights, layer.gram, options);
      movedLayerTrue(layer, quantized, method === "auto" || method === "quantease");
    };
  }
}

async function accumulates(): Promise<void> {
  const tokens = 20, inputs = 9, { normal } = createRandom(8);
  const activations = matrix(tokens, inputs, Float64Array.from({ length: tokens * inputs }, normal));
  const accumulator = minima.accumulateGram(inputs, { backend: "wasm" });
  await accumulator.add(activations);
  const { data } = await accumulator.gram();
  for (let i = 0; i < inputs; i++) {
    for (let j = 0; j < inputs; j++) {
      let sum = 0, size = 0;
      for (let t = 0; t < tokens; t++) {
        const product = activations.data[t * inputs + i] * activations.data[t * inputs + j];
        sum += product;
        size += Math.abs(product);
      }
      assert.ok(Math.abs(data[i * inputs + j] - sum) <= accuracy * size, `${i}, ${j} is ${data[i * inputs + j]}`);
    }
  }
}

const tasks = goldenTasks();

/** The objective of multi-task regressions, from its definition. */
function multiTaskObjective(fit: minima.SparseMultiTask, question: Question): number {
  const { coefficients: { data: b, shape: [features, count] }, intercepts } = fit;
  const { ridge, valueSharing = 0, supportSharing = 0, commonSupport } = question;
  let sum = 0;
  tasks.forEach(({ X, y }, k) => {
    for (let i = 0; i < y.length; i++) {
      let residual = y[i] - intercepts[k];
      for (let j = 0; j < features; j++) residual -= X.data[i * features + j] * b[j * count + k];
      sum += residual * residual / (2 * y.length);
    }
  });
  for (let j = 0; j < features; j++) {
    const own = Array.from(b.subarray(j * count, (j + 1) * count)), mean = own.reduce((a, c) => a + c, 0) / count;
    const having = own.filter((value) => value !== 0).length;
    for (const value of own) sum += ridge / 2 * value * value + valueSharing / 2 * (value - mean) ** 2;
    if (!commonSupport) sum += supportSharing / 2 * having * (count - having) / count;
  }
  return sum;
}

const multiTaskQuestions: Record<string, Question> = {
  "supports shared": { support: 2, ridge: 0.01, supportSharing: 0.05 },
  "values shared": { support: 2, ridge: 0.01, valueSharing: 0.3, supportSharing: 0.05 },
  "a common support": { support: 2, ridge: 0.01, valueSharing: 0.3, commonSupport: true },
};
const multiTasks: Record<string, Check> = {}, multiTaskPaths: Record<string, Check> = {};
const multiTaskValidations: Record<string, Check> = {};
for (const [name, question] of Object.entries(multiTaskQuestions)) {
  const optimum = enumerated(tasks, question), { support, ridge, commonSupport, ...sharing } = question;
  const grid = {
    support: [support],
    ridge: [ridge],
    valueSharing: [sharing.valueSharing ?? 0],
    supportSharing: [sharing.supportSharing ?? 0],
  };
  for (const method of ["local-search", "exact"] as const) {
    const options = { standardize: false, ...place, method, commonSupport };
    const isTrue = (fit: minima.SparseMultiTask) => trueOf(fit, multiTaskObjective(fit, question), optimum, 0.01);
    multiTasks[`${method}, ${name}`] = async () =>
      isTrue(await minima.sparseMultiTask(tasks, { ...options, ...question }));
    multiTaskPaths[`${method}, ${name}`] = async () => {
      for await (const point of minima.sparseMultiTaskPath(tasks, { ...options, grid })) isTrue(point);
    };
    multiTaskValidations[`${method}, ${name}`] = async () =>
      isTrue((await minima.crossValidateMultiTask(tasks, { ...options, grid, folds: 2 })).fit);
  }
}

/** Every public solver, and the ways to call it. */
const solvers: Record<string, Record<string, Check>> = {
  sparseRegression: regressions,
  sparsePrecision: graphs,
  sparseMultiTask: multiTasks,
  sparseMultiTaskPath: multiTaskPaths,
  crossValidateMultiTask: multiTaskValidations,
  quantizeLayer: layers,
  accumulateGram: { f64: accumulates },
};

const pathOptions = { lambda2: penalties.lambda2, ...plain, ...place, count: 5 };
solvers.sparseRegressionPath = Object.fromEntries(
  (["coordinate-descent", "local-search", "exact"] as const).map((method) => [method, async () => {
    for await (const point of minima.sparseRegressionPath(X, y, { ...pathOptions, method })) {
      const optimum = bestSubset(X, y, point.lambda0, penalties.lambda2, Infinity);
      trueOf(point, regressionObjective(point, false, point.lambda0), optimum, 0.01);
    }
  }]),
);
solvers.crossValidateRegression = Object.fromEntries(
  (["local-search", "exact"] as const).map((method) => [method, async () => {
    const { fit } = await minima.crossValidateRegression(X, y, { ...pathOptions, method, folds: 3 });
    const optimum = bestSubset(X, y, fit.lambda0, penalties.lambda2, Infinity);
    trueOf(fit, regressionObjective(fit, false, fit.lambda0), optimum, 0.01);
  }]),
);
solvers.sparsePrecisionPath = Object.fromEntries(
  (["approximate", "exact"] as const).map((method) => [method, async () => {
    const options = { lambda2: edgePenalties.lambda2, ...place, method, count: 4 };
    for await (const point of minima.sparsePrecisionPath(golden, options)) {
      const optimum = bestGraph(S, point.lambda0, edgePenalties.lambda2, Infinity).objective;
      trueOf(point, graphTruth(point, point.lambda0), optimum, 0.01);
    }
  }]),
);

const mixtures = archetypalSamples([12, 8, 3], 0.1, { separable: false }).X;

/** Archetypes of few entries, and how near right kernels bring them to the hull of the samples. */
const sparse = { rank: 3, nonzeros: 4, maxIterations: 5 } as const;
const nearest = (await minima.archetypalNmf(mixtures, { ...sparse, lambda: 1e6 })).archetypal;

/** Whether factors are what is said of them. */
function factorsTrue(answer: minima.ArchetypalNmf, lambda: number): void {
  const { archetypes, weights, hullWeights } = answer;
  const fit = residualSquares(mixtures, weights, archetypes);
  const archetypal = residualSquares(archetypes, hullWeights, mixtures), size = squares(mixtures);
  const close = (what: string, a: number, b: number) =>
    assert.ok(Math.abs(a - b) <= accuracy * size, `${what} is ${a}`);
  close("the fit", answer.fit, fit);
  close("the archetypal term", answer.archetypal, archetypal);
  close("the objective", answer.objective, fit + (lambda === Infinity ? 0 : lambda * archetypal));
  near("the relative error", answer.relativeError, Math.sqrt(fit / size));
  assert.ok((answer.archetypalBound ?? 0) <= nearest, `${answer.archetypalBound} is no bound on ${nearest}`);
  assert.equal(answer.nonzeroCount, archetypes.data.filter((value) => value !== 0).length);
}

const factorisations: [string, minima.ArchetypalNmfCall][] = [
  ["dense", { rank: 3 }],
  ["budget, with local search", { rank: 3, nonzeros: 14, localSearch: true, maxIterations: 2, timeLimitMs: 100 }],
  ["few entries, with a bound", { ...sparse, archetypalBound: true }],
  ["archetypal analysis", { rank: 3, lambda: Infinity }],
];
solvers.archetypalNmf = Object.fromEntries(
  factorisations.map(([name, options]) => [name, async () => {
    const limits = { ...place, maxIterations: 30, ...options };
    factorsTrue(await minima.archetypalNmf(mixtures, limits), options.lambda ?? 1);
  }]),
);
solvers.archetypalNmfPath = {
  ranks: async () => {
    const options = { ...place, ranks: [2], holdout: 0, maxIterations: 20 };
    for await (const point of minima.archetypalNmfPath(mixtures, options)) factorsTrue(point, 1);
  },
};
solvers.nmf = Object.fromEntries(
  [undefined, Float64Array.from(mixtures.data, (_, at) => at % 5 / 2)].map((weights) => [
    weights ? "weighted" : "plain",
    async () => {
      const answer = await minima.nmf(mixtures, { ...place, rank: 3, weights, maxIterations: 30 });
      const objective = residualSquares(mixtures, answer.weights, answer.components, weights);
      assert.ok(Math.abs(answer.objective - objective) <= accuracy * squares(mixtures), `${answer.objective}`);
    },
  ]),
);
solvers.projectOntoArchetypes = {
  simplex: async () => {
    const H = matrix(3, 8, mixtures.data.slice(0, 24)), [samples] = mixtures.shape;
    const weights = await minima.projectOntoArchetypes(mixtures, H, place), { data } = weights;
    for (let i = 0; i < samples; i++) {
      const row = data.subarray(3 * i, 3 * i + 3);
      assert.ok(Math.abs(row[0] + row[1] + row[2] - 1) <= 1e-12 && row.every((value) => value >= 0), `${row}`);
    }
    const equal = matrix(samples, 3, new Float64Array(3 * samples).fill(1 / 3));
    const worst = residualSquares(mixtures, equal, H);
    assert.ok(residualSquares(mixtures, weights, H) <= worst * (1 + accuracy), "worse than equal weights");
  },
};

const ratings = lowRank(14, 11, 2, 0.7, 1, 0.2).observed, few = { maxIterations: 60, innerIterations: 2 } as const;

/** What a completion says of its objective, its residual, its singular values and its rank. */
function completionTrue(fit: minima.CompletedMatrix): void {
  trueOf(fit, objectiveOf(fit, ratings));
  const predicted = fit.predict(ratings.rows, ratings.columns);
  const squares = ratings.values.reduce((sum, value, e) => sum + (value - predicted[e]) ** 2, 0);
  near("the residual", fit.residual, Math.sqrt(squares / predicted.length));
  assert.deepEqual([fit.left.shape[1], fit.right.shape[1], fit.singularValues.length], [fit.rank, fit.rank, fit.rank]);
}

solvers.completeMatrix = {};
for (const method of ["srf", "soft-impute"] as const) {
  for (const holdout of [0, 0.2]) {
    const price = method === "soft-impute" && holdout === 0 ? { lambda: 1 } : {};
    solvers.completeMatrix[`${method}, ${holdout} held out`] = async () => {
      completionTrue(await minima.completeMatrix(ratings, { method, holdout, ...price, ...few, ...place }));
    };
  }
}
solvers.completeMatrixPath = {
  srf: async () => {
    for await (const point of minima.completeMatrixPath(ratings, { holdout: 0, count: 4, ...few, ...place })) {
      completionTrue(point);
    }
  },
};
const completed = await minima.completeMatrix(ratings, { ...few, backend: "wasm" });
solvers.updateCompletion = {
  srf: async () => completionTrue(await minima.updateCompletion(completed, ratings, { ...few, ...place })),
};
const levelled =
  simulateLevels({ rows: 12, columns: 9, rank: 1, boundaries: [-1, 1], share: 0.7, offsets: 1, seed: 3 }).observed;
const levelPenalties = { lambda: 1.5, offsetPenalty: 0.5 };
const leastLevels = (await minima.completeQuantized(levelled, {
  ...levelPenalties,
  boundaries: [-1, 1],
  method: "proximal-gradient",
  tolerance: 1e-8,
})).objective;
solvers.completeQuantized = Object.fromEntries(
  (["proximal-gradient", "alternating", "alm"] as const).map((method) => [method, async () => {
    const options = { ...levelPenalties, ...place, boundaries: [-1, 1], method, maxIterations: 300, rank: 4 };
    const fit = await minima.completeQuantized(levelled, options);
    trueOf(fit, quantizedObjective(fit, levelled, levelPenalties), leastLevels * (1 + 1e-7), 1e-6);
    assert.equal(fit.certified, fit.gap <= 1e-6);
  }]),
);

solvers.completeQuantizedPath = {
  path: async () => {
    const options = {
      offsetPenalty: 0.5,
      ...place,
      boundaries: [-1, 1],
      lambdas: [3, 1.5],
      holdout: 0,
      maxIterations: 300,
    };
    for await (const fit of minima.completeQuantizedPath(levelled, options)) {
      const optimum = fit.lambda === 1.5 ? leastLevels * (1 + 1e-7) : Infinity;
      trueOf(fit, quantizedObjective(fit, levelled, { lambda: fit.lambda, offsetPenalty: 0.5 }), optimum, 1e-6);
      assert.equal(fit.certified, fit.gap <= 1e-6);
    }
  },
};
solvers.chooseQuantized = {
  choice: async () => {
    const options = {
      offsetPenalty: 0.5,
      ...place,
      boundaries: [-1, 1],
      count: 4,
      lambdaDecay: 0.5,
      maxIterations: 300,
    };
    const { fit, lambda } = await minima.chooseQuantized(levelled, options);
    trueOf(fit, quantizedObjective(fit, levelled, { lambda, offsetPenalty: 0.5 }), Infinity, 1e-6);
    assert.equal(fit.certified, fit.gap <= 1e-6);
  },
};

const cut = cutLowRank({ rows: 14, columns: 11, rank: 2, share: 0.7, seed: 1 });
solvers.completeViolations = Object.fromEntries(
  [0, 0.2].map((holdout) => [`${holdout} held out`, async () => {
    const { boundaries } = cut,
      fit = await minima.completeViolations(cut.observed, { boundaries, holdout, ...few, ...place });
    const { data } = minima.completedMatrix({ left: fit.left, right: fit.right }), { width, threshold } = fit;
    let truth = singularValuesOf(data, 14, 11).reduce((sum, s) => sum - Math.expm1(-s * s / (2 * width ** 2)), 0);
    let largest = 0;
    fit.predict(cut.observed.rows, cut.observed.columns).values.forEach((value, e) => {
      const level = cut.observed.values[e];
      const v = Math.max(0, value - (boundaries[level] ?? Infinity), (boundaries[level - 1] ?? -Infinity) - value);
      largest = Math.max(largest, v);
      truth += 2 / width ** 2 * (v <= threshold ? v * v / 2 : threshold * (v - threshold / 2));
    });
    trueOf(fit, width > 0 ? truth : 0);
    near("the largest violation", fit.largestViolation, largest);
  }]),
);
const arms = spirals(60, 3, 1), armNetwork = { hidden: [6], epochs: 5, batchSize: 20 } as const;
const armsTrained = await minima.trainClassifier(arms.X, arms.labels, armNetwork);
solvers.trainClassifier = Object.fromEntries(
  ([{ rho: 0 }, { rho: 0.1, microBatches: 3 }, { rho: 0.1, base: { kind: "adamw" } }] as const).map((optimizer, at) => [
    `optimiser ${at}`,
    async () => {
      const trained = await minima.trainClassifier(arms.X, arms.labels, { ...armNetwork, ...place, optimizer });
      near("the objective", trained.objective, meanCrossEntropy(trained, arms));
    },
  ]),
);
solvers.sharpness = {
  classifier: async () => {
    const options = { ...place, probes: 3, lanczosSteps: 12, ascentSteps: 0 };
    const { objective, largestEigenvalue } = await minima.sharpness(armsTrained, options);
    near("the objective", objective, armsTrained.objective);
    const apart = Math.abs(largestEigenvalue / armsSharpness.largestEigenvalue - 1);
    assert.ok(apart < 0.05, `an eigenvalue of ${largestEigenvalue}, in truth ${armsSharpness.largestEigenvalue}`);
  },
};
const armsSharpness = await minima.sharpness(armsTrained);

/** Coefficients after four steps, taken as they are written down. */
function sharpSteps(rho: number, rate: number, normalize: boolean): Float64Array {
  const [samples, features] = X.shape, w = new Float64Array(features);
  const gradient = (at: Float64Array) => {
    const sum = new Float64Array(features);
    for (let i = 0; i < samples; i++) {
      let error = -y[i];
      for (let j = 0; j < features; j++) error += X.data[i * features + j] * at[j];
      for (let j = 0; j < features; j++) sum[j] += error * X.data[i * features + j] / samples;
    }
    return sum;
  };
  for (let k = 0; k < 4; k++) {
    const g = gradient(w), factor = normalize ? rho / Math.hypot(...g) : rho;
    gradient(w.map((value, j) => value + factor * g[j])).forEach((slope, j) => w[j] -= rate * slope);
  }
  return w;
}
const ownKernel = await minima.kernelMatrix(X, X, { kernel: "linear" });
const sharpSettings = [{ rho: 0.1 }, { rho: 0.1, normalize: true }] as const;
for (const name of ["samRegression", "samKernelRegression"] as const) {
  solvers[name] = Object.fromEntries(sharpSettings.map((setting) => [
    JSON.stringify(setting),
    async () => {
      const options = { ...place, ...setting, steps: 4, at: [4], learningRate: 0.05 };
      const path = name === "samRegression"
        ? await minima.samRegression(X, y, options)
        : await minima.samKernelRegression(ownKernel, y, options);
      const truth = sharpSteps(0.1, 0.05, "normalize" in setting), [samples, features] = X.shape;
      let loss = 0, right = 0;
      for (let i = 0; i < samples; i++) {
        let value = 0, expected = 0;
        for (let j = 0; j < features; j++) expected += X.data[i * features + j] * truth[j];
        for (let j = 0; j < path.coefficients.data.length; j++) {
          value += (name === "samRegression" ? X.data[i * features + j] : ownKernel.data[i * samples + j]) *
            path.coefficients.data[j];
        }
        loss += (y[i] - value) ** 2 / (2 * samples);
        right += (y[i] - expected) ** 2 / (2 * samples);
      }
      near("the objective", path.objective, loss);
      // A kernel that never ends leaves a path that has not begun.
      if (path.status === "time-limit") return;
      if (!("normalize" in setting)) {
        assert.ok(Math.abs(loss / right - 1) < 1e-6, `a loss of ${loss}, in truth ${right}`);
      }
    },
  ]));
}

for (const name of ["samSpectrum", "samKernelSpectrum"] as const) {
  solvers[name] = {
    path: async () => {
      const { backend, timeLimitMs } = place, signal = AbortSignal.timeout(timeLimitMs);
      const found = name === "samSpectrum"
        ? minima.samSpectrum(X, y, { backend, signal })
        : minima.samKernelSpectrum(ownKernel, y, { backend, signal });
      const spectrum = await found.catch((error) => {
        if (error !== signal.reason) throw error;
      });
      // A kernel that never ends leaves nothing to be wrong about.
      if (!spectrum) return;
      const truth = sharpSteps(0.1, 0.05, false), [samples, features] = X.shape;
      let right = 0;
      for (let i = 0; i < samples; i++) {
        let error = y[i];
        for (let j = 0; j < features; j++) error -= X.data[i * features + j] * truth[j];
        right += error * error / (2 * samples);
      }
      const { loss } = minima.samPath(spectrum, { rho: 0.1, learningRate: 0.05 }).at(4);
      assert.ok(Math.abs(loss / right - 1) < 1e-6, `a loss of ${loss}, in truth ${right}`);
    },
  };
}

const labelled = partlyLabelled({
  items: 24,
  features: 6,
  labels: 3,
  rank: 2,
  rate: 0.7,
  block: false,
  noise: 0.2,
  seed: 2,
});
solvers.transduce = Object.fromEntries(
  (["equality", "margin", "soft"] as const).map((method) => [method, async () => {
    const { scores, features, labels, objective } = await minima.transduce(labelled, { ...place, method });
    assert.ok([objective, ...scores.data, ...features.data].every(Number.isFinite));
    labelled.labels.data.forEach((value, at) => {
      if (Number.isNaN(value)) return;
      assert.equal(labels[at], value);
      if (method === "equality") near("an observed score", scores.data[at], value);
      if (method === "margin") {
        assert.ok(scores.data[at] * value >= 1 - accuracy, `a margin of ${scores.data[at] * value}`);
      }
    });
    labelled.features.data.forEach((value, at) => {
      if (method !== "soft" && !Number.isNaN(value)) assert.equal(features.data[at], value);
    });
  }]),
);

type AnyKernel = (operands: unknown) => unknown;
type Numbers = Float32Array | Float64Array | Uint8Array | Uint32Array | Int32Array;

/** The arrays among the operands of a kernel, each once. */
function arraysOf(operands: unknown, found = new Set<Numbers>()): Set<Numbers> {
  if (ArrayBuffer.isView(operands)) found.add(operands as Numbers);
  else if (typeof operands === "object" && operands !== null) {
    for (const value of Object.values(operands)) arraysOf(value, found);
  }
  return found;
}

/** Ways for a kernel to be wrong: what it does to the numbers that it has changed, and to a number it returns. */
const faults: Record<string, { change?: (array: Numbers, changed: number[]) => void; count?: number }> = {
  "a thousandth more": {
    change(array, changed) {
      if (isFloat(array)) { for (const at of changed) array[at] *= 1.001; }
    },
  },
  "a tenth more": {
    change(array, changed) {
      if (isFloat(array)) { for (const at of changed) array[at] *= 1.1; }
    },
  },
  "a thousandth less": {
    change(array, changed) {
      if (isFloat(array)) { for (const at of changed) array[at] *= 0.999; }
    },
  },
  "a thousandth of the largest added": {
    change(array, changed) {
      if (!isFloat(array)) return;
      const largest = changed.reduce((most, at) => Math.max(most, Math.abs(array[at])), 0);
      if (Number.isFinite(largest)) { for (const at of changed) array[at] += 1e-3 * largest; }
    },
  },
  "a tenth less": {
    change(array, changed) {
      if (isFloat(array)) { for (const at of changed) array[at] *= 0.9; }
    },
  },
  "one element half as much again": {
    change(array, changed) {
      if (isFloat(array) && changed.length > 0) array[changed[changed.length >> 1]] *= 1.5;
    },
  },
  "integers one more": {
    change(array, changed) {
      if (!isFloat(array)) { for (const at of changed) array[at]++; }
    },
  },
  "one integer one more": {
    change(array, changed) {
      if (!isFloat(array) && changed.length > 0) array[changed[changed.length >> 1]]++;
    },
  },
  "one more returned": { count: 1 },
  "one less returned": { count: -1 },
};

const isFloat = (array: Numbers) => array instanceof Float32Array || array instanceof Float64Array;

/** The table with `name` wrong; `noteCount` is told that the kernel returns a number. */
function spoilt(kernels: Kernels, name: KernelName, fault: string): Kernels {
  const { change, count = 0 } = faults[fault], right = kernels[name] as AnyKernel;
  const wrong: AnyKernel = (operands) => {
    const arrays = Array.from(arraysOf(operands)), before = change ? arrays.map((array) => array.slice()) : [];
    const returned = right(operands);
    assert.ok(!(returned instanceof Promise), `${name} is done when it returns`);
    before.forEach((old, k) => {
      const changed: number[] = [];
      for (let at = 0; at < old.length; at++) if (!Object.is(old[at], arrays[k][at])) changed.push(at);
      change!(arrays[k], changed);
    });
    return typeof returned === "number" ? returned + count : returned;
  };
  return { ...kernels, [name]: wrong };
}

/** The kernels that a solve calls, and whether they return a number. */
async function kernelsOf(check: Check): Promise<Map<KernelName, boolean>> {
  const called = new Map<KernelName, boolean>();
  wrapKernels((kernels) =>
    Object.fromEntries(
      (Object.entries(kernels) as [KernelName, AnyKernel][]).map(([name, kernel]) => [name, (operands: unknown) => {
        const returned = kernel(operands);
        called.set(name, typeof returned === "number");
        return returned;
      }]),
    ) as unknown as Kernels
  );
  try {
    await check();
    return called;
  } finally {
    wrapKernels();
  }
}

describe("with a kernel that is slightly wrong", () => {
  it("every public solver is looked at", () => {
    const solving = Object.entries(minima).filter(([, value]) =>
      typeof value === "function" && /^Async/.test(value.constructor.name)
    ).map(([name]) => name);
    const missing = solving.filter((name) => !(name in solvers) && ![...exempt, ...measured].includes(name));
    assert.deepEqual(missing, [], "solvers that this test does not know");
  });

  for (const [solver, checks] of Object.entries(solvers)) {
    for (const [way, check] of Object.entries(checks)) {
      it(`${solver} (${way}) reports what is true, or refuses`, async () => {
        const failures: string[] = [];
        for (const [name, counts] of await kernelsOf(check)) {
          for (const fault of Object.keys(faults)) {
            if (faults[fault].count && !counts) continue;
            wrapKernels((kernels) => spoilt(kernels, name, fault));
            try {
              await check();
            } catch (error) {
              // A factorisation that is said to fail is believed, and the matrix refused.
              const failsToFactor = name === "cholesky" && error instanceof minima.DataError;
              if (!(error instanceof minima.BackendError) && !failsToFactor) {
                failures.push(`${name}, ${fault}: ${(error as Error).message}`);
              }
            } finally {
              wrapKernels();
            }
          }
        }
        assert.deepEqual(failures, []);
      });
    }
  }

  it("quantizeLayer refuses a large layer of which one residual in f64 is wrong", async () => {
    const layer = makeLayer({ rows: 70, columns: 256, seed: 5, dtype: "f32" });
    const quantize = () => minima.quantizeLayer(layer.weights, layer.gram, { ...place, bits: 3, iterations: 1 });
    assert.equal((await quantize()).violations, 0);
    wrapKernels((kernels) => ({
      ...kernels,
      gemm(operands) {
        const done = kernels.gemm(operands), { offset = 0, rows, columns, stride = columns } = operands.c;
        for (const array of arraysOf(operands.c.array)) {
          if (array instanceof Float64Array) array[offset + (rows - 1) * stride] *= 1 + 1e-6;
        }
        return done;
      },
    }));
    try {
      await assert.rejects(quantize(), minima.BackendError);
    } finally {
      wrapKernels();
    }
  });
});
