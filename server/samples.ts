/** Data in requests that come in more than one form: sparse samples, and arguments that take another's place. @module */

import type { Matrix, SparseMatrix } from "../solvers/core/mod.ts";
import { type Tensor, toVector } from "../formats/tensor.ts";
import { type ArraySchema, matrixArgument } from "./arrays.ts";
import { isRecord, refuse } from "./schema.ts";
import { readSparse, sparseParts } from "./sparse.ts";

/**
 * A matrix that must be there, dense or sparse. In a safetensors body a sparse one is the tensors `<name>.indptr`, `.indices`,
 * `.data` and `.shape`, compressed by rows.
 */
export function samplesArgument(description: string): ArraySchema<Matrix | SparseMatrix, true> {
  const dense = matrixArgument(description);
  return {
    ...dense,
    json: { oneOf: [dense.json, { $ref: "#/components/schemas/SparseInput", description }], description },
    read: (value, name) =>
      isRecord(value) && ("format" in value || "indptr" in value) ? readSparse(value, name) : dense.read(value, name),
    readTensors(tensors, name, taken) {
      const parts = [...sparseParts, "shape"].map((part) => `${name}.${part}`);
      for (const part of parts) taken.add(part);
      const given = parts.filter((part) => tensors.has(part));
      if (given.length === 0 || tensors.has(name)) return dense.readTensors(tensors, name, taken);
      const missing = parts.find((part) => !tensors.has(part));
      if (missing !== undefined) throw refuse(missing, "a tensor beside the others of a sparse matrix", null);
      const [indptr, indices, data, shape] = parts.map((part) => tensors.get(part)!);
      return readSparse({ format: "csr", shape: numbersOf(shape, `${name}.shape`), indptr, indices, data }, name);
    },
  };
}

/** The same argument, which may be left out. */
export function optionalArgument<T>(argument: ArraySchema<T>): ArraySchema<T, false> {
  return { ...argument, needed: false };
}

/** A whole number of at least 1, which may be left out; in a safetensors body a tensor of one element. */
export function countArgument(description: string): ArraySchema<number, false> {
  const read = (value: unknown, name: string) => {
    if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
    throw refuse(name, "a whole number >= 1", value);
  };
  return {
    needed: false,
    json: { type: "integer", minimum: 1, description },
    read,
    readTensors(tensors, name, taken) {
      taken.add(name);
      const tensor = tensors.get(name);
      return tensor && read(numbersOf(tensor, name)[0], name);
    },
  };
}

function numbersOf(tensor: Tensor, name: string): number[] {
  try {
    return Array.from(toVector(tensor), Number);
  } catch {
    throw refuse(name, "real numbers", tensor.dtype);
  }
}
