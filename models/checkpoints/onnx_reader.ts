/** Reading the graphs that {@linkcode saveOnnx} writes. @module */

import { FormatError } from "../../formats/errors.ts";
import { type OnnxModel, type OnnxNode, type OnnxTensor, parseOnnx } from "../../formats/onnx.ts";
import { elementsOver, type Tensor } from "../../formats/tensor.ts";
import type { QuantizedWeights } from "../../solvers/quantization/layer.ts";
import type { ModelFiles } from "../files.ts";
import type { Weights } from "../weights.ts";
import { layersKey, unpackLayer } from "./matmul_nbits.ts";
import { pendingBytes } from "./pending.ts";
import { type Owners, refuseTensor, type StoredLayer, type StoredQuantization } from "./stored.ts";

/** Where a graph may lie: in its folder, or beside the other files, as they are picked in a page. */
const places = ["onnx/", ""].flatMap((folder) =>
  ["_q4", "_q2", "_quantized", ""].map((suffix) => ({ folder, file: `model${suffix}.onnx` }))
);

/** Tensors that a layer may have. */
const parts = ["codes", "scales", "zeros", "outlier_columns", "outliers"] as const;

/** A graph that was opened. */
interface OpenedGraph {
  /** Its tensors as those of the model, and those of its layers. */
  readonly weights: Weights;
  /** Its quantised layers. */
  readonly stored: StoredQuantization;
  readonly owners: Owners;
}

/**
 * Opens the graph of a model; undefined where there is none.
 *
 * @throws {FormatError} for one that `saveOnnx` did not write, and damage
 */
export async function openOnnx(files: ModelFiles): Promise<OpenedGraph | undefined> {
  for (const { folder, file } of places) {
    const found = await files.open(folder + file);
    if (found) return openGraph(files, folder, file, parseOnnx(await found.read(0, found.size)));
  }
  return undefined;
}

/** What the metadata tells of a layer. */
type Facts = Pick<StoredLayer, "bits" | "groupSize">;

function factsOf(text: string | undefined): Map<string, Facts> {
  const refuse = (problem: string) => new FormatError("onnx", `"${layersKey}"`, problem);
  if (text === undefined) throw refuse("is missing in the metadata: another program has written the graph");
  let facts: Record<string, Facts>;
  try {
    facts = JSON.parse(text);
  } catch {
    throw refuse("is not JSON");
  }
  if (typeof facts !== "object" || facts === null) throw refuse("must be an object");
  for (const [name, layer] of Object.entries(facts)) {
    const sound = [2, 3, 4, 8].includes(layer?.bits) && Number.isSafeInteger(layer.groupSize) && layer.groupSize > 0;
    if (!sound) throw refuse(`needs bits and groupSize of "${name}"`);
  }
  return new Map(Object.entries(facts));
}

function openGraph(
  files: ModelFiles,
  folder: string,
  file: string,
  { tensors, nodes, metadata }: OnnxModel,
): OpenedGraph {
  // The operator of each layer is known by its codes.
  const products = new Map<string, OnnxNode>();
  for (const node of nodes) if (node.operator === "MatMulNBits") products.set(node.inputs[1] ?? "", node);

  function find(name: string): OnnxTensor {
    const tensor = tensors.get(name);
    if (!tensor) throw refuseTensor(name, `is missing in ${file}`);
    return tensor;
  }
  async function read(name: string): Promise<Tensor> {
    const tensor = find(name);
    if (tensor.data !== undefined) return tensor;
    const { dtype, shape, place: { file, offset, length } } = tensor, source = await files.open(folder + file);
    if (!source) throw new FormatError("model", folder + file, `is missing in ${files.place}`);
    if (offset + length > source.size) {
      throw new FormatError("model", folder + file, `is cut short at ${source.size} bytes`);
    }
    return { dtype, shape, data: elementsOver(dtype, await source.read(offset, length)) };
  }
  function openLayer(name: string, { bits, groupSize }: Facts): StoredLayer {
    const node = products.get(`${name}.codes`);
    if (!node) throw new FormatError("onnx", `the layer "${name}"`, "has no MatMulNBits");
    const shape = [attribute(node, "N"), attribute(node, "K")] as const, size = attribute(node, "block_size");
    const blocks = { bits: attribute(node, "bits") as 2 | 4 | 8, size, count: Math.ceil(shape[1] / size) };
    const part = (part: (typeof parts)[number]) => read(`${name}.${part}`);
    return {
      shape,
      bits,
      groupSize,
      bytes: partsOf(name).reduce((sum, part) => sum + pendingBytes(find(part)), 0),
      async read(): Promise<QuantizedWeights> {
        const has = (suffix: string) => tensors.has(`${name}.${suffix}`);
        const codes = await part("codes"), scales = await part("scales");
        const zeros = has("zeros") ? await part("zeros") : undefined;
        const outliers = has("outliers")
          ? { columns: await part("outlier_columns"), weights: await part("outliers") }
          : undefined;
        const given = { shape, bits, groupSize, blocks, codes, scales };
        return unpackLayer({ ...given, ...zeros && { zeros }, ...outliers && { outliers } }, name);
      },
    };
  }
  const partsOf = (layer: string) => parts.map((part) => `${layer}.${part}`).filter((name) => tensors.has(name));

  const layers = new Map<string, StoredLayer>(), owners: Owners = new Map();
  for (const [name, facts] of factsOf(metadata?.[layersKey])) {
    layers.set(name, openLayer(name, facts));
    for (const part of partsOf(name)) owners.set(part, name);
  }
  // The others are constants of the graph.
  const names = [...tensors.keys()].filter((name) => owners.has(name) || /\.(?:weight|bias)$/.test(name));
  const known = new Set(names);
  const weights: Weights = {
    names,
    has: (name) => known.has(name),
    describe(name) {
      const { dtype, shape } = find(name);
      return { dtype, shape };
    },
    read,
  };
  return { weights, stored: { format: "onnx", layers }, owners };
}

function attribute({ attributes, name }: OnnxNode, key: string): number {
  const found = attributes?.[key];
  if (found && "integer" in found && found.integer >= 1) return found.integer;
  throw new FormatError("onnx", `node "${name}"`, `needs a whole number "${key}"`);
}
