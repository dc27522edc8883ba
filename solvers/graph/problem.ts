import { MemoryLimitError, type Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray } from "../../kernels/contract.ts";
import { DataError, OptionError } from "../core/errors.ts";
import type { Matrix } from "../core/matrix.ts";
import { factorInCalls } from "../core/factor.ts";
import { addScaled } from "../core/plain_sums.ts";
import type { Run } from "../core/run.ts";
import { createPace, inSteps } from "../core/steps.ts";
import {
  type CovarianceData,
  type GraphData,
  isCovariance,
  type Preparation,
  scaleCovariance,
  scaleSamples,
  scalingOf,
} from "./data.ts";
import type { EdgeRules } from "./edge_rules.ts";
import { createEmptyGraphs } from "./empty_graphs.ts";
import { createGramCheck, gramOf } from "./gram_matrix.ts";
import { createGramSums } from "./gram_sums.ts";
import { createInverter } from "./inverse.ts";
import { createNeighbourSums } from "./neighbours.ts";
import type { GraphEvaluation } from "./options.ts";
import { createPlainGraph } from "./plain_graph.ts";
import { createProducts } from "./products.ts";
import type { GraphEstimate, GraphEvaluator, GraphPoint, Pseudolikelihood } from "./pseudolikelihood.ts";
import { createResiduals } from "./residuals.ts";

/**
 * Shares of a variance between which the Gram matrix does not tell what neighbours leave of it, but residuals do: where samples
 * are few, that is the root of `lambda2`.
 */
const hiddenShares = { least: Number.EPSILON, most: 1e-10 };

/** How data are prepared, how their data term is evaluated, and which edges are decided. */
export interface ProblemOptions extends Preparation {
  readonly evaluation: GraphEvaluation;
  readonly rules: EdgeRules;
  /** Price of squares. */
  readonly lambda2: number;
  /** Whether the empty graph is a place to start and the answer where the time is up before the data are ready. */
  readonly mayStayEmpty: boolean;
}

/** Variables up to which products are kept: both matrices take 128 MiB then. */
const productsUpTo = 2896;

/** Multiply-adds between two checkpoints of a factor of the Gram matrix. */
const factorWork = 1e8;

/** Multiply-adds of a Gram matrix that is computed even when time is up. */
const hurriedGram = 1e7;

/**
 * The data term of samples or of a covariance matrix, where the kernels run. `auto` keeps products for few variables, the Gram
 * matrix where it fits in memory, and residuals beyond, and of few samples of columns so large that the Gram matrix would not tell
 * what their neighbours leave of them.
 *
 * @throws {DataError} for columns without variance, and for a covariance matrix that is none
 */
export async function createProblem(
  workspace: Workspace,
  data: GraphData,
  options: ProblemOptions,
  run: Run,
): Promise<Pseudolikelihood> {
  const pause = (stage: string) => run.checkpoint({ stage, fraction: 0, iteration: 0 });
  const source: Source = { workspace, options, run, pause: () => pause("gradient") };
  const { evaluator, plain, checked } = isCovariance(data)
    ? await ofCovariance(data, source)
    : await ofSamples(data, source);
  const invert = createInverter(workspace, () => pause("moves"));
  return { ...evaluator, descend: withoutRepeats(evaluator), plain, checked, rules: options.rules, pause, invert };
}

/** Descents without sweeps from where the latest one has ended, but for zero edges, need not begin again. */
function withoutRepeats({ descend }: GraphEvaluator): GraphEvaluator["descend"] {
  let latest: GraphEstimate | undefined;
  return async (request) => {
    const { point } = request;
    if (request.sweeps === 0 && point && latest && isWithoutZeros(point, latest)) {
      return {
        estimate: { ...latest, ends: Uint32Array.from(point.ends), values: Float64Array.from(point.values) },
        sweeps: 0,
      };
    }
    const answer = await descend(request);
    latest = answer.estimate;
    return answer;
  };
}

/** Whether a point is an estimate, with or without edges that are zero. */
function isWithoutZeros(point: GraphPoint, estimate: GraphEstimate): boolean {
  const { ends, values, diagonal } = estimate;
  for (let i = 0; i < diagonal.length; i++) if (point.diagonal[i] !== diagonal[i]) return false;
  let at = 0;
  for (let e = 0; e < values.length; e++) {
    const isThere = point.values[at] === values[e] && point.ends[2 * at] === ends[2 * e] &&
      point.ends[2 * at + 1] === ends[2 * e + 1];
    if (isThere) at++;
    else if (values[e] !== 0) return false;
  }
  return at === point.values.length;
}

interface EvaluatedData extends Pick<Pseudolikelihood, "plain" | "checked"> {
  readonly evaluator: GraphEvaluator;
}

/** Where data go, and how. */
interface Source {
  readonly workspace: Workspace;
  readonly options: ProblemOptions;
  readonly run: Run;
  readonly pause: () => Promise<boolean>;
}

/** Products where both matrices are wanted, sums over neighbours otherwise. */
function onGram(
  { workspace, options: { evaluation }, pause }: Source,
  gram: DeviceArray<"f64">,
  count: number,
  variances: Float64Array,
): GraphEvaluator {
  const products = evaluation === "products" || (evaluation === "auto" && variances.length <= productsUpTo);
  return (products ? createProducts : createNeighbourSums)(workspace, gram, count, variances, pause);
}

/** Share of a variance that an eigenvalue may be below zero by rounding. */
const indefinite = 1e-10;

/** Variables up to which a covariance matrix is factored to see that it is one. */
const factoredUpTo = 3000;

async function ofCovariance(
  { covariance, sampleCount }: CovarianceData,
  source: Source,
): Promise<EvaluatedData> {
  const { workspace, options: { evaluation, ...preparation } } = source;
  if (evaluation === "residuals") {
    throw new OptionError(
      "evaluation",
      `Cannot use "evaluation": "residuals" needs samples, not their covariance matrix.`,
    );
  }
  const loading = () => source.run.checkpoint({ stage: "load", fraction: 0, iteration: 0 });
  const scaled = await inSteps(scaleCovariance(covariance, preparation), loading), vertices = covariance.shape[0];
  const variances = Float64Array.from({ length: vertices }, (_, i) => scaled[i * (vertices + 1)]);
  const gram = workspace.allocate("f64", vertices * vertices, "S");
  if (vertices <= factoredUpTo && !await loading()) {
    const trial = scaled.slice();
    for (let i = 0; i < vertices; i++) trial[i * (vertices + 1)] += indefinite * vertices * variances[i];
    workspace.write(gram, trial);
    if (await factorInCalls(workspace, gram, vertices, factorWork, loading) === "not positive definite") {
      throw new DataError(
        "covariance",
        `Cannot estimate a precision matrix: "covariance" is not positive semidefinite.`,
      );
    }
  }
  workspace.write(gram, scaled);
  const sums = createGramSums(scaled, vertices, source.pause);
  return { evaluator: onGram(source, gram, sampleCount, variances), plain: sums, checked: sums };
}

async function ofSamples(samples: Matrix, source: Source): Promise<EvaluatedData> {
  const { workspace, options: { evaluation, lambda2, mayStayEmpty, ...preparation }, run, pause } = source;
  const [count, vertices] = samples.shape;
  const loading = () => run.checkpoint({ stage: "load", fraction: 0, iteration: 0 });
  const scaling = await inSteps(scalingOf(samples, preparation), loading);
  const plain = createPlainGraph(samples, scaling, run);
  const fromSamples = { plain, checked: plain };
  /** Whether nothing more is made ready: the time is up, and too little is there for a bound that is more than that of the variances. */
  const isOver = async () => mayStayEmpty && count * vertices ** 2 > hurriedGram && await loading();
  const staysEmpty = () => {
    const empty = createEmptyGraphs(samples, scaling, plain);
    return { evaluator: empty, plain: empty, checked: empty };
  };
  if (await isOver()) return staysEmpty();
  const { scaled, variances } = await inSteps(scaleSamples(samples, scaling), loading);
  if (await isOver()) return staysEmpty();
  const left = Math.sqrt(lambda2) / variances.reduce((a, b) => Math.max(a, b));
  const isHidden = evaluation === "auto" && left > hiddenShares.least && left < hiddenShares.most;
  if ((isHidden || evaluation === "residuals") && count <= vertices) {
    return { evaluator: await onSamples(), ...fromSamples };
  }
  let gram: DeviceArray<"f64"> | undefined;
  try {
    gram = await gramOf(workspace, scaled, count, vertices, run);
  } catch (error) {
    if (evaluation !== "auto" || !(error instanceof MemoryLimitError)) throw error;
  }
  if (gram === undefined) return await isOver() ? staysEmpty() : { evaluator: await onSamples(), ...fromSamples };
  if (await isOver()) {
    workspace.free(gram);
    return staysEmpty();
  }
  const check = await createGramCheck(scaled, count, variances, run);
  await check("S", workspace.view(gram), (weights) => weights);
  if (evaluation === "residuals") {
    // With S = R R^T the rows of R serve as well as those of Y^T, and are shorter.
    const pause = () => run.checkpoint({ stage: "Gram matrix", fraction: 1, iteration: 0 });
    const factored = await factorInCalls(workspace, gram, vertices, factorWork, pause);
    if (factored === "factored") {
      const factor = workspace.view(gram);
      await check("R R^T", factor, (weights) => {
        const mixture = new Float64Array(vertices);
        weights.forEach((weight, j) => addScaled(mixture, weight, factor, j * vertices));
        return mixture;
      });
      return { evaluator: createResiduals(workspace, gram, count, variances, pause), ...fromSamples };
    }
    workspace.free(gram);
    return { evaluator: await onSamples(), ...fromSamples };
  }
  const evaluator = onGram(source, gram, count, variances);
  return { evaluator, plain, checked: createGramSums(workspace.view(gram), vertices, pause) };

  async function onSamples(): Promise<GraphEvaluator> {
    const data = workspace.allocate("f64", count * vertices, "samples");
    const column = new Float64Array(count), isDue = createPace();
    for (let j = 0; j < vertices; j++) {
      for (let i = 0; i < count; i++) column[i] = scaled[i * vertices + j];
      workspace.write(data, column, j * count);
      if (isDue(count)) await loading();
    }
    return createResiduals(workspace, data, count, variances, pause);
  }
}
