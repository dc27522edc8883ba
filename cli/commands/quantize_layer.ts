import {
  accumulateGram,
  accumulateGramOptions,
  type GramOptions,
  type Matrix,
  type QuantizedLayer,
  quantizeLayer,
  quantizeLayerOptions,
  serializeQuantizedLayers,
} from "../../mod.ts";
import { command, UsageError } from "../command.ts";
import { FileError, type MatrixFile, openMatrices, splitTensorName, writeWhole } from "../files.ts";
import { jsonReport, printReport } from "../quantize_report.ts";
import { available } from "../suggest.ts";
import { matchNames, statisticsName } from "../tensor_names.ts";

const options = {
  tensor: {
    kind: "text",
    value: "NAME",
    about: "the weight matrix; * stands for any part of a name, and all for every matrix whose inputs are known " +
      "(not needed where the file holds one matrix)",
  },
  gram: { kind: "text", value: "FILE[:NAME]", about: "X X^T of each layer's inputs, .safetensors or .npy" },
  activations: { kind: "text", value: "FILE[:NAME]", about: "each layer's inputs [tokens, inputs], instead of --gram" },
  out: { kind: "text", value: "FILE", about: "where to write the quantised layers, .safetensors" },
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

The time limit is that of each layer. The result holds codes, scales, zero points and outliers of each layer;
parseQuantizedLayers and dequantize read it.`,
  operands: [1, 1],
  options,
  solver: { tables: [quantizeLayerOptions, accumulateGramOptions], except: ["dtype"] },
  async run({ options, settings, operands: [weightsPath], terminal, signal }) {
    const { out, gram, activations } = options;
    if (out === undefined) throw new UsageError("Option --out is missing: where shall the result go?");
    if ((gram === undefined) === (activations === undefined)) {
      throw new UsageError("Give the inputs of the layer by exactly one of --gram and --activations.");
    }
    const layerOptions = settings(quantizeLayerOptions), gramOptions = settings(accumulateGramOptions);
    const [statisticsPath, statisticsTensor] = splitTensorName((gram ?? activations)!);
    const weights = await openMatrices(weightsPath);
    const statistics = await openMatrices(statisticsPath).catch(async (error) => {
      await weights.close();
      throw error;
    });
    try {
      const pairs = pairLayers(weights, options.tensor, statistics, statisticsTensor);
      const started = performance.now();
      const layers = new Map<string, QuantizedLayer>();
      for (const [index, { layer, source }] of pairs.entries()) {
        const task = pairs.length === 1 ? "" : `layer ${index + 1} of ${pairs.length}`;
        const result = await quantizeLayer(
          await weights.read(layer),
          activations
            ? await accumulate(statistics, source, { ...gramOptions, signal })
            : await statistics.read(source),
          {
            ...layerOptions,
            signal,
            onProgress: (event) =>
              terminal.progress.show(task, {
                ...event,
                fraction: (index + event.fraction) / pairs.length,
                elapsedMs: performance.now() - started,
              }),
          },
        );
        layers.set(layer || "weight", result);
      }
      terminal.progress.clear();
      signal.throwIfAborted();
      const file = serializeQuantizedLayers(layers, { source: weightsPath });
      await writeWhole(out, file);
      const quantization = { layers, file: out, fileBytes: file.length };
      if (options.json) terminal.print(JSON.stringify(jsonReport(quantization), null, 2));
      else printReport(terminal, quantization);
    } finally {
      await Promise.all([weights.close(), statistics.close()]);
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

/** The Gram matrix of activations in a file. */
async function accumulate(file: MatrixFile, name: string, options: GramOptions): Promise<Matrix> {
  const activations = await file.read(name);
  const accumulator = accumulateGram(activations.shape[1], options);
  await accumulator.add(activations);
  return await accumulator.gram();
}
