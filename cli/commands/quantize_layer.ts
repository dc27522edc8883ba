import {
  accumulateGram,
  accumulateGramOptions,
  type GramAccumulator,
  type GramOptions,
  type Matrix,
  matrix,
  quantizeLayer,
  quantizeLayerOptions,
  serializeQuantizedLayers,
} from "../../mod.ts";
import { command, UsageError } from "../command.ts";
import { attempt, FileError, inputName, type MatrixFile, openMatrices, splitTensorName } from "../files.ts";
import { jsonReport, printReport, type StoredLayer } from "../quantize_report.ts";
import { available } from "../suggest.ts";
import { matchNames, statisticsName } from "../tensor_names.ts";
import { counted } from "../../solvers/core/shown.ts";

const options = {
  tensor: {
    kind: "text",
    value: "NAME",
    about: "the weight matrix; * stands for any part of a name, and all for every matrix whose inputs are known " +
      "(not needed where the file holds one matrix)",
  },
  gram: { kind: "input", value: "FILE[:NAME]", about: "X X^T of each layer's inputs, .safetensors or .npy" },
  activations: {
    kind: "input",
    value: "FILE[:NAME]",
    about: "each layer's inputs [tokens, inputs], instead of --gram",
  },
  original: {
    kind: "input",
    value: "FILE[:NAME]",
    about: "the same tokens' inputs in the original model, beside --activations: the layers' outputs come near to its",
  },
  transpose: { kind: "flag", about: "the weights are [inputs, outputs], as GPT-2 has them" },
  "transpose-activations": { kind: "flag", about: "the activations are [inputs, tokens]" },
  out: { kind: "output", value: "FILE", about: "where to write the quantised layers, .safetensors" },
  json: { kind: "flag", about: "report as JSON" },
} as const;

/** `minima quantize-layer`: weight matrices of a file to a few bits. */
export const quantizeLayerCommand = command({
  name: "quantize-layer",
  summary: "quantise weight matrices to 2, 3, 4 or 8 bits",
  usage: "WEIGHTS (--gram FILE | --activations FILE) --out FILE [options]",
  details: `
Chooses codes for weight matrices [outputs, inputs] so that the layers' outputs change least on the given inputs.
With several matrices, each finds its inputs in the other file under its own name, or under that name with .gram,
.activations or .inputs in place of .weight.

  minima quantize-layer model.safetensors --tensor 'model.layers.*' --gram grams.safetensors --bits 3 --out q.safetensors
  minima quantize-layer weights.npy --activations inputs.npy --bits 4 --group-size 128 --out q.safetensors
  minima quantize-layer weights.npy --activations inputs.npy --original before.npy --bits 3 --out q.safetensors

The time limit is that of each layer. The result holds codes, scales, zero points and outliers of each layer;
parseQuantizedLayers and dequantize read it.`,
  operands: [1, 1],
  options,
  solver: { tables: [quantizeLayerOptions, accumulateGramOptions], except: ["dtype"] },
  async run({ options, settings, operands: [weightsPath], write, terminal, signal }) {
    const { out, gram, activations } = options;
    if (out === undefined) throw new UsageError("Option --out is missing: where shall the result go?");
    if ((gram === undefined) === (activations === undefined)) {
      throw new UsageError("Give the inputs of the layer by exactly one of --gram and --activations.");
    }
    if (options.original !== undefined && activations === undefined) {
      throw new UsageError("--original needs --activations, the same tokens' inputs in the quantised model.");
    }
    const { original: towards, ...layerOptions } = settings(quantizeLayerOptions);
    if (towards !== undefined && options.original === undefined) {
      throw new UsageError("Option --original-share needs --original.");
    }
    const gramOptions = settings(accumulateGramOptions);
    const [statisticsPath, statisticsTensor] = splitTensorName((gram ?? activations)!);
    const [originalPath, originalTensor] = options.original === undefined ? [] : splitTensorName(options.original);
    const files: MatrixFile[] = [];
    const open = async (path: string) => {
      const file = await openMatrices(path);
      files.push(file);
      return file;
    };
    try {
      const weights = await open(weightsPath), statistics = await open(statisticsPath);
      const originals = originalPath === undefined ? undefined : await open(originalPath);
      const pairs = pairLayers(weights, options.tensor, statistics, statisticsTensor);
      const before = originals && pairLayers(weights, options.tensor, originals, originalTensor);
      const transposed = {
        weights: options.transpose === true,
        activations: options["transpose-activations"] === true,
      };
      if (transposed.activations && gram !== undefined) {
        throw new UsageError("--transpose-activations needs --activations.");
      }
      // All layers first: what does not fit would else come to light after the others are solved.
      for (const pair of pairs) {
        checkLayer(pair, weights, statistics, gram === undefined, transposed);
        if (before) checkOriginal(pair, statistics, sourceOf(pair, before, originals), originals);
      }
      const started = performance.now();
      const layers = new Map<string, StoredLayer>();
      for (const [index, { layer, source }] of pairs.entries()) {
        const task = pairs.length === 1 ? "" : `layer ${index + 1} of ${pairs.length}`;
        const stored = await weights.read(layer);
        const inTokens = (inputs: Matrix) => transposed.activations ? transpose(inputs) : inputs;
        const inputs = inTokens(await statistics.read(source));
        const inOriginal = before && inTokens(await originals.read(sourceOf(pairs[index], before, originals)));
        const result = await attempt(layer || inputName(weightsPath), async () => {
          const sums = activations === undefined
            ? undefined
            : await accumulate(inputs, inOriginal, { ...gramOptions, signal });
          return await quantizeLayer(
            transposed.weights ? transpose(stored) : stored,
            sums ? await sums.gram() : inputs,
            {
              ...layerOptions,
              original: sums && inOriginal && { ...await sums.original(), ...towards },
              signal,
              onProgress: (event) =>
                terminal.progress.show(task, {
                  ...event,
                  fraction: (index + event.fraction) / pairs.length,
                  elapsedMs: performance.now() - started,
                }),
            },
          );
        });
        layers.set(layer || "weight", { ...result, storedBits: weights.describe(layer).bits });
      }
      terminal.progress.clear();
      signal.throwIfAborted();
      const file = serializeQuantizedLayers(layers, { source: weightsPath });
      await write("out", () => file);
      const quantization = { layers, file: out, fileBytes: file.length };
      if (options.json) terminal.print(JSON.stringify(jsonReport(quantization), null, 2));
      else printReport(terminal, quantization);
    } finally {
      await Promise.all(files.map((file) => file.close()));
    }
  },
});

interface Pair {
  /** Name of the weights. */
  readonly layer: string;
  /** Name of their Gram matrix or activations. */
  readonly source: string;
}

function pairLayers(
  weights: MatrixFile,
  pattern: string | undefined,
  statistics: MatrixFile,
  source: string | undefined,
): Pair[] {
  if (pattern === undefined && weights.names.length > 1) {
    throw new UsageError(`Option --tensor is missing: ${weights.path} holds ${weights.names.length} matrices.`);
  }
  const names = matchNames(weights.names, pattern ?? "all");
  if (names.length === 0) {
    const given = pattern ?? "all";
    throw new FileError(`${weights.path}: no matrix is called ${given}${available(given, weights.names)}`);
  }
  if (names.length === 1) {
    const only = statistics.names.length === 1 ? statistics.names[0] : undefined;
    const found = source ?? statisticsName(names[0], statistics.names) ?? only;
    if (found === undefined) {
      throw new FileError(`${statistics.path}: no matrix belongs to ${names[0]}; name it as FILE:NAME.`);
    }
    return [{ layer: names[0], source: found }];
  }
  if (source !== undefined) {
    throw new UsageError(`${names.length} matrices cannot share the inputs ${source}: leave out the name.`);
  }
  const pairs = names.flatMap((layer) => {
    const found = statisticsName(layer, statistics.names);
    return found === undefined ? [] : [{ layer, source: found }];
  });
  if (pairs.length === 0) {
    throw new FileError(`${statistics.path}: none of the ${names.length} matrices finds its inputs by its name.`);
  }
  return pairs;
}

/** Whether shapes and groups fit. @throws {FileError} for shapes @throws {UsageError} for groups, with the layer's name */
function checkLayer(
  { layer, source }: Pair,
  weights: MatrixFile,
  statistics: MatrixFile,
  areActivations: boolean,
  transposed: { readonly weights: boolean; readonly activations: boolean },
): void {
  const name = layer || inputName(weights.path), argument = areActivations ? "activations" : "gram";
  const [outputs, inputs] = flipped(weights.describe(layer).shape, transposed.weights);
  const [rows, columns] = flipped(statistics.describe(source).shape, transposed.activations);
  const size = `"${argument}" is ${rows} x ${columns}`;
  if (!areActivations && rows !== columns) {
    const hint = columns === inputs || rows === inputs ? "; activations are given by --activations" : "";
    throw new FileError(`${name}: ${size}, but a Gram matrix is square${hint}.`);
  }
  if (columns !== inputs) {
    const other = transposed.weights ? "without --transpose" : "with --transpose";
    const hint = columns === outputs
      ? `; ${other}, they have ${outputs}`
      : rows === inputs
      ? `; ${transposed.activations ? "without" : "with"} --transpose-activations, they fit`
      : "";
    throw new FileError(`${name}: ${size}, but "weights" has ${counted(inputs, "column")}${hint}.`);
  }
}

function flipped([rows, columns]: readonly [number, number], flip: boolean): readonly [number, number] {
  return flip ? [columns, rows] : [rows, columns];
}

function transpose({ data, shape: [rows, columns] }: Matrix): Matrix {
  const result = matrix(columns, rows, data.slice());
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result.data[j * rows + i] = data[i * columns + j];
  }
  return result;
}

/** The sums of products of activations, with those of the original model where they are given. */
async function accumulate(
  activations: Matrix,
  original: Matrix | undefined,
  options: GramOptions,
): Promise<GramAccumulator> {
  const accumulator = accumulateGram(activations.shape[1], options);
  await accumulator.add(activations, original);
  return accumulator;
}

/** Name of the inputs in the original model of a layer whose others were found. @throws {FileError} where there are none */
function sourceOf({ layer }: Pair, originals: readonly Pair[], file: MatrixFile): string {
  const found = originals.find((other) => other.layer === layer);
  if (found) return found.source;
  throw new FileError(`${file.path}: no matrix belongs to ${layer}, whose other inputs were found.`);
}

/** @throws {FileError} for inputs that are not of the same tokens */
function checkOriginal({ layer, source }: Pair, statistics: MatrixFile, own: string, originals: MatrixFile): void {
  const [rows, columns] = statistics.describe(source).shape, shape = originals.describe(own).shape;
  if (shape[0] === rows && shape[1] === columns) return;
  throw new FileError(
    `${layer || inputName(originals.path)}: "original" is ${
      shape.join(" x ")
    }, but "activations" is ${rows} x ${columns}.`,
  );
}
