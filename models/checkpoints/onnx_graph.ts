/** The forward pass of Llama and what follows it as a graph of ONNX, with its cache of keys and values. @module */

import type { OnnxAttribute, OnnxNode, OnnxValue } from "../../formats/onnx.ts";
import { type Tensor, toVector } from "../../formats/tensor.ts";
import { InputError } from "../../solvers/core/errors.ts";
import type { QuantizedWeights } from "../../solvers/quantization/layer.ts";
import type { Architecture, BlockNames, Rotary } from "../architecture.ts";
import type { LanguageModel } from "../load.ts";
import { formatConstraints } from "./constraints.ts";
import { blocksOf, operandsOf, outlierColumns } from "./matmul_nbits.ts";
import { type PendingTensor, pendingTensor } from "./pending.ts";

/** A graph, and its tensors to be. */
export interface PendingGraph {
  readonly nodes: readonly OnnxNode[];
  readonly tensors: ReadonlyMap<string, PendingTensor>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** A decoder whose positions are turned, as all are of which there is a graph. */
type RotaryModel = Architecture & { readonly positions: Rotary };

const { families = [] } = formatConstraints.onnx;

/** @throws {InputError} for a model that has no graph */
function checkGraph(architecture: Architecture): asserts architecture is RotaryModel {
  const refuse = (problem: string) => new InputError("model", `Cannot save the model as ONNX: ${problem}.`);
  const { family, activation, positions } = architecture;
  if (!families.includes(family) || positions.kind !== "rotary") {
    throw refuse(`it is of the family ${family}, and there are graphs of ${families.join(", ")} alone`);
  }
  if (activation !== "silu") throw refuse(`its activation is ${activation}, and there are graphs with silu alone`);
}

/** Positions are cut into `positionStep p + q`: angles of both are in tables that stay small, and exact in f32. */
const positionStep = 256;

/** Least f32, for what is masked: finite, so that rows without a key give no NaN. */
const masked = -3.4028234663852886e38;

/** The graph of a model with these layers. @throws {InputError} for a model that has no graph */
export function buildGraph(
  { architecture, weights }: LanguageModel,
  layers: ReadonlyMap<string, QuantizedWeights>,
): PendingGraph {
  checkGraph(architecture);
  const { hidden, heads, keyValueHeads, headSize, vocabulary, blocks, names, norm: { epsilon } } = architecture;
  const { positions: { frequencies, factor }, context } = architecture, pairs = frequencies.length;
  const nodes: OnnxNode[] = [], tensors = new Map<string, PendingTensor>();

  /** Adds a node of one output. @returns its name */
  function add(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    { output = `${operator}_${nodes.length}`, domain = "" } = {},
  ): string {
    nodes.push({ operator, inputs, outputs: [output], name: output, ...domain && { domain }, attributes });
    return output;
  }
  function tensor(name: string, pending: PendingTensor): string {
    tensors.set(name, pending);
    return name;
  }
  const constant = (name: string, value: Tensor) => tensor(name, { ...value, read: () => value });
  const integers = (...values: number[]) =>
    constant(`[${values}]`, { dtype: "I64", shape: [values.length], data: BigInt64Array.from(values, BigInt) });
  const integer = (value: number) =>
    constant(`${value}`, { dtype: "I64", shape: [], data: BigInt64Array.of(BigInt(value)) });
  const number = (value: number) => constant(`f32 ${value}`, { dtype: "F32", shape: [], data: Float32Array.of(value) });
  const to = (dtype: "F32" | "BOOL") => ({ to: { integer: dtype === "F32" ? 1 : 9 } });
  const axis = (value: number) => ({ axis: { integer: value } });

  /** A tensor of the model: f16 stays in the file, the rest is f32. */
  function stored(name: string, wide: boolean): { readonly name: string; readonly half: boolean } {
    const { dtype, shape } = weights.describe(name), half = dtype === "F16" && !wide;
    return {
      half,
      name: tensor(
        name,
        pendingTensor(half ? "F16" : "F32", shape, async () => {
          const found = await weights.read(name);
          return half ? found.data : Float32Array.from(toVector(found));
        }),
      ),
    };
  }
  const vector = (name: string) => stored(name, true).name;
  function wide(name: string): string {
    const { name: given, half } = stored(name, false);
    return half ? add("Cast", [given], to("F32")) : given;
  }

  const half = stored(`${names.embedding}.weight`, false), ids = "input_ids";
  const embedded = add("Gather", [half.name, ids]), first = half.half ? add("Cast", [embedded], to("F32")) : embedded;
  const size = add("Shape", [ids]);
  /** [batch, sequence, ...] of what was [batch * sequence, ...]. */
  const rowsAgain = add("Concat", [size, integers(-1)], axis(0));
  const { cosines, sines } = angles();
  const { everywhere, within } = masks();
  const inputs: OnnxValue[] = [
    { name: ids, dtype: "I64", shape: ["batch_size", "sequence_length"] },
    { name: "attention_mask", dtype: "I64", shape: ["batch_size", "total_sequence_length"] },
    { name: "position_ids", dtype: "I64", shape: ["batch_size", "sequence_length"] },
  ];
  const outputs: OnnxValue[] = [
    { name: "logits", dtype: "F32", shape: ["batch_size", "sequence_length", vocabulary] },
  ];

  let x = first;
  for (let block = 0; block < blocks; block++) {
    const parts = names.block(block);
    const normed = normalize(x, parts.attentionNorm);
    x = add("Add", [x, linear(parts.output, attend(normed, parts, block))]);
    x = add("Add", [x, feedForward(normalize(x, parts.feedForwardNorm!), parts)]);
  }
  const flat = add("Reshape", [normalize(x, names.finalNorm), integers(-1, hidden)]);
  const rows = add("Gemm", [flat, headWeights()], { transB: { integer: 1 } });
  add("Reshape", [rows, rowsAgain], {}, { output: "logits" });
  return { nodes, tensors, inputs, outputs };

  /** The head; tables may have more rows than there are tokens. */
  function headWeights(): string {
    const name = `${names.head}.weight`,
      table = names.head === names.embedding && half.half ? add("Cast", [half.name], to("F32")) : wide(name);
    if (weights.describe(name).shape[0] === vocabulary) return table;
    return add("Slice", [table, integers(0), integers(vocabulary), integers(0)]);
  }

  function table(name: string, rows: number, step: number, f: (angle: number) => number): string {
    const at = (k: number) => f(Math.floor(k / pairs) * step * frequencies[k % pairs]);
    return tensor(
      name,
      pendingTensor("F32", [rows, pairs], () => Float32Array.from({ length: rows * pairs }, (_, k) => at(k))),
    );
  }

  /** Cosines and sines of the positions [batch, 1, sequence, pairs]. */
  function angles(): { readonly cosines: string; readonly sines: string } {
    const steps = Math.ceil(context / positionStep), step = integer(positionStep);
    const far = add("Div", ["position_ids", step]), near = add("Mod", ["position_ids", step]);
    const scaled = (f: (angle: number) => number) => (angle: number) => factor * f(angle);
    const farCosines = add("Gather", [table("far cosines", steps, positionStep, scaled(Math.cos)), far]);
    const farSines = add("Gather", [table("far sines", steps, positionStep, scaled(Math.sin)), far]);
    const nearCosines = add("Gather", [table("near cosines", positionStep, 1, Math.cos), near]);
    const nearSines = add("Gather", [table("near sines", positionStep, 1, Math.sin), near]);
    const product = (a: string, b: string) => add("Mul", [a, b]);
    const cosines = add("Sub", [product(farCosines, nearCosines), product(farSines, nearSines)]);
    const sines = add("Add", [product(farSines, nearCosines), product(farCosines, nearSines)]);
    return {
      cosines: add("Unsqueeze", [cosines, integers(1)]),
      sines: add("Unsqueeze", [sines, integers(1)]),
    };
  }

  /** What is added to scores [batch, 1, sequence, total]: of all earlier keys, and of those in a window. */
  function masks(): { readonly everywhere: string; within(window: number): string } {
    const scalarOf = (shape: string, at: number) => add("Gather", [shape, integer(at)]);
    const past = scalarOf(add("Shape", ["past_key_values.0.key"]), 2);
    const total = add("Add", [past, scalarOf(size, 1)]);
    const keys = add("Unsqueeze", [add("Range", [integer(0), total, integer(1)]), integers(0)]);
    const queries = add("Unsqueeze", [add("Range", [past, total, integer(1)]), integers(1)]);
    const given = add("Unsqueeze", [add("Cast", ["attention_mask"], to("BOOL")), integers(1, 2)]);
    const allowed = add("And", [add("LessOrEqual", [keys, queries]), given]);
    const bias = (allowed: string) => add("Where", [allowed, number(0), number(masked)]);
    const windows = new Map<number, string>();
    return {
      everywhere: bias(allowed),
      within(window) {
        const known = windows.get(window) ??
          bias(add("And", [allowed, add("Greater", [keys, add("Sub", [queries, integer(window)])])]));
        windows.set(window, known);
        return known;
      },
    };
  }

  /** A root-mean-square norm over the last axis, in the form that ONNX Runtime fuses. */
  function normalize(x: string, name: string): string {
    const squares = add("ReduceMean", [add("Pow", [x, number(2)])], { axes: { integers: [-1] } });
    const deviation = add("Sqrt", [add("Add", [squares, number(epsilon)])]);
    return add("Mul", [add("Div", [x, deviation]), vector(`${name}.weight`)]);
  }

  /** `x What^T + b` of [batch, sequence, inputs]. */
  function linear(name: string, x: string): string {
    const layer = layers.get(name), product = layer ? quantized(name, layer, x) : dense(name, x);
    return weights.has(`${name}.bias`) ? add("Add", [product, vector(`${name}.bias`)]) : product;
  }

  function dense(name: string, x: string): string {
    const flat = add("Reshape", [x, integers(-1, weights.describe(`${name}.weight`).shape[1])]);
    const rows = add("Gemm", [flat, wide(`${name}.weight`)], { transB: { integer: 1 } });
    return add("Reshape", [rows, rowsAgain]);
  }

  function quantized(name: string, layer: QuantizedWeights, x: string): string {
    const cut = blocksOf(layer, name), [outputs, inputs] = layer.shape;
    const parts = operandsOf(layer, cut);
    const operands = Object.entries(parts).map(([part, pending]) => tensor(`${name}.${part}`, pending));
    const product = add("MatMulNBits", [x, ...operands], {
      K: { integer: inputs },
      N: { integer: outputs },
      bits: { integer: cut.bits },
      block_size: { integer: cut.size },
      // Products and sums in f32.
      accuracy_level: { integer: 1 },
    }, { domain: "com.microsoft" });
    if (!layer.outliers || layer.outliers.data.length === 0) return product;
    const { columns, weights: dense } = outlierColumns(layer, layer.outliers, name);
    const places = constant(`${name}.outlier_columns`, {
      dtype: "I64",
      shape: [columns.length],
      data: BigInt64Array.from(columns, BigInt),
    });
    const picked = add("Gather", [x, places], axis(-1));
    return add("Add", [product, add("MatMul", [picked, constant(`${name}.outliers`, dense)])]);
  }

  /** [batch, heads, sequence, headSize] of the columns of heads, each with its norm. */
  function split(x: string, count: number, norm: string | undefined): string {
    const apart = add("Reshape", [x, integers(0, 0, count, headSize)]);
    const normed = norm === undefined ? apart : normalize(apart, norm);
    return add("Transpose", [normed], { perm: { integers: [0, 2, 1, 3] } });
  }

  /** Pairs of columns, half a turned part apart, are turned by their angles. */
  function turn(x: string): string {
    const cut = (begin: number, end: number) => add("Slice", [x, integers(begin), integers(end), integers(3)]);
    const one = cut(0, pairs), other = cut(pairs, 2 * pairs);
    const product = (a: string, b: string) => add("Mul", [a, b]);
    const parts = [
      add("Sub", [product(one, cosines), product(other, sines)]),
      add("Add", [product(other, cosines), product(one, sines)]),
      ...2 * pairs < headSize ? [cut(2 * pairs, headSize)] : [],
    ];
    return add("Concat", parts, axis(3));
  }

  function attend(x: string, parts: BlockNames, block: number): string {
    const [query, key, value] = parts.attention.map((name) => linear(name, x));
    const remembered = (kind: "key" | "value", now: string) => {
      const shape = ["batch_size", keyValueHeads, "past_sequence_length", headSize];
      inputs.push({ name: `past_key_values.${block}.${kind}`, dtype: "F32", shape });
      const output = `present.${block}.${kind}`;
      outputs.push({
        name: output,
        dtype: "F32",
        shape: ["batch_size", keyValueHeads, "total_sequence_length", headSize],
      });
      return add("Concat", [`past_key_values.${block}.${kind}`, now], axis(2), { output });
    };
    const queries = add("Mul", [turn(split(query, heads, parts.queryNorm)), number(1 / Math.sqrt(headSize))]);
    const keys = remembered("key", turn(split(key, keyValueHeads, parts.keyNorm)));
    const values = remembered("value", split(value, keyValueHeads, undefined));
    // Heads that share keys are rows of one product.
    const shared = integers(0, keyValueHeads, -1, headSize), apart = integers(0, heads, -1, 0);
    const transposed = add("Transpose", [keys], { perm: { integers: [0, 1, 3, 2] } });
    const scores = add("Reshape", [add("MatMul", [add("Reshape", [queries, shared]), transposed]), apart]);
    const window = architecture.window?.(block);
    const bias = window === undefined ? everywhere : within(window);
    const shares = add("Softmax", [add("Add", [scores, bias])], axis(-1));
    const together = add("Reshape", [shares, integers(0, keyValueHeads, -1, 0)]);
    // Total is not known before it runs: rows of heads that share keys come from the product itself.
    const mixed = add("Reshape", [add("MatMul", [together, values]), integers(0, heads, -1, headSize)]);
    const back = add("Transpose", [mixed], { perm: { integers: [0, 2, 1, 3] } });
    return add("Reshape", [back, integers(0, 0, heads * headSize)]);
  }

  function feedForward(x: string, { expand: [gate, up], contract }: BlockNames): string {
    const gated = linear(gate, x), active = add("Mul", [gated, add("Sigmoid", [gated])]);
    return linear(contract, add("Mul", [active, linear(up, x)]));
  }
}
