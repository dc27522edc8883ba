/** Reading what {@linkcode saveOnnx} writes. @module */

import { FormatError } from "../../formats/errors.ts";
import { type OnnxModel, type OnnxNode, type OnnxTensor, parseOnnx } from "../../formats/onnx.ts";
import { elementsOver, type Tensor } from "../../formats/tensor.ts";
import { dequantize, type QuantizedWeights } from "../../solvers/quantization/layer.ts";
import { filesOf, type ModelFiles, type ModelSource } from "../files.ts";
import type { Weights } from "../weights.ts";
import { unpackLayer } from "./matmul_nbits.ts";
import { layersKey } from "./onnx.ts";

/** Where a graph may lie, by the bits that its name stands for. */
const places = ["_q4", "_q2", "_quantized", ""].map((suffix) => `onnx/model${suffix}.onnx`);

/** A graph that was opened: its quantised layers, and its tensors as those of the model that they stand for. */
interface OpenedOnnx {
  /** Names of the quantised layers. */
  readonly layers: readonly string[];
  /** Reads a layer. @throws {FormatError} where its parts do not fit together */
  readLayer(name: string): Promise<QuantizedWeights>;
  /** Tensors of the model; those of quantised layers are made dense when they are read. */
  readonly weights: Weights;
}

/** Opens the graph of a model; undefined where there is none. @throws {FormatError} for one that `saveOnnx` did not write */
async function openOnnx(files: ModelFiles): Promise<OpenedOnnx | undefined> {
  for (const name of places) {
    const file = await files.open(name);
    if (!file) continue;
    return openGraph(files, name, parseOnnx(await file.read(0, file.size)));
  }
  return undefined;
}

/**
 * Reads the quantised layers of a model that {@linkcode saveOnnx} has written: codes, scales, zero points and outliers as
 * they were.
 *
 * @param source The folder with `onnx/`, or its files by name.
 * @throws {FormatError} where there is none, for one of another writer, or damage
 */
export async function readOnnxLayers(source: ModelSource): Promise<Map<string, QuantizedWeights>> {
  const files = await filesOf(source), opened = await openOnnx(files);
  if (!opened) throw new FormatError("model", places[0], `is missing in ${files.place}`);
  const layers = new Map<string, QuantizedWeights>();
  for (const name of opened.layers) layers.set(name, await opened.readLayer(name));
  return layers;
}

/** What the metadata tells of a layer. */
interface Facts {
  readonly bits: 2 | 3 | 4 | 8;
  readonly groupSize: number;
}

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

function openGraph(files: ModelFiles, file: string, { tensors, nodes, metadata }: OnnxModel): OpenedOnnx {
  const facts = factsOf(metadata?.[layersKey]);
  // The operator of each layer is known by its codes.
  const products = new Map<string, OnnxNode>();
  for (const node of nodes) if (node.operator === "MatMulNBits") products.set(node.inputs[1] ?? "", node);

  const missing = (name: string) => new FormatError("onnx", `tensor "${name}"`, `is missing in ${file}`);
  function find(name: string): OnnxTensor {
    const tensor = tensors.get(name);
    if (!tensor) throw missing(name);
    return tensor;
  }
  async function read(name: string): Promise<Tensor> {
    const tensor = find(name);
    if (tensor.data !== undefined) return tensor;
    const { dtype, shape, place: { file, offset, length } } = tensor, source = await files.open(`onnx/${file}`);
    if (!source) throw new FormatError("model", `onnx/${file}`, `is missing in ${files.place}`);
    if (offset + length > source.size) {
      throw new FormatError("model", `onnx/${file}`, `is cut short at ${source.size} bytes`);
    }
    return { dtype, shape, data: elementsOver(dtype, await source.read(offset, length)) };
  }
  function shapeOf(name: string): { readonly node: OnnxNode; readonly shape: readonly [number, number] } {
    const node = products.get(`${name}.codes`);
    if (!node) throw new FormatError("onnx", `the layer "${name}"`, "has no MatMulNBits");
    return { node, shape: [attribute(node, "N"), attribute(node, "K")] };
  }
  async function readLayer(name: string): Promise<QuantizedWeights> {
    const { node, shape } = shapeOf(name), { bits, groupSize } = facts.get(name)!, size = attribute(node, "block_size");
    const part = (suffix: string) => read(`${name}.${suffix}`),
      has = (suffix: string) => tensors.has(`${name}.${suffix}`);
    const blocks = { bits: attribute(node, "bits") as 2 | 4 | 8, size, count: Math.ceil(shape[1] / size) };
    const [codes, scales] = [await part("codes"), await part("scales")];
    const zeros = has("zeros") ? await part("zeros") : undefined;
    const outliers = has("outliers")
      ? { columns: await part("outlier_columns"), weights: await part("outliers") }
      : undefined;
    return unpackLayer(
      { shape, bits, groupSize, blocks, codes, scales, ...zeros && { zeros }, ...outliers && { outliers } },
      name,
    );
  }

  const layers = [...facts.keys()];
  const layerOf = (name: string) =>
    name.endsWith(".weight") && facts.has(name.slice(0, -7)) ? name.slice(0, -7) : undefined;
  const names = [
    ...[...tensors.keys()].filter((name) => name.endsWith(".weight") || name.endsWith(".bias")),
    ...layers.map((name) => `${name}.weight`),
  ];
  const known = new Set(names);
  return {
    layers,
    readLayer,
    weights: {
      names,
      has: (name) => known.has(name),
      describe(name) {
        const layer = layerOf(name);
        if (layer !== undefined) return { dtype: "F32", shape: shapeOf(layer).shape };
        const { dtype, shape } = find(name);
        return { dtype, shape };
      },
      async read(name) {
        const layer = layerOf(name);
        return layer === undefined ? await read(name) : { dtype: "F32", ...dequantize(await readLayer(layer)) };
      },
    },
  };
}

function attribute({ attributes, name }: OnnxNode, key: string): number {
  const found = attributes?.[key];
  if (found && "integer" in found && found.integer >= 1) return found.integer;
  throw new FormatError("onnx", `node "${name}"`, `needs a whole number "${key}"`);
}
