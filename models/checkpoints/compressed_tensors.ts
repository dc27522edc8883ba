import { rowBytes } from "../../formats/bit_packing.ts";
import type { QuantizedWeights } from "../../solvers/quantization/layer.ts";
import { turned } from "../dense.ts";
import { linearLayers } from "../load.ts";
import type { LayeredModel } from "../quantized.ts";
import {
  checkPackable,
  halves,
  isSymmetric,
  packedTensors,
  packWords,
  type SaveReport,
  storedGroupSize,
} from "./packed.ts";
import { type PendingTensor, pendingTensor } from "./pending.ts";
import { writeShards } from "./shards.ts";
import { jsonBytes, openTarget, type SaveTarget, writeCompanions } from "./target.ts";

/**
 * Saves a model in the format `pack-quantized` of compressed-tensors, which transformers and vLLM read: for each quantised
 * layer `weight_packed` (codes along the inputs, end to end), `weight_scale` (f16), `weight_shape`, and where a grid is not
 * symmetric `weight_zero_point`; `quantization_config` of `config.json` names the layers of each kind. Other tensors stay
 * as they are.
 *
 * Codes of 3 bits lie across words, as the library has them now; it once left 2 bits of every word empty.
 * Groups divide the inputs: `quantizeModel` keeps to it with `format: "compressed-tensors"`.
 *
 * @param quantized As {@linkcode quantizeModel} or {@linkcode loadQuantized} returns it.
 * @param target A folder, made where it is not there, that holds no model; or a function that takes each file.
 * @returns which layers are held to the bit: scales that are not in f16 are rounded, by 2^-11 at most relatively
 * @throws {InputError} for layers that the format cannot hold, naming the first: outliers, scales beyond the range
 * of f16, groups that do not divide the inputs; for layers stored [inputs, outputs], as GPT-2 has them; and for a
 * folder that holds a `config.json`
 */
export async function saveCompressedTensors(quantized: LayeredModel, target: SaveTarget): Promise<SaveReport> {
  const report = checkPackable(quantized, "compressed-tensors");
  const { model } = quantized, write = await openTarget(target);
  await writeShards(write, packedTensors(quantized, (_, layer) => partsOf(layer)));
  await writeCompanions(model.files, write);
  const config = { ...JSON.parse(model.config), quantization_config: quantizationConfig(quantized) };
  await write("config.json", jsonBytes(config));
  return report;
}

/** The tensors of a layer. Codes are signed there, and packed with what makes them unsigned again: the codes here. */
function partsOf(layer: QuantizedWeights): Record<string, PendingTensor> {
  const { bits, codes, shape: [outputs, inputs], scales, zeros } = layer, groups = scales.shape[1];
  const across = rowBytes(inputs, bits, 4) / 4, down = rowBytes(outputs, bits, 4) / 4;
  return {
    weight_packed: pendingTensor("I32", [outputs, across], () => packWords(codes, [outputs, inputs], bits)),
    weight_scale: halves([outputs, groups], () => scales.data),
    weight_shape: pendingTensor("I64", [2], () => BigInt64Array.of(BigInt(outputs), BigInt(inputs))),
    ...!isSymmetric(layer) && {
      // Packed down the outputs.
      weight_zero_point: pendingTensor("I32", [down, groups], () => {
        return turned(packWords(turned(zeros.data, outputs, groups), [groups, outputs], bits), groups, down);
      }),
    },
  };
}

/** What describes the layers to those who read them: a group for each kind of layer. */
function quantizationConfig({ model, layers }: LayeredModel): Readonly<Record<string, unknown>> {
  const kinds = new Map<string, string[]>();
  for (const [name, layer] of layers) {
    const group = storedGroupSize(layer);
    const kind = JSON.stringify({
      num_bits: layer.bits,
      type: "int",
      symmetric: isSymmetric(layer),
      strategy: group === -1 ? "channel" : "group",
      group_size: group === -1 ? null : group,
      dynamic: false,
    });
    kinds.set(kind, [...kinds.get(kind) ?? [], name]);
  }
  const groups = [...kinds].map(([kind, names], at) => [
    `group_${at}`,
    {
      targets: kinds.size === 1 ? ["Linear"] : names,
      weights: JSON.parse(kind),
      input_activations: null,
      output_activations: null,
      format: "pack-quantized",
    },
  ]);
  const { head, embedding } = model.architecture.names;
  const left = linearLayers(model.architecture).filter(({ name }) => !layers.has(name)).map(({ name }) => name);
  return {
    quant_method: "compressed-tensors",
    format: "pack-quantized",
    quantization_status: "compressed",
    config_groups: Object.fromEntries(groups),
    // There is a head also where it is tied, and by this name in every family.
    ignore: [...left, head === embedding ? "lm_head" : head],
    kv_cache_scheme: null,
    global_compression_ratio: null,
  };
}
