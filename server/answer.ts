/**
 * From a solver's result to the answer. A result is a tree whose leaves of numbers are arrays: in JSON each becomes
 * `{ shape, dtype, base64 }` in its place, in safetensors a tensor named by its path, and the tree without them goes
 * into `__metadata__.result`.
 *
 * @module
 */

import { serializeSafetensors } from "../formats/safetensors.ts";
import type { ElementType, TensorData, TensorInput } from "../formats/tensor.ts";
import { encodeBase64 } from "./base64.ts";
import { isRecord, type JsonSchema } from "./schema.ts";

/** One field of an answer. */
export interface AnswerField {
  readonly json: JsonSchema;
  /** The field may be missing. @default false */
  readonly optional?: boolean;
  /** Shape of an array that does not carry its own; its length without it. */
  readonly shape?: (result: Readonly<Record<string, unknown>>) => readonly number[];
}

/** The fields of an answer; others that a result may have are not sent. */
export type AnswerFields = { readonly [name: string]: AnswerField };

type Leaf = (path: string, shape: readonly number[], data: TensorData) => unknown;

/** JSON names of the element types that results have. */
const dtypeNames = { F64: "f64", F32: "f32", U32: "u32", I32: "i32", U8: "u8", I8: "i8" } as const;

/** How arrays stand in JSON: `auto` is numbers where all of them are few. */
export type ArrayForm = "auto" | "base64" | "numbers";

/** Most numbers of an answer that stand in it as such, unless asked for. */
const fewNumbers = 4096;
/** Bytes of an array that become base64 at a time, a multiple of three. */
const pieceBytes = 3 * 2 ** 18;

/** The result as the bytes of JSON, in pieces. */
export function jsonParts(fields: AnswerFields, result: object, form: ArrayForm): Uint8Array<ArrayBuffer>[] {
  const arrays: { shape: readonly number[]; data: TensorData }[] = [];
  const tree = transform(fields, result, (_path, shape, data) => {
    arrays.push({ shape, data });
    return { [place]: arrays.length - 1 };
  });
  const count = arrays.reduce((sum, { data }) => sum + data.length, 0);
  const plain = form === "numbers" || form === "auto" && count <= fewNumbers;
  const encoder = new TextEncoder(), parts: Uint8Array<ArrayBuffer>[] = [];
  let text = "";
  const flush = () => {
    if (text !== "") parts.push(encoder.encode(text));
    text = "";
  };
  // What stands between the arrays is cut at their places.
  JSON.stringify(tree).split(marker).forEach((between, at) => {
    if (at % 2 === 0) return void (text += between);
    const { shape, data } = arrays[Number(between)], dtype = dtypeNames[elementType(data)];
    const head = `{"shape":${JSON.stringify(shape)},"dtype":"${dtype}",`;
    if (plain && isFinite(data)) {
      text += `${head}"data":${JSON.stringify(Array.from(data as ArrayLike<number>))}}`;
      return;
    }
    text += `${head}"base64":"`;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let begin = 0; begin < bytes.length; begin += pieceBytes) {
      text += encodeBase64(bytes.subarray(begin, begin + pieceBytes));
      if (text.length > pieceBytes) flush();
    }
    text += '"}';
  });
  flush();
  return parts;
}

/** Holds the place of an array in a tree; no name of a field is this long. */
const place = "array of an answer at this place";
const marker = new RegExp(`\\{"${place}":(\\d+)\\}`);

function isFinite(data: TensorData): boolean {
  return (data as ArrayLike<number> & { every(holds: (value: number) => boolean): boolean }).every(Number.isFinite);
}

/** The result as a safetensors file. */
export function toSafetensors(fields: AnswerFields, result: object): Uint8Array<ArrayBuffer> {
  const tensors = new Map<string, TensorInput>();
  const rest = transform(fields, result, (path, shape, data) => {
    tensors.set(path, { dtype: elementType(data), shape, data });
    return undefined;
  });
  return serializeSafetensors(tensors, { result: JSON.stringify(rest) });
}

function transform(fields: AnswerFields, result: object, leaf: Leaf): Record<string, unknown> {
  const values = result as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => values[name] !== undefined)
      .map(([name, { shape }]) => [name, visit(values[name], name, leaf, shape?.(values))]),
  );
}

function visit(value: unknown, path: string, leaf: Leaf, shape?: readonly number[]): unknown {
  if (ArrayBuffer.isView(value)) {
    const data = value as TensorData;
    return leaf(path, shape ?? [data.length], data);
  }
  if (Array.isArray(value)) return value.map((item, i) => visit(item, `${path}.${i}`, leaf));
  if (!isRecord(value)) return value;
  if (isMatrix(value)) return leaf(path, value.shape, value.data);
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, visit(item, `${path}.${name}`, leaf)]),
  );
}

/** Whether a record is a dense matrix; a sparse one has a format besides. */
function isMatrix(value: Record<string, unknown>): value is { shape: readonly number[]; data: TensorData } {
  return ArrayBuffer.isView(value.data) && Array.isArray(value.shape) && value.format === undefined;
}

function elementType(data: TensorData): ElementType & keyof typeof dtypeNames {
  if (data instanceof Float64Array) return "F64";
  if (data instanceof Float32Array) return "F32";
  if (data instanceof Uint32Array) return "U32";
  if (data instanceof Int32Array) return "I32";
  if (data instanceof Uint8Array) return "U8";
  if (data instanceof Int8Array) return "I8";
  throw new TypeError(`Cannot answer with a ${Object.prototype.toString.call(data).slice(8, -1)}.`);
}
