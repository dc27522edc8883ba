import { MemoryLimitError, type Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray } from "../../kernels/contract.ts";
import { DataError, OptionError } from "../core/errors.ts";
import type { Matrix } from "../core/matrix.ts";
import { addScaled, plainDot } from "../core/plain_sums.ts";
import { checkGramRow, randomWeights } from "../core/product_check.ts";
import type { Run } from "../core/run.ts";
import {
  type CovarianceData,
  type GraphData,
  isCovariance,
  type Preparation,
  scaleCovariance,
  scaleSamples,
} from "./data.ts";
import type { EdgeRules } from "./edge_rules.ts";
import { createGramSums } from "./gram_sums.ts";
import { createNeighbourSums } from "./neighbours.ts";
import type { GraphEvaluation } from "./options.ts";
import { createPlainGraph } from "./plain_graph.ts";
import { createProducts } from "./products.ts";
import type { GraphEvaluator, Pseudolikelihood } from "./pseudolikelihood.ts";
import { createResiduals } from "./residuals.ts";

/** How data are prepared, how their data term is evaluated, and which edges are decided. */
export interface ProblemOptions extends Preparation {
  readonly evaluation: GraphEvaluation;
  readonly rules: EdgeRules;
}

/** Variables up to which products are kept: both matrices take 128 MiB then. */
const productsUpTo = 2896;

/** Multiply-adds of the Gram matrix between two checkpoints. */
const gramWork = 4e9;

/** Samples that are summed at once at the least: with fewer, reading and writing `S` takes longer than the products. */
const gramDepth = 256;

/**
 * The data term of samples or of a covariance matrix, where the kernels run. `auto` keeps products for few variables, the Gram
 * matrix where it fits in memory, and residuals beyond.
 *
 * @throws {DataError} for columns without variance, and for a covariance matrix that is none
 */
export async function createProblem(
  workspace: Workspace,
  data: GraphData,
  options: ProblemOptions,
  run: Run,
): Promise<Pseudolikelihood> {
  const { evaluator, plain, checked } = isCovariance(data)
    ? await ofCovariance(workspace, data, options)
    : await ofSamples(workspace, data, options, run);
  return { ...evaluator, plain, checked, rules: options.rules };
}

interface EvaluatedData extends Pick<Pseudolikelihood, "plain" | "checked"> {
  readonly evaluator: GraphEvaluator;
}

/** Products where both matrices are wanted, sums over neighbours otherwise. */
function onGram(
  workspace: Workspace,
  gram: DeviceArray<"f64">,
  count: number,
  variances: Float64Array,
  evaluation: GraphEvaluation,
): GraphEvaluator {
  const products = evaluation === "products" || (evaluation === "auto" && variances.length <= productsUpTo);
  return (products ? createProducts : createNeighbourSums)(workspace, gram, count, variances);
}

/** Share of a variance that an eigenvalue may be below zero by rounding. */
const indefinite = 1e-10;

/** Variables up to which a covariance matrix is factored to see that it is one. */
const factoredUpTo = 3000;

async function ofCovariance(
  workspace: Workspace,
  { covariance, sampleCount }: CovarianceData,
  { evaluation, ...preparation }: ProblemOptions,
): Promise<EvaluatedData> {
  if (evaluation === "residuals") {
    throw new OptionError(
      "evaluation",
      `Cannot use "evaluation": "residuals" needs samples, not their covariance matrix.`,
    );
  }
  const scaled = scaleCovariance(covariance, preparation), vertices = covariance.shape[0];
  const variances = Float64Array.from({ length: vertices }, (_, i) => scaled[i * (vertices + 1)]);
  const gram = workspace.allocate("f64", vertices * vertices, "S");
  if (vertices <= factoredUpTo) {
    const trial = scaled.slice();
    for (let i = 0; i < vertices; i++) trial[i * (vertices + 1)] += indefinite * vertices * variances[i];
    workspace.write(gram, trial);
    if (await workspace.kernels.cholesky({ a: { array: gram, rows: vertices, columns: vertices } }) >= 0) {
      throw new DataError(
        "covariance",
        `Cannot estimate a precision matrix: "covariance" is not positive semidefinite.`,
      );
    }
  }
  workspace.write(gram, scaled);
  const sums = createGramSums(scaled, vertices);
  return { evaluator: onGram(workspace, gram, sampleCount, variances, evaluation), plain: sums, checked: sums };
}

async function ofSamples(
  workspace: Workspace,
  samples: Matrix,
  { evaluation, ...preparation }: ProblemOptions,
  run: Run,
): Promise<EvaluatedData> {
  const [count, vertices] = samples.shape;
  const { scaled, variances, ...scaling } = scaleSamples(samples, preparation);
  const plain = createPlainGraph(samples, scaling, run);
  const fromSamples = { plain, checked: plain };
  if (evaluation === "residuals" && count <= vertices) return { evaluator: onSamples(), ...fromSamples };
  let gram: DeviceArray<"f64">;
  try {
    gram = await gramOf(workspace, scaled, count, vertices, run);
  } catch (error) {
    if (evaluation !== "auto" || !(error instanceof MemoryLimitError)) throw error;
    return { evaluator: onSamples(), ...fromSamples };
  }
  const check = createGramCheck(scaled, count, variances, run);
  await check("S", workspace.view(gram), (weights) => weights);
  if (evaluation === "residuals") {
    // With S = R R^T the rows of R serve as well as those of Y^T, and are shorter.
    const a = { array: gram, rows: vertices, columns: vertices };
    if (await workspace.kernels.cholesky({ a }) < 0) {
      const factor = workspace.view(gram);
      await check("R R^T", factor, (weights) => {
        const mixture = new Float64Array(vertices);
        weights.forEach((weight, j) => addScaled(mixture, weight, factor, j * vertices));
        return mixture;
      });
      return { evaluator: createResiduals(workspace, gram, count, variances), ...fromSamples };
    }
    workspace.free(gram);
    return { evaluator: onSamples(), ...fromSamples };
  }
  const evaluator = onGram(workspace, gram, count, variances, evaluation);
  return { evaluator, plain, checked: createGramSums(workspace.view(gram), vertices) };

  function onSamples(): GraphEvaluator {
    const data = workspace.allocate("f64", count * vertices, "samples");
    const column = new Float64Array(count);
    for (let j = 0; j < vertices; j++) {
      for (let i = 0; i < count; i++) column[i] = scaled[i * vertices + j];
      workspace.write(data, column, j * count);
    }
    return createResiduals(workspace, data, count, variances);
  }
}

/** Rows that are checked between two checkpoints. */
const rowsChecked = 256;

/**
 * Compares a matrix of the kernels, times a vector that stands for random weights, with `Y^T (Y weights)` in plain f64:
 * O((samples + vertices) vertices) for all rows together.
 */
function createGramCheck(scaled: Float64Array, count: number, variances: Float64Array, run: Run) {
  const vertices = variances.length;
  const weights = randomWeights(variances), expected = new Float64Array(vertices);
  for (let i = 0; i < count; i++) {
    const row = scaled.subarray(i * vertices, (i + 1) * vertices);
    addScaled(expected, plainDot(row, weights), row);
  }
  return async (name: string, matrix: Float64Array, vectorOf: (weights: Float64Array) => Float64Array) => {
    const vector = vectorOf(weights), size = { samples: Math.max(count, vertices), features: vertices };
    for (let j = 0; j < vertices; j++) {
      const received = plainDot(matrix, vector, vertices, j * vertices);
      const norm = Math.sqrt(variances[j]);
      checkGramRow({ ...size, name: `row ${j} of ${name}`, received, expected: expected[j], norm });
      if (j % rowsChecked === 0) await run.checkpoint({ stage: "Gram matrix", fraction: j / vertices, iteration: 0 });
    }
  };
}

async function gramOf(
  workspace: Workspace,
  scaled: Float64Array,
  count: number,
  vertices: number,
  run: Run,
): Promise<DeviceArray<"f64">> {
  // The samples first: what follows a refusal needs them, and must not find memory taken by a matrix that is left behind.
  const data = workspace.allocate("f64", count * vertices, "samples");
  let gram: DeviceArray<"f64">;
  try {
    gram = workspace.allocate("f64", vertices * vertices, "S");
  } catch (error) {
    workspace.free(data);
    throw error;
  }
  workspace.write(data, scaled);
  const c = { array: gram, rows: vertices, columns: vertices };
  const rows = Math.max(gramDepth, Math.ceil(gramWork / vertices ** 2));
  for (let first = 0; first < count; first += rows) {
    const a = { array: data, offset: first * vertices, rows: Math.min(rows, count - first), columns: vertices };
    await workspace.kernels.syrk({ a, c, beta: first === 0 ? 0 : 1 });
    await run.checkpoint({ stage: "Gram matrix", fraction: Math.min(1, (first + rows) / count), iteration: 0 });
  }
  workspace.free(data);
  return gram;
}
