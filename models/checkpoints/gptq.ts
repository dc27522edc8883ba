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
import { hasRuns } from "./stored.ts";
import { type PendingTensor, pendingTensor } from "./pending.ts";
import { writeShards } from "./shards.ts";
import { jsonBytes, openTarget, type SaveTarget, writeCompanions } from "./target.ts";

/**
 * Saves a model as a GPTQ checkpoint, which GPTQModel, transformers and vLLM read: for each quantised layer `qweight`
 * (codes down the inputs), `qzeros`, `scales` (f16) and `g_idx`, with `quantize_config.json` and the same in `config.json`.
 * Other tensors stay as they are.
 *
 * The version is `gptq` where every grid is symmetric, and `gptq_v2` elsewhere: the first keeps a zero point less one, so
 * that 0 would wrap around, and GPTQModel takes asymmetric ones of it from itself alone. Layers of other bits or groups
 * than most, and those that are not quantised, are rules of `dynamic`, which GPTQModel and vLLM follow.
 *
 * Outputs and inputs are multiples of 32, groups of 16 to 1024 columns, or the whole row: `quantizeModel` keeps to it with
 * `format: "gptq"`.
 *
 * @param quantized As {@linkcode quantizeModel} or {@linkcode loadQuantized} returns it.
 * @param target A folder, made where it is not there, that holds no model; or a function that takes each file.
 * @returns which layers are held to the bit: scales that are not in f16 are rounded, by 2^-11 at most relatively
 * @throws {InputError} for layers that the format cannot hold, naming the first: outliers, scales beyond the range
 * of f16, other widths; and for a folder that holds a `config.json`
 */
export async function saveGptq(quantized: LayeredModel, target: SaveTarget): Promise<SaveReport> {
  const report = checkPackable(quantized, "gptq");
  const { model } = quantized, write = await openTarget(target), settings = quantizationConfig(quantized);
  const version = settings.checkpoint_format === "gptq" ? 1 : 2;
  await writeShards(write, packedTensors(quantized, (_, layer) => partsOf(layer, version)));
  await writeCompanions(model.files, write);
  await write("quantize_config.json", jsonBytes(settings));
  const config = JSON.parse(model.config), { torch_dtype } = config;
  await write(
    "config.json",
    jsonBytes({
      ...config,
      // What their kernels compute in.
      torch_dtype: torch_dtype === "bfloat16" ? torch_dtype : "float16",
      quantization_config: settings,
    }),
  );
  return report;
}

/** The tensors of a layer. */
function partsOf(layer: QuantizedWeights, version: 1 | 2): Record<string, PendingTensor> {
  const { bits, codes, shape: [outputs, inputs], scales, zeros, groupIndex } = layer, groups = scales.shape[1];
  const down = rowBytes(inputs, bits, 4) / 4, across = rowBytes(outputs, bits, 4) / 4;
  return {
    qweight: pendingTensor("I32", [down, outputs], () => {
      return turned(packWords(codes, [outputs, inputs], bits), outputs, down);
    }),
    qzeros: pendingTensor("I32", [groups, across], () => {
      const stored = Uint8Array.from(turned(zeros.data, outputs, groups), (zero) => zero - (version === 1 ? 1 : 0));
      return packWords(stored, [groups, outputs], bits);
    }),
    scales: halves([groups, outputs], () => turned(scales.data, outputs, groups)),
    g_idx: pendingTensor("I32", [inputs], () => Int32Array.from(groupIndex ?? new Uint32Array(inputs))),
  };
}

/** What describes the layers to those who read them. */
function quantizationConfig({ model, layers }: LayeredModel): Readonly<Record<string, unknown>> {
  const kinds = new Map([...layers].map(([name, layer]) => [name, kindOf(layer)]));
  const base = mostCommon([...kinds.values()]), dynamic: Record<string, unknown> = {};
  for (const { name, inputs } of linearLayers(model.architecture)) {
    const kind = kinds.get(name), escaped = name.replace(/[.+?^${}()|[\]\\*]/g, "\\$&");
    if (!kind) dynamic[`-:^${escaped}$`] = {};
    else if (kind.bits !== base.bits || groupsOf(kind, inputs) !== groupsOf(base, inputs)) {
      dynamic[`+:^${escaped}$`] = kind;
    }
  }
  const sym = [...layers.values()].every(isSymmetric);
  const reordered = ![...layers.values()].every(hasRuns);
  const inBlock = modulesInBlocks(model.architecture.blocks, layers);
  return {
    quant_method: "gptq",
    checkpoint_format: sym ? "gptq" : "gptq_v2",
    ...base,
    sym,
    desc_act: reordered,
    static_groups: true,
    true_sequential: true,
    lm_head: false,
    pack_dtype: "int32",
    ...Object.keys(dynamic).length > 0 && { dynamic, ...inBlock && { modules_in_block_to_quantize: [inBlock] } },
    meta: { quantizer: ["minima"] },
  };
}

interface Kind {
  readonly bits: number;
  readonly group_size: number;
}

function kindOf(layer: QuantizedWeights): Kind {
  return { bits: layer.bits, group_size: storedGroupSize(layer) };
}

const groupsOf = ({ group_size }: Kind, inputs: number) => group_size === -1 ? 1 : Math.ceil(inputs / group_size);

function mostCommon(kinds: readonly Kind[]): Kind {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(JSON.stringify(kind), (counts.get(JSON.stringify(kind)) ?? 0) + 1);
  const [[most]] = [...counts].sort(([, one], [, other]) => other - one);
  return JSON.parse(most);
}

/** Names of the quantised layers in a block, where they are the same in every one: optimum knows no other way. */
function modulesInBlocks(blocks: number, layers: LayeredModel["layers"]): string[] | undefined {
  const counts = new Map<string, number>();
  for (const name of layers.keys()) {
    const inside = /\.\d+\.(.+)$/.exec(name)?.[1];
    if (inside === undefined) return undefined;
    counts.set(inside, (counts.get(inside) ?? 0) + 1);
  }
  return [...counts.values()].every((count) => count === blocks) ? [...counts.keys()] : undefined;
}
