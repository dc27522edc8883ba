/** The epochs of a training: steps over batches, and what is kept of them. @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import { dtypeOf, likeVector, type Vector } from "../core/matrix.ts";
import type { Resolved } from "../core/options.ts";
import { createRandom } from "../core/random.ts";
import type { Status } from "../core/result.ts";
import type { Run } from "../core/run.ts";
import { initialParameters, type Layers } from "./layers.ts";
import { partBounds, partShares, partsOf } from "./micro_batches.ts";
import { createNetwork, type Network, type Pass } from "./network.ts";
import type { ResolvedOptimizer } from "./optimizer_options.ts";
import type { PlainProblem } from "./plain_network.ts";
import { createStepper, type Stepper } from "./stepper.ts";
import { shuffle } from "./training_data.ts";
import type { OpenTrainOptions, TrainClassifierOptions } from "./train_options.ts";

/** What a training is given. */
export interface Training {
  readonly problem: PlainProblem;
  readonly held: Uint32Array;
  readonly labels: Uint32Array;
  readonly options: Pick<
    Resolved<TrainClassifierOptions, OpenTrainOptions>,
    "batchSize" | "epochs" | "patience" | "seed"
  >;
  readonly optimizer: ResolvedOptimizer;
  readonly run: Run;
}

/** What it ends with. */
export interface Outcome {
  readonly network: Network;
  readonly stepper: Stepper;
  readonly status: Status;
  readonly parameters: Vector;
  readonly trace: readonly number[];
  readonly validation: { readonly losses: readonly number[]; readonly accuracies: readonly number[] };
  readonly bestEpoch: number;
  readonly steps: number;
  readonly skippedSteps: number;
  readonly samplesPerSecond: number;
}

/** Epochs of steps; the parameters that are best on the samples held out, or the last. */
export async function train(
  workspace: Workspace,
  { problem, held, labels, options, optimizer, run }: Training,
): Promise<Outcome> {
  const { layers, samples: training } = problem,
    order = Uint32Array.from(training),
    random = createRandom(options.seed);
  const size = Math.min(options.batchSize, order.length), parts = partsOf(optimizer, size);
  const dtype = dtypeOf(problem.X.data), largest = Math.max(Math.ceil(size / parts), optimizer.microBatchSize ?? 1);
  const network = createNetwork(workspace, {
    ...problem,
    dtype,
    batch: { samples: size, parts, largest: Math.min(size, largest) },
  });
  const stepper = createStepper(
    workspace,
    { dtype, segments: layers.segments, microBatches: parts },
    optimizer,
    network.source,
  );
  workspace.write(stepper.parameters.array, initialParameters(layers, options.seed));
  const parameters = likeVector(problem.X.data, layers.parameterCount);
  /** Keeps the parameters as they are now, unless the last update took them out of the range of numbers. */
  const keep = async (): Promise<boolean> => {
    const now = await workspace.read(stepper.parameters.array), isFinite = now.every(Number.isFinite);
    if (isFinite) parameters.set(now);
    return isFinite;
  };
  const pass = held.length > 0 ? network.passOver(held) : undefined;
  /** How batches are cut: there are two sizes of them at most. */
  const cuts = new Map<number, { bounds: Uint32Array; shares: Float64Array }>();
  const cutOf = (samples: number) => {
    const bounds = partBounds(samples, partsOf(optimizer, samples)), cut = { bounds, shares: partShares(bounds) };
    cuts.set(samples, cut);
    return cut;
  };
  const trace: number[] = [], losses: number[] = [], accuracies: number[] = [];
  let status: Status = "iteration-limit", steps = 0, skippedSteps = 0, seen = 0, stepMs = 0, bestEpoch = 0;
  await keep();
  epochs: for (let epoch = 1; epoch <= options.epochs; epoch++) {
    shuffle(order, random.integer);
    let sum = 0, counted = 0;
    for (let from = 0; from < order.length; from += size) {
      const iteration = trace.length, fraction = (iteration + from / order.length) / options.epochs;
      const objective = counted > 0 ? sum / counted : trace.at(-1);
      if (await run.checkpoint({ stage: "training", fraction, iteration, objective })) {
        status = "time-limit";
        if (counted > 0) trace.push(sum / counted);
        if (!pass) await keep();
        break epochs;
      }
      const batch = order.subarray(from, Math.min(order.length, from + size)), begun = run.elapsedMs();
      const { bounds, shares } = cuts.get(batch.length) ?? cutOf(batch.length);
      network.setBatch(batch, bounds);
      const { loss, skipped } = await stepper.step(shares);
      stepMs += run.elapsedMs() - begun;
      seen += batch.length;
      if (skipped) skippedSteps++;
      else {
        steps++;
        sum += loss * batch.length;
        counted += batch.length;
      }
    }
    if (counted === 0) {
      status = "precision-limit";
      break;
    }
    trace.push(sum / counted);
    if (!pass) {
      if (await keep()) {
        bestEpoch = epoch;
        continue;
      }
      status = "precision-limit";
      break;
    }
    const now = await validate(pass, stepper, labels, held, layers, run, trace.length);
    losses.push(now.loss);
    accuracies.push(now.accuracy);
    if (bestEpoch === 0 || now.loss < losses[bestEpoch - 1]) {
      bestEpoch = epoch;
      await keep();
    } else if (epoch - bestEpoch >= options.patience) {
      status = "converged";
      break;
    }
  }
  const samplesPerSecond = stepMs > 0 ? 1000 * seen / stepMs : 0;
  const validation = { losses, accuracies };
  return { network, stepper, status, parameters, trace, validation, bestEpoch, steps, skippedSteps, samplesPerSecond };
}

async function validate(
  pass: Pass,
  { parameters }: Stepper,
  labels: Uint32Array,
  held: Uint32Array,
  { outputs }: Layers,
  run: Run,
  iteration: number,
): Promise<{ loss: number; accuracy: number }> {
  const pause = () => run.checkpoint({ stage: "validation", fraction: 0, iteration });
  const { scores, loss } = await pass.outputs(parameters, pause);
  let right = 0;
  held.forEach((sample, i) => {
    let best = 0;
    for (let c = 1; c < outputs; c++) if (scores[i * outputs + c] > scores[i * outputs + best]) best = c;
    right += Number(best === labels[sample]);
  });
  return { loss, accuracy: right / held.length };
}
