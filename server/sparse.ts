/**
 * Sparse matrices in requests, in the form that answers have them: the `precision` of one goes into the next as it is.
 */

import type { SparseMatrix, Vector } from "../solvers/core/mod.ts";
import { type Tensor, toVector } from "../formats/tensor.ts";
import { type Dtype, type Elements, readElements, readNumbers } from "./elements.ts";
import { isRecord, mostLines, refuse } from "./schema.ts";

/** The arrays of a sparse matrix; in a safetensors body they are tensors named `<option>.<array>`. */
export const sparseParts = ["indptr", "indices", "data"] as const;

function partJson(dtypes: readonly Dtype[], items: object) {
  return {
    oneOf: [
      { type: "array", items },
      {
        type: "object",
        properties: {
          shape: { type: "array", items: { type: "integer", minimum: 0 }, minItems: 1, maxItems: 1 },
          dtype: { enum: dtypes },
          data: { type: "array", items },
          base64: { type: "string", contentEncoding: "base64" },
        },
        required: ["dtype"],
        oneOf: [{ required: ["data"] }, { required: ["base64"] }],
        additionalProperties: false,
      },
    ],
  };
}

/** JSON Schema of indices in a request. */
export const indicesJson = partJson(["u32"], { type: "integer", minimum: 0, maximum: 2 ** 32 - 1 });

/** JSON Schema of a sparse matrix in a request. */
export const sparseInputJson = {
  type: "object",
  description: "Compressed rows (csr) or columns (csc), with scipy's names.",
  properties: {
    format: { enum: ["csr", "csc"] },
    shape: { type: "array", items: { type: "integer", minimum: 0, maximum: mostLines }, minItems: 2, maxItems: 2 },
    indptr: indicesJson,
    indices: indicesJson,
    data: partJson(["f32", "f64"], { type: "number" }),
  },
  required: ["format", "shape", ...sparseParts],
  additionalProperties: false,
};

/** A sparse matrix; the library checks that its parts fit together. @throws {Problem} 422 naming what is wrong */
export function readSparse(value: unknown, name: string): SparseMatrix {
  const expected = 'an object with "format", "shape", "indptr", "indices" and "data"';
  if (!isRecord(value)) throw refuse(name, expected, value);
  const { format, shape, indptr, indices, data, ...others } = value;
  if (Object.keys(others).length > 0) throw refuse(name, `${expected}, and nothing else`, value);
  if (format !== "csr" && format !== "csc") throw refuse(`${name}.format`, '"csr" or "csc"', format);
  const isSize = (n: unknown) => Number.isSafeInteger(n) && Number(n) >= 0 && Number(n) <= mostLines;
  if (!Array.isArray(shape) || shape.length !== 2 || !shape.every(isSize)) {
    throw refuse(`${name}.shape`, `[rows, columns], at most ${mostLines} each`, shape);
  }
  return {
    format,
    shape: shape as unknown as SparseMatrix["shape"],
    indptr: readPart(indptr, `${name}.indptr`, ["u32"]),
    indices: readPart(indices, `${name}.indices`, ["u32"]),
    data: readPart(data, `${name}.data`, ["f64", "f32"]),
  };
}

/** One array: numbers of the first type, base64, or a tensor that stands in its place. */
export function readPart<D extends Dtype>(value: unknown, name: string, allowed: readonly D[]): Elements<D> {
  if (Array.isArray(value)) return readNumbers(value, allowed[0], name);
  if (!isRecord(value)) throw refuse(name, 'an array of numbers, or an object with "dtype" and "base64"', value);
  if (ArrayBuffer.isView(value.data)) return fromTensor(value as unknown as Tensor, name, allowed);
  const { shape, dtype, base64, data, ...others } = value;
  if (Object.keys(others).length > 0 || (data !== undefined && base64 !== undefined)) {
    throw refuse(name, 'an object with "dtype" and either "data" or "base64"', value);
  }
  const elements = readElements(
    data === undefined ? { dtype, base64: base64 ?? null } : { dtype, data },
    name,
    allowed,
  );
  if (shape !== undefined && !(Array.isArray(shape) && shape.length === 1 && shape[0] === elements.length)) {
    throw refuse(`${name}.shape`, `[${elements.length}]`, shape);
  }
  return elements;
}

/** Index tensors of other whole numbers (scipy writes i32) are read by their values. */
function fromTensor<D extends Dtype>(tensor: Tensor, name: string, [dtype]: readonly D[]): Elements<D> {
  if (tensor.shape.length !== 1) throw refuse(`${name}.shape`, "[length]", tensor.shape);
  if (dtype === "u32" && tensor.data instanceof Uint32Array) return tensor.data as unknown as Elements<D>;
  let numbers: Vector;
  try {
    numbers = toVector(tensor);
  } catch {
    throw refuse(name, "real numbers", tensor.dtype);
  }
  return dtype === "u32" ? readNumbers(Array.from(numbers), dtype, name) : numbers as unknown as Elements<D>;
}
