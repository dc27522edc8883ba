/** Factorisations in requests: factors to start from, and samples of which some entries are missing. @module */

import type { Matrix, SparseMatrix } from "../solvers/core/mod.ts";
import { type ArraySchema, matrixArgument, matrixJson } from "./arrays.ts";
import { Problem } from "./problem.ts";
import { samplesArgument } from "./samples.ts";
import { isRecord, objectSchema, refuse } from "./schema.ts";
import { readRows, rowsJson } from "./tables.ts";

/** Factors to start from. */
export interface RequestStart {
  readonly H: Matrix;
  readonly W?: Matrix;
}

const H = matrixArgument("Archetypes or components [rank, features]."), W = matrixArgument("Weights [samples, rank].");

/** Factors to start from, in the place of the option `initial`; in safetensors the tensors `initial.H` and `initial.W`. */
export function startArgument(description: string): ArraySchema<RequestStart, false> {
  return {
    needed: false,
    json: {
      ...objectSchema({ H: { needed: true, json: matrixJson }, W: { needed: false, json: matrixJson } }),
      description,
    },
    read(value, name) {
      const expected = 'an object with "H" and perhaps "W"';
      if (!isRecord(value)) throw refuse(name, expected, value);
      const { H: components, W: weights, ...others } = value;
      if (Object.keys(others).length > 0 || components === undefined) throw refuse(name, expected, value);
      return {
        H: H.read(components, `${name}.H`),
        ...(weights !== undefined && { W: W.read(weights, `${name}.W`) }),
      };
    },
    readTensors(tensors, name, taken) {
      const components = H.readTensors(tensors, `${name}.H`, taken),
        weights = W.readTensors(tensors, `${name}.W`, taken);
      if (components) return { H: components, ...(weights && { W: weights }) };
      if (weights) throw new Problem(422, `The tensor "${name}.H" is missing.`, { argument: `${name}.H` });
      return undefined;
    },
  };
}

/** Options with the factors that a request starts from. @throws {Problem} where both say where to start */
export function withStart<O extends { readonly initial?: unknown }>(
  options: O,
  start: RequestStart | undefined,
): Omit<O, "initial"> & { readonly initial?: O["initial"] | RequestStart } {
  if (!start) return options;
  if (options.initial === undefined) return { ...options, initial: start };
  throw new Problem(422, 'Cannot use "initial": expected it either beside "options" or among them, received both.', {
    argument: "initial",
  });
}

/** Samples, and which of their entries are there. */
export interface PartialSamples {
  readonly X: Matrix | SparseMatrix;
  /** 1 for an entry that is there, row after row; none where all are. */
  readonly known?: Float64Array;
}

/** Samples that must be there, dense or sparse; rows in JSON may have `null` for what is missing. */
export function partialSamplesArgument(description: string): ArraySchema<PartialSamples, true> {
  const whole = samplesArgument(description);
  return {
    needed: true,
    json: { description, anyOf: [rowsJson, whole.json] },
    read(value, name) {
      const hasBlanks = Array.isArray(value) && value.some((row) => Array.isArray(row) && row.includes(null));
      if (!hasBlanks) return { X: whole.read(value, name) };
      const table = readRows(value, name);
      return { X: table, known: table.data.map((entry) => Number.isNaN(entry) ? 0 : 1) as Float64Array };
    },
    readTensors(tensors, name, taken) {
      const X = whole.readTensors(tensors, name, taken);
      return X && { X };
    },
  };
}

/** Weights of entries, by what a request says of them and which of them are there. */
export function weightsOf(
  { X: { shape }, known }: PartialSamples,
  given: ArrayLike<number> | undefined,
): Float64Array | undefined {
  if (!known) return given && Float64Array.from(given);
  if (!given) return known;
  if (given.length === known.length) return known.map((is, at) => is === 0 ? 0 : given[at]);
  throw refuse("weights", `${shape[0] * shape[1]} numbers, one an entry of "X"`, `${given.length} numbers`);
}
