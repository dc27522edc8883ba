/** Matrices in requests: JSON numbers, base64, or tensors of a safetensors body. */

import type { Matrix, Vector } from "../mod.ts";
import { type Tensor, toMatrix } from "../formats/tensor.ts";
import { decodeBase64 } from "./base64.ts";
import { Problem } from "./problem.ts";
import { isRecord, refuse, type Schema } from "./schema.ts";

/** An argument that holds numbers, and so can also come as tensors. */
export interface ArraySchema<T, Needed extends boolean = boolean> extends Schema<T, Needed> {
  /** The value from the tensors of a body; the names it takes are added to `taken`. */
  readTensors(tensors: ReadonlyMap<string, Tensor>, name: string, taken: Set<string>): T | undefined;
}

/** JSON Schema of a matrix in a request. */
export const matrixJson = {
  type: "object",
  description: "Row-major: numbers in `data`, or their little-endian bytes in `base64`.",
  properties: {
    shape: { type: "array", items: { type: "integer", minimum: 0 }, minItems: 2, maxItems: 2 },
    dtype: { enum: ["f32", "f64"], description: "Precision; needed with `base64`.", default: "f64" },
    data: { type: "array", items: { type: "number" } },
    base64: { type: "string", contentEncoding: "base64" },
  },
  required: ["shape"],
  oneOf: [{ required: ["data"] }, { required: ["dtype", "base64"] }],
  additionalProperties: false,
};

/** A matrix that must be there. */
export function matrixArgument(description: string): ArraySchema<Matrix, true> {
  return {
    needed: true,
    json: { $ref: "#/components/schemas/Matrix", description },
    read: readMatrix,
    readTensors(tensors, name, taken) {
      taken.add(name);
      const tensor = tensors.get(name);
      return tensor && matrixOf(tensor, name);
    },
  };
}

function matrixOf(tensor: Tensor, name: string): Matrix {
  try {
    return toMatrix(tensor, name);
  } catch (error) {
    throw new Problem(422, (error as Error).message, { argument: name });
  }
}

function readMatrix(value: unknown, name: string): Matrix {
  const expected = 'an object with "shape" and either "data" or "dtype" and "base64"';
  if (!isRecord(value) || ("data" in value) === ("base64" in value)) throw refuse(name, expected, value);
  const { shape, dtype = "f64", data, base64, ...others } = value;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw refuse(name, `${expected}, and nothing else`, value);
  if (!isShape(shape)) throw refuse(`${name}.shape`, "[rows, columns]", shape);
  if (dtype !== "f32" && dtype !== "f64") throw refuse(`${name}.dtype`, '"f32" or "f64"', dtype);
  if (base64 !== undefined && !("dtype" in value)) throw refuse(`${name}.dtype`, '"f32" or "f64"', undefined);
  const numbers = base64 === undefined ? fromNumbers(data, dtype, name) : fromBase64(base64, dtype, name);
  const [rows, columns] = shape;
  if (numbers.length !== rows * columns) {
    throw new Problem(
      422,
      `Cannot use "${name}": its shape is ${rows} x ${columns}, but it has ${numbers.length} elements.`,
      { argument: name },
    );
  }
  return { data: numbers, shape };
}

function isShape(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function fromNumbers(data: unknown, dtype: "f32" | "f64", name: string): Vector {
  if (!Array.isArray(data)) throw refuse(`${name}.data`, "an array of numbers", data);
  const wrong = data.findIndex((x) => typeof x !== "number");
  if (wrong >= 0) throw refuse(`${name}.data[${wrong}]`, "a number", data[wrong]);
  return dtype === "f32" ? Float32Array.from(data) : Float64Array.from(data);
}

function fromBase64(text: unknown, dtype: "f32" | "f64", name: string): Vector {
  const label = `${name}.base64`;
  if (typeof text !== "string") throw refuse(label, "a string", text);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = decodeBase64(text);
  } catch {
    throw refuse(label, "base64", text);
  }
  const width = dtype === "f32" ? 4 : 8;
  if (bytes.length % width !== 0) {
    throw refuse(label, `whole ${dtype} numbers of ${width} bytes`, `${bytes.length} bytes`);
  }
  return dtype === "f32" ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
}
