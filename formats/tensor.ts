import { checkKind, checkParts } from "../solvers/core/kinds.ts";
import { ShapeError } from "../solvers/core/errors.ts";
import type { Matrix, Vector } from "../solvers/core/matrix.ts";
import { decodeBfloat16, decodeFloat16, decodeFloat8 } from "./half.ts";

/** Arrays that hold a tensor's elements. */
export type TensorData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** Name of an element type, as safetensors writes it. */
export type ElementType =
  | ("F64" | "F32" | "F16" | "BF16" | "C64")
  | ("I64" | "I32" | "I16" | "I8")
  | ("U64" | "U32" | "U16" | "U8" | "BOOL")
  | ("F8_E4M3" | "F8_E5M2" | "F8_E8M0" | "F8_E4M3FNUZ" | "F8_E5M2FNUZ")
  | ("F6_E3M2" | "F6_E2M3" | "F4");

/**
 * Every element type: its width in bits, and the array that holds it. Types that JavaScript has no numbers for keep
 * their raw bits: half precision in a `Uint16Array`, complex numbers as real and imaginary parts in turn, and what is
 * narrower than a byte as packed bytes.
 */
const elements = {
  F64: [64, Float64Array],
  C64: [64, Float32Array],
  I64: [64, BigInt64Array],
  U64: [64, BigUint64Array],
  F32: [32, Float32Array],
  I32: [32, Int32Array],
  U32: [32, Uint32Array],
  F16: [16, Uint16Array],
  BF16: [16, Uint16Array],
  I16: [16, Int16Array],
  U16: [16, Uint16Array],
  F8_E4M3: [8, Uint8Array],
  F8_E5M2: [8, Uint8Array],
  F8_E8M0: [8, Uint8Array],
  F8_E4M3FNUZ: [8, Uint8Array],
  F8_E5M2FNUZ: [8, Uint8Array],
  I8: [8, Int8Array],
  U8: [8, Uint8Array],
  BOOL: [8, Uint8Array],
  F6_E3M2: [6, Uint8Array],
  F6_E2M3: [6, Uint8Array],
  F4: [4, Uint8Array],
} as const satisfies Record<ElementType, unknown>;

/** An array of any rank, row-major. */
export interface Tensor {
  /** Type of the elements. */
  readonly dtype: ElementType;
  /** Size along each axis; empty for a scalar. */
  readonly shape: readonly number[];
  /** The elements, or their raw bits where JavaScript has no such number. */
  readonly data: TensorData;
}

/** A tensor to write; a {@linkcode Matrix} is one. */
export interface TensorInput extends Omit<Tensor, "dtype"> {
  /** Type of the elements. @default the one that the array suggests */
  readonly dtype?: ElementType;
}

/** Whether `name` is an {@linkcode ElementType}. */
export function isElementType(name: unknown): name is ElementType {
  return typeof name === "string" && Object.hasOwn(elements, name);
}

/** Width of an element in bits. */
export function elementBits(dtype: ElementType): number {
  return elements[dtype][0];
}

/** Whether `value` is a list of whole numbers >= 0. */
export function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
}

/** Little-endian bytes as elements: a view where they are aligned, a copy where they are not. */
export function elementsOver(dtype: ElementType, bytes: Uint8Array): TensorData {
  const Storage: new (buffer: ArrayBufferLike, byteOffset: number, length: number) => TensorData = elements[dtype][1];
  const width = elements[dtype][1].BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  return new Storage(aligned.buffer, aligned.byteOffset, aligned.byteLength / width);
}

/** The bytes of a tensor's elements: a view. */
export function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Completes a tensor to write with its element type.
 *
 * @throws {TypeError} when the array cannot hold that type
 * @throws {ShapeError} when shape and length disagree
 */
export function completeTensor(name: string, tensor: TensorInput): Tensor {
  checkKind(name, tensor, "object", "write the tensor");
  const { dtype, shape, data } = tensor;
  const type = dtype ?? naturalType(data);
  if (!type || !isElementType(type) || !(data instanceof elements[type][1])) {
    throw new TypeError(
      `Cannot write "${name}": ${type ?? "a tensor without dtype"} needs ${
        type && isElementType(type) ? `a ${elements[type][1].name}` : "a known element type and its typed array"
      }, received ${Object.prototype.toString.call(data).slice(8, -1)}.`,
    );
  }
  if (!isCounts(shape)) {
    throw new ShapeError(name, `Cannot write "${name}": its shape [${shape}] must hold whole numbers >= 0.`);
  }
  if (elementCount(shape) * elementBits(type) !== data.byteLength * 8) {
    throw new ShapeError(
      name,
      `Cannot write "${name}": shape [${shape}] of ${type} needs ${
        elementCount(shape) * elementBits(type) / 8
      } bytes, ` +
        `but its data has ${data.byteLength}.`,
    );
  }
  return { dtype: type, shape, data };
}

/** The first type in the table with this array that is not a stand-in for numbers JavaScript lacks. */
function naturalType(data: TensorData): ElementType | undefined {
  const numeric = ["F64", "I64", "U64", "F32", "I32", "U32", "I16", "U16", "I8", "U8"] as const;
  return numeric.find((type) => data instanceof elements[type][1]);
}

/**
 * The elements as numbers: a view for F32 and F64, a copy in f32 for narrower floats, in f64 for integers and BOOL; integers
 * beyond 2^53 are rounded to the nearest.
 *
 * @throws {TypeError} for complex numbers and types narrower than a byte
 */
export function toVector(tensor: Tensor): Vector {
  return vectorOf("tensor", tensor);
}

function vectorOf(argument: string, tensor: Tensor): Vector {
  const action = `use "${argument}"`;
  checkParts(argument, tensor, { dtype: "text", data: "numbers", shape: "list" }, action);
  const { dtype, data } = tensor;
  switch (dtype) {
    case "F64":
    case "F32":
      return data as Vector;
    case "F16":
      return decodeFloat16(data as Uint16Array);
    case "BF16":
      return decodeBfloat16(data as Uint16Array);
    case "F8_E4M3":
    case "F8_E5M2":
      return decodeFloat8(dtype, data as Uint8Array);
    case "I64":
    case "U64":
      return Float64Array.from(data as BigInt64Array, Number);
    case "I32":
    case "U32":
    case "I16":
    case "U16":
    case "I8":
    case "U8":
      return Float64Array.from(data as Int32Array);
    case "BOOL":
      return Float64Array.from(data as Uint8Array, (byte) => byte === 0 ? 0 : 1);
    default:
      throw new TypeError(`Cannot ${action}: "${argument}" is of type ${dtype}, which has no numbers.`);
  }
}

/**
 * A tensor of rank 2 as a matrix, precision as {@linkcode toVector}.
 *
 * @throws {ShapeError} for another rank
 * @throws {TypeError} for complex numbers and types narrower than a byte
 *
 * @example
 * ```ts
 * import { parseSafetensors, serializeSafetensors, toMatrix } from "@minima/minima";
 * const bytes = serializeSafetensors({ half: { dtype: "F16", shape: [1, 2], data: new Uint16Array([0x3c00, 0xc000]) } });
 * const { data } = toMatrix(parseSafetensors(bytes).tensors.get("half")!);
 * if (data[0] !== 1 || data[1] !== -2) throw new Error("wrong decoding");
 * ```
 */
export function toMatrix(tensor: Tensor, name = "tensor"): Matrix {
  checkKind("name", name, "text", "make a matrix");
  const data = vectorOf(name, tensor), [rows, columns] = tensor.shape;
  if (tensor.shape.length !== 2) {
    throw new ShapeError(name, `Cannot use "${name}" as a matrix: its shape is [${tensor.shape}].`);
  }
  return { data, shape: [rows, columns] };
}
