import { createRandom, memoryUsage } from "../../mod.ts";
import { SOFTMAX } from "../../kernels/contract/training/constants.ts";
import { withWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { trainingFamily } from "../../kernels/families/training.ts";
import { initialParameters, layersOf } from "../../solvers/sharpness/layers.ts";
import { partShares } from "../../solvers/sharpness/micro_batches.ts";
import { createNetwork } from "../../solvers/sharpness/network.ts";
import { resolveOptimizer } from "../../solvers/sharpness/optimizer_options.ts";
import { createStepper } from "../../solvers/sharpness/stepper.ts";
import type { Case, Cell, Target } from "../case.ts";
import { buildPeak } from "../peak/build.ts";
import { peakContender } from "../peak/peak.ts";
import { openSamNumpy, openSamTfjs, type SamPeer, type SamProblem, type SamTraining } from "../peers/sam.ts";
import { sortOut } from "../peers/peer.ts";
import { type Contender, race } from "../runner.ts";

/** Batches that are met in turn. */
const batches = 8;

/** Perceptrons, samples of a batch, and what is asked of them: times NumPy's speed. */
const networks = [
  { shape: [64, 64, 10], batch: 128, ofNumpy: 2 },
  { shape: [64, 64, 10], batch: 32, ofNumpy: 2 },
  { shape: [784, 512, 10], batch: 128, ofNumpy: 0.35 },
] as const;

/** Steps after which parameters are compared. */
const compared = 20;

function layersFor([features, hidden, outputs]: SamProblem["shape"]) {
  return layersOf({ features, convolution: undefined, hidden: [hidden], outputs, activation: "tanh" });
}

/** Features in [-.5, .5], and the labels that the largest sum of two of them tells. */
function problemOf(shape: SamProblem["shape"], batch: number, seed: number): SamProblem {
  const [features, , outputs] = shape, samples = batch * batches, random = createRandom(seed);
  const inputs = Float32Array.from({ length: samples * features }, () => random.uniform() - 0.5);
  const labels = Uint32Array.from({ length: samples }, (_, i) => {
    const scores = Array.from(
      { length: outputs },
      (_, c) => inputs[i * features + c] + inputs[i * features + c + outputs],
    );
    return scores.indexOf(Math.max(...scores));
  });
  const start = Float32Array.from(initialParameters(layersFor(shape), seed));
  return { shape, inputs, labels, start, batch, rho: 0.05, rate: 0.02, momentum: 0.9, decay: 5e-4 };
}

/** This library's training over the arrays of a workspace. */
function ownTraining(workspace: Workspace, problem: SamProblem): SamTraining & { arrayBytes(): number } {
  const { shape, inputs, labels, start, batch, rho, rate, momentum, decay } = problem, layers = layersFor(shape);
  const rows = labels.length,
    network = createNetwork(workspace, {
      layers,
      loss: SOFTMAX,
      dtype: "f32",
      X: { data: inputs, shape: [rows, shape[0]] },
      targets: labels,
      weights: new Float64Array(rows).fill(1),
      batch: { samples: batch, parts: 1, largest: batch },
    });
  const optimizer = resolveOptimizer({ rho, base: { learningRate: rate, momentum, weightDecay: decay } });
  const stepper = createStepper(
    workspace,
    { dtype: "f32", segments: layers.segments, microBatches: 1 },
    optimizer,
    network.source,
  );
  workspace.write(stepper.parameters.array, start);
  const order = Uint32Array.from({ length: rows }, (_, i) => i), bounds = Uint32Array.of(0, batch);
  const turns = Array.from({ length: batches }, (_, b) => order.subarray(b * batch, (b + 1) * batch));
  const shares = partShares(bounds);
  let taken = 0;
  return {
    async steps(count) {
      for (let i = 0; i < count; i++) {
        network.setBatch(turns[taken++ % batches], bounds);
        await stepper.step(shares);
      }
    },
    parameters: async () => await workspace.read(stepper.parameters.array) as Float32Array,
    arrayBytes: () => memoryUsage().reserved,
    free() {},
  };
}

/** Bytes that a step leaves to the garbage collector, and bytes by which the arrays of kernels grow in 1000 steps. */
async function allocations(
  training: SamTraining & { arrayBytes(): number },
): Promise<{ heap: number; arrays: number }> {
  // Compiled first: code is no garbage of a step.
  await training.steps(500);
  const before = training.arrayBytes(), found: number[] = [], steps = 50;
  for (let turn = 0; turn < 20; turn++) {
    const from = Deno.memoryUsage().heapUsed;
    await training.steps(steps);
    found.push((Deno.memoryUsage().heapUsed - from) / steps);
  }
  // The median: collections within a turn make it less, and what others leave meanwhile more.
  return { heap: found.sort((a, b) => a - b)[found.length >> 1], arrays: training.arrayBytes() - before };
}

/** One step of sharpness-aware minimisation, beside NumPy and TensorFlow.js. */
export const samStep: Case = {
  question: "How long does a step of SAM take on a perceptron, beside NumPy and TensorFlow.js on WASM?",
  async run({ quick, seed, progress }) {
    const { found: peers, missing } = sortOut<SamPeer>([await openSamNumpy(), await openSamTfjs()]);
    const peak = new WebAssembly.Module(await buildPeak("relaxed")),
      peakName = "its products alone, at the peak of the core";
    const rows: Cell[][] = [], targets: Target[] = [];
    for (const { shape, batch, ofNumpy } of networks) {
      const title = `${shape.join("-")}, batches of ${batch}`, problem = problemOf(shape, batch, seed);
      const request = { families: [denseFamily, trainingFamily], backend: "wasm", dtype: "f32", flops: 1 } as const;
      await withWorkspace(request, async (workspace) => {
        const own = ownTraining(workspace, problem);
        await own.steps(compared);
        const expected = await own.parameters(), contenders: Contender[] = [];
        const perSample = Math.max(1, Math.round(0.03 / (3e-10 * layersFor(shape).work * batch * 6)));
        const add = (name: string, training: SamTraining, selfTimed: boolean) =>
          contenders.push({
            name,
            selfTimed,
            run: async () => {
              const each = await training.steps(perSample);
              return selfTimed ? each! * perSample : undefined;
            },
          });
        add("minima, 1 thread", own, false);
        const trainings: SamTraining[] = [];
        for (const peer of peers) {
          const training = await peer.prepare(problem);
          trainings.push(training);
          await training.steps(compared);
          const received = await training.parameters();
          let largest = 0, size = 0;
          for (let k = 0; k < expected.length; k++) {
            largest = Math.max(largest, Math.abs(received[k] - expected[k]));
            size = Math.max(size, Math.abs(expected[k]));
          }
          if (!(largest <= 1e-3 * size)) throw new Error(`${peer.name}: parameters differ by ${largest} of ${size}.`);
          add(peer.name, training, peer.selfTimed);
        }
        progress(title);
        contenders.push(peakContender(peakName, peak, "f32"));
        const measured = await race(contenders, { rounds: quick ? 4 : 15 }), bound = measured.pop()!;
        const [first] = measured;
        measured.forEach(({ name, minimum, median }, at) => {
          const ratio = minimum / first.minimum;
          rows.push([title, name, minimum / perSample * 1e6, median / perSample * 1e6, ratio]);
          if (at === 0) return;
          targets.push({
            name: `${title}: time of ${name} over ours`,
            value: ratio,
            limit: peers[at - 1].selfTimed ? ofNumpy : 1.3,
            sense: "at least",
          });
        });
        // Forward, gradients of weights and of hidden units, twice.
        const products = 4e-9 * batch * (2 * layersFor(shape).work + shape[1] * shape[2]),
          least = products / bound.rate!;
        rows.push([title, peakName, 1e6 * least, null, least * perSample / first.minimum]);
        const { heap, arrays } = await allocations(own);
        targets.push({
          name: `${title}: bytes by which arrays grow in 1000 steps`,
          value: arrays,
          limit: 0,
          sense: "at most",
        });
        targets.push({
          name: `${title}: bytes of JavaScript objects that a step leaves to the collector`,
          value: Math.round(heap),
          limit: 2048,
          sense: "at most",
        });
        trainings.forEach((training) => training.free());
      });
    }
    peers.forEach((peer) => peer.close());
    return {
      tables: [{
        title: "A step of SAM on a perceptron, tanh, f32, momentum and weight decay",
        columns: ["network", "library", "us a step, least", "us a step, median", "time over ours"],
        rows,
      }],
      targets,
      notes: [
        `CPU time of one thread. All take the same ${compared} steps from the same start first, and their parameters agree.`,
        "NumPy works in place, on arrays made beforehand. TensorFlow.js has the gradient written out in its operations.",
        "A step at the peak is the multiply-adds of its products over the rate of 128-bit multiply-adds in registers; " +
        "vectors of 512 bits in NumPy do more. Where batches are small beside layers, ours needs fewer: norms and " +
        "perturbed parameters follow from the slopes of the samples.",
      ],
      missing,
    };
  },
};
