import { checkKind, checkParts } from "../solvers/core/kinds.ts";
import { withWorkspace, type Workspace } from "../kernels/engine/mod.ts";
import { InputError, OptionError } from "../solvers/core/errors.ts";
import { type Matrix, matrix, type Vector } from "../solvers/core/matrix.ts";
import type { Resolved } from "../solvers/core/options.ts";
import { resolveOptions } from "../solvers/core/resolve_options.ts";
import { type Run, startRun } from "../solvers/core/run.ts";
import { dequantize, type QuantizedLayer } from "../solvers/quantization/layer.ts";
import { quantizeLayer, quantizeTowards } from "../solvers/quantization/quantize.ts";
import { type Bits, bitsByLayer, chooseBits, widths } from "./bits.ts";
import { type StageInputs, type Visitor, walkBlocks } from "./calibrate.ts";
import { checkWidths, constraintsOf, reasonAgainst, withConstraints } from "./checkpoints/constraints.ts";
import { measureEffects } from "./effects.ts";
import { forwardFlops, forwardRequest } from "./forward.ts";
import { type LanguageModel, type LinearLayer, linearLayers } from "./load.ts";
import {
  type ModelProgress,
  type ModelSettings,
  type QuantizeModelOptions,
  quantizeModelOptions,
} from "./quantize_options.ts";
import { layerBytes, type QuantizedLanguageModel, reportOf, type UnquantizedLayer, withLayers } from "./quantized.ts";
import { fingerprintOf, type FinishedBlocks, finishedBlocks, folderStore } from "./resume.ts";
import { batchTokens } from "./run.ts";
import { type Batch, batchesOf, encodeSequences } from "./sequences.ts";
import { readLinear } from "./weights.ts";

type Settings = Resolved<
  ModelSettings,
  | (
    | "threads"
    | "signal"
    | "onProgress"
    | "initial"
    | "groupSize"
    | "grid"
    | "activationOrder"
    | "outliers"
    | "maxIterations"
    | "scalePrecision"
  )
  | ("averageBits" | "format" | "resume")
>;

/** One quantisation of a model. */
interface Task {
  readonly model: LanguageModel;
  readonly settings: Settings;
  readonly batches: readonly Batch[];
  readonly layers: readonly LinearLayer[];
  /** Bits that a code may have. */
  readonly widths: readonly Bits[];
  readonly run: Run;
  /** Tells of progress after so much work. @returns the share of all work that is done */
  report(event: Omit<ModelProgress, "elapsedMs" | "fraction" | "iteration">, work: number): number;
  /** The same, between kernels. @returns whether the time is up */
  tell(event: Omit<ModelProgress, "elapsedMs" | "fraction" | "iteration">, work: number): Promise<boolean>;
}

/**
 * Quantises the linear layers of a model, block by block, so that the outputs of each change least on calibration text:
 * the layers of a block are solved in the order in which activations meet them, on inputs that have gone through what is
 * quantised so far, and towards the original model's outputs as far as `originalShare` says.
 *
 * Complexity, beside the solves (see {@linkcode quantizeLayer}): two forward passes and four Gram sums a stage, one of each
 * where `originalShare` is 0; with `averageBits` one pass, four quick solves a layer, and a trial of each
 * layer in its block on 1,024 tokens more. Memory: a block in f32, the
 * matrices of one stage in f64, the activations of the calibration (`8 tokens (hidden + inputs)` bytes), and the codes.
 *
 * The result does not depend on threads, nor on interruptions where `resume` keeps what is done.
 *
 * @param model As {@linkcode loadModel} gives it; it is not changed.
 * @returns Layers, the model with their dense weights, and a report.
 * @throws {OptionError} for an option outside its range
 * @throws {InputError} for a calibration that cannot be used
 * @throws {FormatError} where the folder `resume` holds the blocks of another call
 *
 * @example
 * ```ts
 * import { type LanguageModel, perplexity, quantizeModel } from "@minima/minima";
 * async function shrink(model: LanguageModel, calibration: string[], held: string[]) {
 *   const quantized = await quantizeModel(model, { calibration, bits: 3, onProgress: ({ layer }) => console.log(layer) });
 *   return [quantized.report.bytes, (await perplexity(quantized, held)).perplexity];
 * }
 * ```
 */
export async function quantizeModel(
  model: LanguageModel,
  options: QuantizeModelOptions,
): Promise<QuantizedLanguageModel> {
  checkParts("model", model, { architecture: "object", weights: "object" }, "quantise the model");
  if (options !== undefined) checkKind("options", options, "object", "quantise the model");
  const { calibration, bits, resume, ...others } = options ?? {};
  const given: ModelSettings = typeof resume === "string" ? { ...others, resume } : others;
  const resolved: Settings = resolveOptions(quantizeModelOptions, given, "the quantization of a model");
  const settings = withConstraints(resolved, model.architecture);
  if (calibration === undefined) {
    throw new InputError("calibration", 'The option "calibration" is missing: texts or tokens are needed.');
  }
  if (bits !== undefined && settings.averageBits !== undefined) {
    throw new OptionError(
      "averageBits",
      'Cannot use "averageBits" with "bits": one of them says how many bits there are.',
    );
  }
  const run = startRun({ signal: settings.signal, timeLimitMs: settings.timeLimitMs });
  const all = linearLayers(model.architecture), sequences = encodeSequences(model, calibration, "calibration");
  const fixed = settings.averageBits === undefined ? bitsByLayer(all, bits ?? 4) : undefined;
  checkWidths(settings.format, new Set(fixed?.values()));
  const { layers, unquantized } = fittingLayers(fixed ? all.filter(({ name }) => fixed.has(name)) : all, settings);
  const batches = batchesOf(sequences, batchTokens), task = createTask(model, settings, batches, layers, run);
  const store = typeof resume === "string" ? await folderStore(resume) : resume;
  const { backend: _, threads: __, signal: ___, onProgress: ____, timeLimitMs: _____, resume: ______, ...chosen } =
    settings;
  const fingerprint = store && await fingerprintOf(model, sequences, [chosen, fixed ? [...fixed] : undefined]);
  const finished = store && finishedBlocks(store, fingerprint!);

  const bitsOfLayers = fixed
    ? new Map(layers.map(({ name }) => [name, fixed.get(name)!]))
    : await measureBits(task, finished);
  const found = new Map<string, QuantizedLayer>();
  const { cut, resumed } = await quantizeBlocks(task, bitsOfLayers, finished, found);
  const ordered = new Map(layers.map(({ name }) => [name, found.get(name)!]));
  const reports = layers.map((layer) => reportOf(layer, found.get(layer.name)!));
  const sizes = layers.map(({ outputs, inputs }) => outputs * inputs), total = sum(sizes);
  return {
    layers: ordered,
    model: withLayers(model, ordered),
    report: {
      status: cut
        ? "time-limit"
        : reports.every(({ status }) => status === "converged")
        ? "converged"
        : "iteration-limit",
      layers: reports,
      unquantized,
      meanRelativeError: sum(reports.map(({ relativeError }) => relativeError)) / Math.max(1, reports.length),
      averageBits: total > 0 ? sum(reports.map(({ bits }, at) => bits * sizes[at])) / total : 0,
      bytes: sum([...ordered.values()].map(layerBytes)),
      bytesBefore: 2 * total,
      calibrationTokens: sum(sequences.map(({ length }) => length)),
      resumedBlocks: resumed,
      elapsedMs: run.elapsedMs(),
    },
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** The layers that the format of the settings can hold, and the others. @throws {OptionError} where it can hold none */
function fittingLayers(
  asked: readonly LinearLayer[],
  { format, groupSize }: Settings,
): { layers: LinearLayer[]; unquantized: UnquantizedLayer[] } {
  const layers: LinearLayer[] = [], unquantized: UnquantizedLayer[] = [], constraints = constraintsOf(format);
  for (const layer of asked) {
    const reason = reasonAgainst(constraints, layer, groupSize);
    if (reason === undefined) layers.push(layer);
    else unquantized.push({ name: layer.name, reason });
  }
  if (layers.length > 0 || unquantized.length === 0) return { layers, unquantized };
  const [{ name, reason }] = unquantized;
  throw new OptionError("format", `Cannot use "format": ${format} can hold no layer: ${reason}, in "${name}" first.`);
}

/** Dense passes that a solve is worth, by rough count, and a quick one: for progress. */
const passesOfSolve = 20, passesOfTrial = 2;

function createTask(
  model: LanguageModel,
  settings: Settings,
  batches: readonly Batch[],
  layers: readonly LinearLayer[],
  run: Run,
): Task {
  const solves = sum(layers.map(({ outputs, inputs }) => outputs * inputs * inputs));
  const available = constraintsOf(settings.format).bits ?? widths;
  const trials = settings.averageBits === undefined ? 0 : passesOfTrial * available.length;
  let all = (passesOfSolve + trials) * solves, done = 0;
  const task: Task = {
    model,
    settings,
    batches,
    layers,
    widths: available,
    run,
    report(event, work) {
      // Work of blocks that were there already does not count, so that the time left is right.
      if (work < 0) all += work;
      else done += work;
      const fraction = all > 0 ? Math.min(1, done / all) : 1, elapsedMs = run.elapsedMs();
      settings.onProgress?.({
        ...event,
        fraction,
        elapsedMs,
        iteration: 0,
        ...fraction > 0.01 && { remainingMs: elapsedMs * (1 - fraction) / fraction },
      });
      return fraction;
    },
    async tell(event, work) {
      const fraction = task.report(event, work);
      return await run.checkpoint({ stage: event.stage, fraction, iteration: 0 });
    },
  };
  return task;
}

const workOf = ({ outputs, inputs }: LinearLayer, passes: number) => passes * outputs * inputs * inputs;

/** Runs forward passes over the calibration in a workspace of their own. */
async function inForward<T>(task: Task, work: (workspace: Workspace) => Promise<T>): Promise<T> {
  const { model, settings: { backend, threads }, batches } = task;
  const tokens = sum(batches.map(({ tokens }) => tokens.length)),
    flops = forwardFlops(model.architecture).blocks * tokens;
  // Layers are solved where each pays; the forward pass has no shaders.
  const request = forwardRequest(2 * flops, { backend: backend === "webgpu" ? "auto" : backend, threads });
  return await withWorkspace(request, work);
}

/**
 * The widths that trials speak for: by GPTQ, each layer alone in the unquantised model. What a layer does to the model at
 * one width is measured there, and goes with its relative error to the others.
 */
async function measureBits(task: Task, finished: FinishedBlocks | undefined): Promise<Map<string, Bits>> {
  const { model, layers, settings, settings: { backend, threads, signal }, batches, widths } = task;
  const kept = await resumedBits(task, finished);
  if (kept) return kept;
  const errors = new Map<string, Map<Bits, number>>(), asked = new Set(layers.map(({ name }) => name));
  const widthOfTrial = widths.find((width) => width >= 3) ?? widths[0];
  let late = false;
  const effects = await inForward(
    task,
    (workspace) =>
      measureEffects(workspace, model, batches, { backend, threads, signal }, {
        asked,
        pause: (block) => task.tell({ stage: `forward, block ${block}` }, 0),
        async weights(layer, gram) {
          const byWidth = new Map<Bits, number>(), own = await readWeights(model, layer);
          let tried: Vector = own.data;
          for (const bits of widths) {
            if (late) return undefined;
            const options = {
              ...layerOptions(task, layer, bits, own, gram),
              method: "gptq",
              grid: "search",
              initial: undefined,
              outliers: undefined,
            } as const;
            const found = await quantizeLayer(own, gram, options);
            byWidth.set(bits, found.relativeError);
            if (bits === widthOfTrial) tried = dequantize(found).data;
            late = await task.tell({ stage: "measure", layer: layer.name }, workOf(layer, passesOfTrial)) || late;
          }
          errors.set(layer.name, byWidth);
          return { own: own.data, tried };
        },
      }),
  );
  if (late || effects.size < layers.length) {
    const uniform = widths.findLast((width) => width <= settings.averageBits!)!;
    return new Map(layers.map(({ name }) => [name, uniform]));
  }
  for (const [name, byWidth] of errors) {
    const atTrial = byWidth.get(widthOfTrial)!, effect = effects.get(name)!;
    // Weights that lie on a grid already have no effect that could be scaled.
    if (atTrial > 0) byWidth.forEach((error, bits) => byWidth.set(bits, effect * error / atTrial));
  }
  return chooseBits(layers, errors, settings.averageBits!, widths);
}

/** The widths, where all blocks are there. */
async function resumedBits(task: Task, finished: FinishedBlocks | undefined): Promise<Map<string, Bits> | undefined> {
  if (!finished) return undefined;
  const found = new Map<string, Bits>();
  for (let block = 0; block < task.model.architecture.blocks; block++) {
    const layers = await finished.read(block);
    if (!layers) return undefined;
    for (const [name, { bits }] of layers) found.set(name, bits);
  }
  return found;
}

/** The weights of a layer [outputs, inputs]. */
async function readWeights(
  { weights, architecture }: LanguageModel,
  { name, outputs, inputs }: LinearLayer,
): Promise<Matrix> {
  return matrix(outputs, inputs, await readLinear(weights, name, outputs, inputs, architecture.transposed));
}

/** The options of a layer, with what is left of the time. */
function layerOptions({ settings, run, report }: Task, layer: LinearLayer, bits: Bits, weights: Matrix, gram: Matrix) {
  const { originalShare: _, averageBits: __, format, resume: ____, onProgress: _____, timeLimitMs, ...others } =
    settings;
  return {
    ...others,
    bits,
    ...constraintsOf(format).ofLayer?.(layer, bits, settings),
    ...constraintsOf(format).gridOf?.(weights, gram, bits, settings),
    timeLimitMs: Math.max(0, timeLimitMs - run.elapsedMs()),
    onProgress: ({ stage }: { readonly stage: string }) => void report({ stage, layer: layer.name }, 0),
  };
}

/** Quantises block after block into `found`. @returns whether the time was up, and how many blocks were there already */
async function quantizeBlocks(
  task: Task,
  bits: ReadonlyMap<string, Bits>,
  finished: FinishedBlocks | undefined,
  found: Map<string, QuantizedLayer>,
): Promise<{ cut: boolean; resumed: number }> {
  const { model, layers, settings } = task, share = settings.originalShare;
  let cut = false, resumed = 0;
  const ofBlock = (block: number) => layers.filter((layer) => layer.block === block);

  async function solve(layer: LinearLayer, { gram, original, stream }: StageInputs): Promise<Vector> {
    const weights = await readWeights(model, layer);
    const options = {
      ...layerOptions(task, layer, bits.get(layer.name)!, weights, gram),
      ...original && { original: { ...original, share } },
    };
    const result = await quantizeTowards(weights, gram, options, stream);
    found.set(layer.name, result);
    const { relativeError } = result;
    cut = await task.tell({ stage: "layer", layer: layer.name, relativeError }, workOf(layer, passesOfSolve)) || cut;
    return dequantize(result).data;
  }

  const visitor: Visitor = {
    async known(block) {
      const kept = await finished?.read(block);
      if (!kept) return undefined;
      resumed++;
      const dense = new Map<string, Vector>();
      for (const layer of ofBlock(block)) {
        const result = kept.get(layer.name);
        if (!result) return undefined;
        found.set(layer.name, result);
        dense.set(layer.name, dequantize(result).data);
        await task.tell({ stage: "resume", layer: layer.name }, -workOf(layer, passesOfSolve));
      }
      return dense;
    },
    pause: async (block) => void (cut = await task.tell({ stage: `forward, block ${block}` }, 0) || cut),
    async visit(stage, inputs) {
      const dense = new Map<string, Vector>();
      for (const layer of stage) if (bits.has(layer.name)) dense.set(layer.name, await solve(layer, inputs));
      return dense;
    },
    async leave(block) {
      const done = new Map(ofBlock(block).map(({ name }) => [name, found.get(name)!]));
      if (!cut) await finished?.write(block, done);
      return cut;
    },
  };
  const { backend, threads, signal } = settings;
  await inForward(
    task,
    (workspace) =>
      walkBlocks(workspace, model, task.batches, { original: share > 0, backend, threads, signal }, visitor),
  );
  // What the time did not allow for: rounded as it is.
  for (const layer of layers) {
    if (found.has(layer.name)) continue;
    const { inputs, name } = layer, unit = matrix(inputs, inputs), weights = await readWeights(model, layer);
    for (let j = 0; j < inputs; j++) unit.data[j * (inputs + 1)] = 1;
    const options = {
      ...layerOptions(task, layer, bits.get(name)!, weights, unit),
      method: "rtn",
      outliers: undefined,
      initial: undefined,
    } as const;
    found.set(name, { ...await quantizeLayer(weights, unit, options), status: "time-limit" });
  }
  return { cut, resumed };
}
