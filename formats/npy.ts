/**
 * NumPy's array file: the magic bytes, a version, a Python dictionary that gives type, order and shape, and the
 * elements. Versions 1 to 3 are read, and version 1 is written, padded so that the elements begin at a multiple of 64.
 */

import { checkKind } from "../solvers/core/kinds.ts";
import { checkNames } from "../solvers/core/resolve_options.ts";
import { clipped, FormatError } from "./errors.ts";
import { parsePythonLiteral } from "./python_literal.ts";
import { ShapeError } from "../solvers/core/errors.ts";
import {
  bytesOf,
  completeTensor,
  elementBits,
  elementCount,
  elementsOver,
  type ElementType,
  isCounts,
  type Tensor,
  type TensorData,
  type TensorInput,
} from "./tensor.ts";

const magic = [0x93, ...new TextEncoder().encode("NUMPY")];

/** Far more than the header of a plain array needs; only records with thousands of fields need as much. */
const maximumHeaderBytes = 1_000_000;

/** The most axes that NumPy has had. */
const mostAxes = 64;

/** NumPy's type codes without the byte order. */
const typeCodes: Readonly<Record<string, ElementType>> = {
  f8: "F64",
  f4: "F32",
  f2: "F16",
  i8: "I64",
  i4: "I32",
  i2: "I16",
  i1: "I8",
  u8: "U64",
  u4: "U32",
  u2: "U16",
  u1: "U8",
  b1: "BOOL",
};

/**
 * Reads an array. Fortran order and big-endian elements are brought into row-major, little-endian order.
 *
 * @param bytes The whole file.
 * @returns A view of `bytes` where elements are aligned and already in order, a copy otherwise.
 * @throws {FormatError} for another kind of file, a truncated one, or elements that are not numbers
 *
 * @example
 * ```ts
 * import { parseNpy, serializeNpy } from "@minima/minima";
 * const { shape, data } = parseNpy(serializeNpy({ shape: [2, 1], data: new Float32Array([1, 2]) }));
 * if (shape[0] !== 2 || data[1] !== 2) throw new Error("not the same");
 * ```
 */
export function parseNpy(bytes: Uint8Array | ArrayBuffer): Tensor {
  checkKind("bytes", bytes, "file", "read the npy data");
  const file = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  const { text, dataStart } = readHeader(file);
  const header = parsePythonLiteral(text, (problem) => refuse("the header", problem));
  if (!(header instanceof Map)) throw refuse("the header", "must be a dictionary");
  const unknown = [...header.keys()].find((name) => !["descr", "fortran_order", "shape"].includes(name));
  if (unknown !== undefined) throw refuse("the header", `has the unknown entry ${JSON.stringify(clipped(unknown))}`);

  const { dtype, swapped } = readType(header.get("descr"));
  const fortranOrder = header.get("fortran_order");
  if (typeof fortranOrder !== "boolean") throw refuse('"fortran_order"', "must be True or False");
  const shape = header.get("shape");
  if (!isCounts(shape)) throw refuse('"shape"', "must be a tuple of whole numbers >= 0");
  if (shape.length > mostAxes) throw refuse('"shape"', `has ${shape.length} axes; at most ${mostAxes} are allowed`);

  const needed = elementCount(shape) * elementBits(dtype) / 8;
  const present = file.length - dataStart;
  if (present !== needed) {
    throw refuse("the data", `has ${present} bytes, but ${dtype} [${shape}] needs ${needed}`);
  }
  const content = swapped ? swapBytes(file.slice(dataStart), elementBits(dtype) / 8) : file.subarray(dataStart);
  const data = elementsOver(dtype, content);
  return { dtype, shape, data: fortranOrder ? reverseAxes(data, [...shape].reverse()) : data };
}

/**
 * Writes an array.
 *
 * @param tensor A tensor, or a {@linkcode Matrix}.
 * @param options `fortranOrder` stores the first axis as the fastest. @default false
 * @throws {TypeError} for a type that NumPy lacks, such as BF16
 * @throws {ShapeError} when the shape does not fit the array
 */
export function serializeNpy(
  tensor: TensorInput,
  options: { readonly fortranOrder?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const { fortranOrder = false } = checkNames(options, { fortranOrder: true }, "an npy file");
  const complete = completeTensor("tensor", tensor);
  const { dtype, shape } = complete;
  if (shape.length > mostAxes) {
    throw new ShapeError("tensor", `Cannot write ${shape.length} axes to an npy file: NumPy has at most ${mostAxes}.`);
  }
  const code = Object.keys(typeCodes).find((name) => typeCodes[name] === dtype);
  if (!code) throw new TypeError(`Cannot write ${dtype} to an npy file: NumPy has no such type.`);
  const descr = (code.endsWith("1") ? "|" : "<") + code;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dictionary = `{'descr': '${descr}', 'fortran_order': ${fortranOrder ? "True" : "False"}, 'shape': ${tuple}, }`;

  const dataStart = Math.ceil((10 + dictionary.length + 1) / 64) * 64;
  const elements = fortranOrder ? reverseAxes(complete.data, shape) : complete.data;
  const file = new Uint8Array(dataStart + elements.byteLength);
  file.set([...magic, 1, 0]);
  new DataView(file.buffer).setUint16(8, dataStart - 10, true);
  file.set(new TextEncoder().encode(`${dictionary.padEnd(dataStart - 11)}\n`), 10);
  file.set(bytesOf({ ...complete, data: elements }), dataStart);
  return file;
}

function refuse(field: string, problem: string): FormatError {
  return new FormatError("npy", field, problem);
}

function readHeader(file: Uint8Array): { text: string; dataStart: number } {
  if (!magic.every((byte, i) => file[i] === byte)) throw refuse("the file", 'does not start with "\\x93NUMPY"');
  const version = file[6];
  const lengthBytes = version === 1 ? 2 : 4;
  if (!(version >= 1 && version <= 3)) throw refuse("the version", `is ${version ?? "missing"}; 1, 2 and 3 are known`);
  if (file.length > 7 && file[7] !== 0) {
    throw refuse("the version", `is ${version}.${file[7]}; only ${version}.0 is known`);
  }
  const start = 8 + lengthBytes;
  if (file.length < start) throw refuse("the header length", `needs ${lengthBytes} bytes: truncated`);
  const view = new DataView(file.buffer, file.byteOffset);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataStart = start + length;
  if (length > maximumHeaderBytes) {
    throw refuse("the header", `is ${length} bytes long, but at most ${maximumHeaderBytes} are allowed`);
  }
  if (dataStart > file.length) {
    throw refuse("the header", `is ${length} bytes long, but only ${file.length - start} follow its length: truncated`);
  }
  const encoding = version === 3 ? "utf-8" : "latin1";
  return { text: new TextDecoder(encoding).decode(file.slice(start, dataStart)), dataStart };
}

function readType(descr: unknown): { dtype: ElementType; swapped: boolean } {
  if (Array.isArray(descr)) throw refuse('"descr"', "describes records with named fields, which have no matrix");
  const [, order, code] = /^([<>|=]?)(.*)$/.exec(String(descr)) ?? [];
  if (code === undefined || !Object.hasOwn(typeCodes, code)) {
    const known = Object.keys(typeCodes).join(", ");
    const kind = kindsWithoutNumbers.find(([letters]) => letters.includes(code?.[0] ?? " "))?.[1] ?? "";
    throw refuse('"descr"', `is ${JSON.stringify(descr) ?? "missing"}${kind}; known are ${known}, after < or >`);
  }
  return { dtype: typeCodes[code], swapped: order === ">" && !code.endsWith("1") };
}

const kindsWithoutNumbers = [
  ["O", ", Python objects, which only Python can make"],
  ["SUa", ", text"],
  ["Mm", ", dates"],
  ["c", ", complex numbers"],
  ["V", ", raw bytes"],
];

function swapBytes(bytes: Uint8Array, width: number): Uint8Array {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
  return bytes;
}

/** Row-major elements of `shape` as the row-major elements of the transposed array, whose shape is reversed. */
function reverseAxes(data: TensorData, shape: readonly number[]): TensorData {
  // With the axes reversed, a step along axis k moves by the product of the sizes before it.
  const strides = shape.map((_, axis) => elementCount(shape.slice(0, axis)));
  const index = shape.map(() => 0);
  const result = data.slice();
  const from = bitsOf(data), bits = bitsOf(result);
  let to = 0;
  for (const element of from) {
    bits[to] = element;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      to += strides[axis];
      if (++index[axis] < shape[axis]) break;
      to -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/** The elements as whole numbers: some engines lose the payload of a NaN that is read as a float. */
function bitsOf({ buffer, byteOffset, length, BYTES_PER_ELEMENT }: TensorData): TensorData {
  const Bits = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array }[BYTES_PER_ELEMENT];
  return new (Bits as typeof Uint8Array)(buffer, byteOffset, length);
}
