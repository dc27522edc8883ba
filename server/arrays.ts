/** Matrices and vectors in requests: JSON numbers, base64, or tensors of a safetensors body. */

import type { Matrix, Vector } from "../solvers/core/mod.ts";
import { type Tensor, toMatrix, toVector } from "../formats/tensor.ts";
import { readElements, readNumbers } from "./elements.ts";
import { Problem } from "./problem.ts";
import { isRecord, refuse, type Schema } from "./schema.ts";
import { counted } from "../solvers/core/shown.ts";

/** An argument that holds numbers, and so can also come as tensors. */
export interface ArraySchema<T, Needed extends boolean = boolean> extends Schema<T, Needed> {
  /** The value from the tensors of a body; the names it takes are added to `taken`. */
  readTensors(tensors: ReadonlyMap<string, Tensor>, name: string, taken: Set<string>): T | undefined;
}

function arrayJsonOf(shapeRange: { minItems: number; maxItems: number }) {
  return {
    type: "object",
    properties: {
      shape: { type: "array", items: { type: "integer", minimum: 0 }, ...shapeRange },
      dtype: { enum: ["f32", "f64"], description: "Precision; needed with `base64`.", default: "f64" },
      data: { type: "array", items: { type: "number" } },
      base64: { type: "string", contentEncoding: "base64" },
    },
    required: ["shape"],
    additionalProperties: false,
  };
}

/** JSON Schema of a matrix in a request. */
export const matrixJson = {
  description: "An array of rows; or row-major numbers in `data`, or their little-endian bytes in `base64`.",
  oneOf: [
    { type: "array", items: { type: "array", items: { type: "number" } } },
    {
      ...arrayJsonOf({ minItems: 2, maxItems: 2 }),
      oneOf: [{ required: ["data"] }, { required: ["dtype", "base64"] }],
    },
  ],
};

/** JSON Schema of a vector in a request. */
export const vectorJson = {
  description: "Numbers, or their little-endian bytes in `base64`; a matrix of one column will do.",
  oneOf: [
    { type: "array", items: { type: "number" } },
    {
      ...arrayJsonOf({ minItems: 1, maxItems: 2 }),
      oneOf: [{ required: ["data"] }, { required: ["dtype", "base64"] }],
    },
  ],
};

/** A matrix that must be there. */
export function matrixArgument(description: string): ArraySchema<Matrix, true> {
  return argument("Matrix", description, readMatrix, toMatrix);
}

/** The same argument, which may be left out. */
export function optionalArgument<T>(schema: ArraySchema<T>): ArraySchema<T, false> {
  return { ...schema, needed: false };
}

/** A vector that must be there. */
export function vectorArgument(description: string): ArraySchema<Vector, true> {
  return argument("Vector", description, readVector, vectorOf);
}

function argument<T>(
  schema: string,
  description: string,
  read: Schema<T>["read"],
  fromTensor: (tensor: Tensor, name: string) => T,
): ArraySchema<T, true> {
  return {
    needed: true,
    json: { $ref: `#/components/schemas/${schema}`, description },
    read,
    readTensors(tensors, name, taken) {
      taken.add(name);
      const tensor = tensors.get(name);
      try {
        return tensor && fromTensor(tensor, name);
      } catch (error) {
        throw error instanceof Problem ? error : new Problem(422, (error as Error).message, { argument: name });
      }
    },
  };
}

/** A matrix in any of its forms, a tensor among them. @throws {Problem} 422 naming what is wrong */
export function readMatrix(value: unknown, name: string): Matrix {
  if (Array.isArray(value)) return fromRows(value, name);
  if (isRecord(value) && ArrayBuffer.isView(value.data)) return toMatrix(value as unknown as Tensor, name);
  const { shape, data } = readArray(value, name, "[rows, columns]", isMatrixShape);
  return { data, shape };
}

/** `[[1, 2], [3, 4]]`. */
function fromRows(rows: readonly unknown[], name: string): Matrix {
  const [first] = rows, columns = Array.isArray(first) ? first.length : 0;
  const data = new Float64Array(rows.length * columns);
  rows.forEach((row, i) => {
    if (!Array.isArray(row) || row.length !== columns) {
      throw refuse(
        `${name}[${i}]`,
        i === 0 ? "a row of numbers" : `a row of ${columns} numbers, as the first has`,
        row,
      );
    }
    data.set(readNumbers(row, "f64", `${name}[${i}]`), i * columns);
  });
  return { data, shape: [rows.length, columns] };
}

/** A vector in any of its forms, a tensor among them. @throws {Problem} 422 naming what is wrong */
export function readVector(value: unknown, name: string): Vector {
  if (Array.isArray(value)) return readNumbers(value, "f64", name);
  if (isRecord(value) && ArrayBuffer.isView(value.data)) return vectorOf(value as unknown as Tensor, name);
  return readArray(value, name, "[length] or [length, 1]", isVectorShape).data;
}

function vectorOf(tensor: Tensor, name: string): Vector {
  if (isVectorShape(tensor.shape)) return toVector(tensor);
  throw refuse(`${name}.shape`, "[length] or [length, 1]", tensor.shape);
}

function readArray<S extends readonly number[]>(
  value: unknown,
  name: string,
  expectedShape: string,
  isShape: (value: unknown) => value is S,
): { data: Vector; shape: S } {
  const expected = 'an object with "shape" and either "data" or "dtype" and "base64"';
  if (!isRecord(value) || ("data" in value) === ("base64" in value)) throw refuse(name, expected, value);
  const { shape, ...elements } = value;
  if (Object.keys(elements).some((key) => !["dtype", "data", "base64"].includes(key))) {
    throw refuse(name, `${expected}, and nothing else`, value);
  }
  if (!isShape(shape)) throw refuse(`${name}.shape`, expectedShape, shape);
  const data = readElements({ ...("data" in value && { dtype: "f64" }), ...elements }, name, ["f32", "f64"]);
  if (data.length !== shape.reduce((product, size) => product * size, 1)) {
    throw new Problem(
      422,
      `Cannot use "${name}": its shape is ${shape.join(" x ")}, but it has ${counted(data.length, "element")}.`,
      { argument: name },
    );
  }
  return { data, shape };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function isMatrixShape(value: unknown): value is [number, number] {
  return isSizes(value) && value.length === 2;
}

function isVectorShape(value: unknown): value is [number] | [number, 1] {
  return isSizes(value) && (value.length === 1 || (value.length === 2 && value[1] === 1));
}
