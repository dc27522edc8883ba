import { InputError, OptionError } from "../solvers/core/errors.ts";
import { checkKind, checkParts } from "../solvers/core/kinds.ts";
import { matrix, type Vector } from "../solvers/core/matrix.ts";
import { refuse, resolveOptions } from "../solvers/core/resolve_options.ts";
import { startRun } from "../solvers/core/run.ts";
import { dequantize, type QuantizedLayer } from "../solvers/quantization/layer.ts";
import { quantizeLayer, quantizeTowards } from "../solvers/quantization/quantize.ts";
import { type Bits, bitsByLayer } from "./bits.ts";
import { type StageInputs, type Visitor, walkBlocks } from "./calibrate.ts";
import { checkWidths, constraintsOf, reasonAgainst, withConstraints } from "./checkpoints/constraints.ts";
import { type LanguageModel, type LinearLayer, linearLayers } from "./load.ts";
import { measureBits } from "./measure_bits.ts";
import { type ModelSettings, type QuantizeModelOptions, quantizeModelOptions } from "./quantize_options.ts";
import {
  createTask,
  inForward,
  layerOptions,
  passesOfSolve,
  readWeights,
  type Settings,
  type Task,
  workOf,
} from "./quantize_task.ts";
import { layerBytes, type QuantizedLanguageModel, reportOf, type UnquantizedLayer, withLayers } from "./quantized.ts";
import { fingerprintOf, type FinishedBlocks, finishedBlocks, folderStore } from "./resume.ts";
import { batchTokens } from "./run.ts";
import { batchesOf, encodeSequences } from "./sequences.ts";

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
  if (resume !== undefined && typeof resume !== "string") {
    const isStore = typeof resume?.read === "function" && typeof resume.write === "function";
    if (!isStore) throw refuse("resume", "the name of a folder, or { read, write }", resume);
  }
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
