/** Finding layers that are stored as codes among the tensors of a model. @module */

import { FormatError } from "../../formats/errors.ts";
import { type Config, configOf, parseConfig } from "../config.ts";
import { type ModelFiles, readText } from "../files.ts";
import type { Weights } from "../weights.ts";
import { openCompressedTensors } from "./compressed_tensors_reader.ts";
import { openAwq, openGptq } from "./gptq_reader.ts";
import type { Owners, StoredQuantization } from "./stored.ts";

/** Files that hold what `quantization_config` does, in older checkpoints. */
const otherFiles = ["quantize_config.json", "quant_config.json"];

/**
 * Opens the quantised layers of a checkpoint.
 *
 * @returns nothing where none are quantised
 * @throws {FormatError} for a way of quantisation that is not known, and parts that do not fit together
 */
export async function openStored(
  config: Config,
  weights: Weights,
  files: ModelFiles,
): Promise<{ stored: StoredQuantization; owners: Owners } | undefined> {
  const settings = await settingsOf(config, weights, files);
  if (!settings) return undefined;
  const owners: Owners = new Map();
  const method = settings.text(["quant_method", "method"], "gptq");
  if (method === "gptq") return { stored: openGptq(settings, weights, owners), owners };
  if (method === "awq") return { stored: openAwq(settings, weights, owners), owners };
  if (method === "compressed-tensors") {
    return { stored: await openCompressedTensors(settings, weights, owners), owners };
  }
  throw settings.refuse(
    "quant_method",
    `is "${method}"; gptq, awq and compressed-tensors can be read, and weights that are not quantised`,
  );
}

async function settingsOf(config: Config, weights: Weights, files: ModelFiles): Promise<Config | undefined> {
  const inConfig = config.value("quantization_config");
  if (typeof inConfig === "object") {
    return configOf(inConfig as Readonly<Record<string, unknown>>, "config.json: quantization_config");
  }
  if (!weights.names.some((name) => name.endsWith(".qweight"))) return undefined;
  for (const file of otherFiles) {
    const text = await readText(files, file);
    if (text !== undefined) return parseConfig(text, file);
  }
  throw new FormatError("model", "config.json", 'lacks "quantization_config", though there are packed codes');
}
