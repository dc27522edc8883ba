/** Observed entries of a matrix in requests: lists of them, or a table in which `null` stands for what is missing. */

import { type Observations, observedEntries } from "../solvers/core/mod.ts";
import type { Tensor } from "../formats/tensor.ts";
import { type ArraySchema, readVector, vectorJson } from "./arrays.ts";
import { isRecord, mostLines, refuse } from "./schema.ts";
import { indicesJson, readPart } from "./sparse.ts";
import { readRows, rowsJson } from "./tables.ts";

const lists = ["rows", "columns", "values", "weights"] as const;

const json = {
  oneOf: [
    {
      type: "object",
      description: "Entry `k` is `values[k]` at `(rows[k], columns[k])`; `weights` may be left out.",
      properties: {
        shape: { type: "array", items: { type: "integer", minimum: 1, maximum: mostLines }, minItems: 2, maxItems: 2 },
        rows: indicesJson,
        columns: indicesJson,
        values: vectorJson,
        weights: vectorJson,
      },
      required: ["shape", "rows", "columns", "values"],
      additionalProperties: false,
    },
    rowsJson,
  ],
};

/** Observed entries that must be there; as tensors, `<name>.shape`, `<name>.rows` and so on. */
export function observationsArgument(description: string): ArraySchema<Observations, true> {
  return {
    needed: true,
    json: { ...json, description },
    read,
    readTensors(tensors, name, taken) {
      for (const part of ["shape", ...lists]) taken.add(`${name}.${part}`);
      const parts = ["shape", ...lists].map((part) => [part, tensors.get(`${name}.${part}`)] as const);
      if (parts.every(([, tensor]) => tensor === undefined)) return undefined;
      const given = Object.fromEntries(parts.filter(([, tensor]) => tensor !== undefined));
      const shape = given.shape && Array.from(given.shape.data as ArrayLike<number | bigint>, Number);
      return read({ ...given, shape }, name);
    },
  };
}

/** Levels of entries. */
export const levelsArgument: ArraySchema<Observations, true> = observationsArgument(
  "Levels of the observed entries, whole numbers from 0.",
);

function read(value: unknown, name: string): Observations {
  if (Array.isArray(value)) return observedEntries(readRows(value, name));
  const expected = 'an object with "shape", "rows", "columns" and "values", or rows with null for what is missing';
  if (!isRecord(value)) throw refuse(name, expected, value);
  const { shape, rows, columns, values, weights, ...others } = value;
  if (Object.keys(others).length > 0) throw refuse(name, `${expected}, and nothing else`, value);
  const isSize = (n: unknown) => Number.isSafeInteger(n) && Number(n) >= 1 && Number(n) <= mostLines;
  if (!Array.isArray(shape) || shape.length !== 2 || !shape.every(isSize)) {
    throw refuse(`${name}.shape`, `[rows, columns], each from 1 to ${mostLines}`, shape);
  }
  return {
    shape: shape as unknown as Observations["shape"],
    rows: readPart(rows as Tensor, `${name}.rows`, ["u32"]),
    columns: readPart(columns as Tensor, `${name}.columns`, ["u32"]),
    values: readVector(values, `${name}.values`),
    ...(weights !== undefined && { weights: readVector(weights, `${name}.weights`) }),
  };
}
