/**
 * ONNX: a graph of operators with its tensors, as the messages of `onnx.proto` in the wire format of protocol buffers.
 * What a graph of one level needs is read and written: no subgraphs, functions, sparse tensors or training. Elements are
 * raw bytes, or lie in other files, by offset and length.
 */

import { checkKind, checkParts } from "../solvers/core/kinds.ts";
import { clipped, FormatError } from "./errors.ts";
import { createMessage, type Field, finishMessage, integersOf, type Message, readMessage } from "./protobuf.ts";
import { bytesOf, elementBits, elementCount, elementsOver, type ElementType, type Tensor } from "./tensor.ts";

/** Where the elements of a tensor lie in another file. */
export interface OnnxPlace {
  /** The file, beside the model. */
  readonly file: string;
  /** First byte. */
  readonly offset: number;
  /** Number of bytes. */
  readonly length: number;
}

/** A tensor of the graph: its elements, or where they lie. */
export type OnnxTensor =
  | Tensor
  | (Omit<Tensor, "data"> & { readonly place: OnnxPlace; readonly data?: undefined });

/** What an operator is told, by kind. */
export type OnnxAttribute =
  | { readonly integer: number }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly integers: readonly number[] };

/** An operator. */
export interface OnnxNode {
  /** Name of the operator. */
  readonly operator: string;
  /** Whose operator it is. @default "" for those of ONNX itself */
  readonly domain?: string;
  /** Name of the node. */
  readonly name?: string;
  /** Names of values; empty for one that is left out. */
  readonly inputs: readonly string[];
  /** Names of values. */
  readonly outputs: readonly string[];
  /** Attributes by name. */
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** What goes into a graph or comes out of it. */
export interface OnnxValue {
  /** Its name. */
  readonly name: string;
  /** Type of the elements. */
  readonly dtype: ElementType;
  /** Sizes, or names of sizes that are known when it runs. */
  readonly shape: readonly (number | string)[];
}

/** A model. */
export interface OnnxModel {
  /** Version of the operators of each domain; `""` is ONNX itself. */
  readonly operators: Readonly<Record<string, number>>;
  /** Operators in the order in which they run. */
  readonly nodes: readonly OnnxNode[];
  /** Constant tensors by name. */
  readonly tensors: ReadonlyMap<string, OnnxTensor>;
  /** What it is given. */
  readonly inputs: readonly OnnxValue[];
  /** What it gives. */
  readonly outputs: readonly OnnxValue[];
  /** Texts that the writer kept. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Version 8 of the format: of ONNX 1.11 to 1.13, which every reader of these graphs knows. */
const formatVersion = 8;

/** `TensorProto.DataType`. */
const types: Partial<Record<ElementType, number>> = {
  ...{ F32: 1, U8: 2, I8: 3, U16: 4, I16: 5, I32: 6, I64: 7, BOOL: 9, F16: 10, F64: 11, U32: 12, U64: 13, BF16: 16 },
};

function typeNumber(dtype: ElementType): number {
  const type = types[dtype];
  if (type === undefined) {
    throw new TypeError(`Cannot write ${dtype} as ONNX: expected ${Object.keys(types).join(", ")}.`);
  }
  return type;
}

/**
 * Writes a model.
 *
 * @throws {TypeError} for a tensor of a type that ONNX lacks
 *
 * @example
 * ```ts
 * import { parseOnnx, serializeOnnx } from "@minima/minima";
 * const value = (name: string) => ({ name, dtype: "F32" as const, shape: ["rows", 2] });
 * const bytes = serializeOnnx({
 *   operators: { "": 17 },
 *   nodes: [{ operator: "Add", inputs: ["x", "one"], outputs: ["y"] }],
 *   tensors: new Map([["one", { dtype: "F32", shape: [1], data: new Float32Array([1]) }]]),
 *   inputs: [value("x")],
 *   outputs: [value("y")],
 * });
 * if (parseOnnx(bytes).nodes[0].operator !== "Add") throw new Error("not the same");
 * ```
 */
export function serializeOnnx(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const parts = { operators: "object", nodes: "list", tensors: "map", inputs: "list", outputs: "list" } as const;
  checkParts("model", model, parts, "write the model");
  const { operators, nodes, tensors, inputs, outputs, metadata = {} } = model;
  const graph = createMessage();
  for (const node of nodes) graph.message(1, nodeMessage(node));
  graph.text(2, "model");
  for (const [name, tensor] of tensors) graph.message(5, tensorMessage(name, tensor));
  for (const value of inputs) graph.message(11, valueMessage(value));
  for (const value of outputs) graph.message(12, valueMessage(value));
  const message = createMessage().integer(1, formatVersion).text(2, "minima").message(7, graph);
  for (const [domain, version] of Object.entries(operators)) {
    message.message(8, createMessage().text(1, domain).integer(2, version));
  }
  for (const [key, value] of Object.entries(metadata)) message.message(14, createMessage().text(1, key).text(2, value));
  return finishMessage(message);
}

function nodeMessage({ operator, domain = "", name, inputs, outputs, attributes = {} }: OnnxNode): Message {
  const message = createMessage();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  if (name !== undefined) message.text(3, name);
  message.text(4, operator);
  for (const [name, attribute] of Object.entries(attributes)) message.message(5, attributeMessage(name, attribute));
  if (domain !== "") message.text(7, domain);
  return message;
}

function attributeMessage(name: string, attribute: OnnxAttribute): Message {
  const message = createMessage().text(1, name);
  if ("float" in attribute) return message.float(2, attribute.float).integer(20, 1);
  if ("integer" in attribute) return message.integer(3, attribute.integer).integer(20, 2);
  if ("text" in attribute) return message.text(4, attribute.text).integer(20, 3);
  for (const value of attribute.integers) message.integer(8, value);
  return message.integer(20, 7);
}

function tensorMessage(name: string, tensor: OnnxTensor): Message {
  const message = createMessage();
  for (const size of tensor.shape) message.integer(1, size);
  message.integer(2, typeNumber(tensor.dtype)).text(8, name);
  if (tensor.data !== undefined) return message.bytes(9, bytesOf(tensor));
  const { file, offset, length } = tensor.place;
  for (const [key, value] of Object.entries({ location: file, offset, length })) {
    message.message(13, createMessage().text(1, key).text(2, String(value)));
  }
  return message.integer(14, 1);
}

function valueMessage({ name, dtype, shape }: OnnxValue): Message {
  const sizes = createMessage();
  for (const size of shape) {
    sizes.message(1, typeof size === "number" ? createMessage().integer(1, size) : createMessage().text(2, size));
  }
  const tensor = createMessage().integer(1, typeNumber(dtype)).message(2, sizes);
  return createMessage().text(1, name).message(2, createMessage().message(1, tensor));
}

/**
 * Reads a model.
 *
 * @param bytes The whole file; elements of tensors are views of it where they are aligned.
 * @throws {FormatError} for bytes that are no model, and for what is not known: subgraphs, tensors without raw elements
 */
export function parseOnnx(bytes: Uint8Array): OnnxModel {
  checkKind("bytes", bytes, "bytes", "read the onnx data");
  const operators: Record<string, number> = {}, metadata: Record<string, string> = {};
  let graph: Uint8Array | undefined;
  for (const field of messageOf(bytes)) {
    if (field.field === 7) graph = contentOf(field, "the graph");
    else if (field.field === 8) {
      const { text, integer } = fieldsOf(contentOf(field, "opset_import"));
      operators[text(1)] = integer(2);
    } else if (field.field === 14) {
      const { text } = fieldsOf(contentOf(field, "metadata_props"));
      metadata[text(1)] = text(2);
    }
  }
  if (!graph) throw refuse("the graph", "is missing");
  const nodes: OnnxNode[] = [], tensors = new Map<string, OnnxTensor>();
  const inputs: OnnxValue[] = [], outputs: OnnxValue[] = [];
  for (const field of messageOf(graph)) {
    if (field.field === 1) nodes.push(parseNode(contentOf(field, "a node")));
    else if (field.field === 5) {
      const [name, tensor] = parseTensor(contentOf(field, "a tensor"));
      if (tensors.has(name)) throw refuse(`tensor "${clipped(name)}"`, "is there twice");
      tensors.set(name, tensor);
    } else if (field.field === 11) inputs.push(parseValue(contentOf(field, "an input")));
    else if (field.field === 12) outputs.push(parseValue(contentOf(field, "an output")));
  }
  return { operators, nodes, tensors, inputs, outputs, metadata };
}

/** Most axes of a tensor: four times those of any operator here. */
const mostAxes = 16;

const refuse = (field: string, problem: string) => new FormatError("onnx", field, problem);

/** One by one: there may be more than a call takes. */
function addTo(numbers: number[], others: readonly number[]): void {
  for (const other of others) numbers.push(other);
}

const messageOf = (bytes: Uint8Array) => readMessage(bytes, "onnx");

function contentOf({ field, bytes }: Field, what: string): Uint8Array {
  if (!bytes) throw refuse(what, `has a number in field ${field}`);
  return bytes;
}

function textOf(field: Field): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(contentOf(field, "a name").slice());
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw refuse("a name", "is not UTF-8");
  }
}

/** The last of each field, with what stands for those that are left out. */
function fieldsOf(bytes: Uint8Array) {
  const last = new Map<number, Field>();
  for (const field of messageOf(bytes)) last.set(field.field, field);
  return {
    text: (number: number) => last.has(number) ? textOf(last.get(number)!) : "",
    integer: (number: number) => last.has(number) ? integersOf(last.get(number)!, "onnx").at(-1) ?? 0 : 0,
    bytes: (number: number) => last.has(number) ? contentOf(last.get(number)!, `field ${number}`) : undefined,
  };
}

function parseNode(bytes: Uint8Array): OnnxNode {
  const inputs: string[] = [], outputs: string[] = [], attributes: Record<string, OnnxAttribute> = {};
  for (const field of messageOf(bytes)) {
    if (field.field === 1) inputs.push(textOf(field));
    else if (field.field === 2) outputs.push(textOf(field));
    else if (field.field === 5) {
      const [name, attribute] = parseAttribute(contentOf(field, "an attribute"));
      attributes[name] = attribute;
    }
  }
  const { text } = fieldsOf(bytes), name = text(3), domain = text(7);
  return {
    operator: text(4),
    ...domain && { domain },
    ...name && { name },
    inputs,
    outputs,
    ...Object.keys(attributes).length > 0 && { attributes },
  };
}

function parseAttribute(bytes: Uint8Array): [string, OnnxAttribute] {
  const { text, integer, bytes: content } = fieldsOf(bytes), name = text(1), type = integer(20);
  switch (type) {
    case 1: {
      const float = content(2) ?? new Uint8Array(4);
      if (float.length !== 4) throw refuse(`attribute "${clipped(name)}"`, `is a float of ${float.length} bytes`);
      return [name, { float: new DataView(float.buffer, float.byteOffset).getFloat32(0, true) }];
    }
    case 2:
      return [name, { integer: integer(3) }];
    case 3:
      return [name, { text: text(4) }];
    case 7: {
      const integers: number[] = [];
      for (const field of messageOf(bytes)) if (field.field === 8) addTo(integers, integersOf(field, "onnx"));
      return [name, { integers }];
    }
  }
  throw refuse(
    `attribute "${clipped(name)}"`,
    `is of type ${type}; numbers, text and lists of whole numbers are known`,
  );
}

function parseTensor(bytes: Uint8Array): [string, OnnxTensor] {
  const shape: number[] = [], place: Record<string, string> = {};
  for (const field of messageOf(bytes)) {
    if (field.field === 1) addTo(shape, integersOf(field, "onnx"));
    else if (field.field === 13) {
      const { text } = fieldsOf(contentOf(field, "external_data"));
      place[text(1)] = text(2);
    }
  }
  const { text, integer, bytes: content } = fieldsOf(bytes), name = text(8), type = integer(2), raw = content(9);
  const dtype = (Object.keys(types) as ElementType[]).find((dtype) => types[dtype] === type);
  if (!dtype) throw refuse(`tensor "${clipped(name)}"`, `has elements of type ${type}, which is not known`);
  if (shape.length > mostAxes) throw refuse(`tensor "${clipped(name)}"`, `has ${shape.length} axes`);
  if (shape.some((size) => size < 0)) throw refuse(`tensor "${clipped(name)}"`, `has the shape [${shape}]`);
  const needed = elementCount(shape) * elementBits(dtype) / 8;
  const check = (length: number) => {
    if (length === needed) return;
    throw refuse(`tensor "${clipped(name)}"`, `has ${length} bytes, but ${dtype} [${shape}] needs ${needed}`);
  };
  if (integer(14) !== 1) {
    if (!raw && needed > 0) throw refuse(`tensor "${clipped(name)}"`, "has no raw elements");
    check(raw?.length ?? 0);
    return [name, { dtype, shape, data: elementsOver(dtype, raw ?? new Uint8Array()) }];
  }
  const file = place.location ?? "", offset = Number(place.offset ?? 0), length = Number(place.length ?? needed);
  // No way out of the folder.
  if (file === "" || file === ".." || /[/\\]/.test(file)) {
    throw refuse(`tensor "${clipped(name)}"`, `lies in ${JSON.stringify(clipped(file))}, and not in a file beside it`);
  }
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw refuse(`tensor "${clipped(name)}"`, `lies at ${clipped(place.offset)}`);
  }
  check(length);
  return [name, { dtype, shape, place: { file, offset, length } }];
}

function parseValue(bytes: Uint8Array): OnnxValue {
  const { text, bytes: content } = fieldsOf(bytes), name = text(1);
  const tensor = fieldsOf(fieldsOf(content(2) ?? new Uint8Array()).bytes(1) ?? new Uint8Array());
  const type = tensor.integer(1), dtype = (Object.keys(types) as ElementType[]).find((dtype) => types[dtype] === type);
  if (!dtype) throw refuse(`value "${clipped(name)}"`, `has elements of type ${type}, which is not known`);
  const shape: (number | string)[] = [];
  for (const field of messageOf(tensor.bytes(2) ?? new Uint8Array())) {
    if (field.field !== 1) continue;
    const size = fieldsOf(contentOf(field, "a size"));
    shape.push(size.text(2) || size.integer(1));
  }
  return { name, dtype, shape };
}
