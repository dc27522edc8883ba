/**
 * Layers as the operator MatMulNBits of ONNX Runtime takes them: `Y = A What^T` with
 * `What[i, j] = scales[i, b] (codes[i, j] - zeros[i, b])` in blocks `b` of columns, whose size is a power of two from 16.
 * Codes and zero points are packed end to end by row, codes to whole blocks; scales are f32.
 */

import { packRows, rowBytes, unpackRows } from "../../formats/bit_packing.ts";
import { FormatError } from "../../formats/errors.ts";
import type { Tensor } from "../../formats/tensor.ts";
import { InputError } from "../../solvers/core/errors.ts";
import { matrix, type SparseMatrix } from "../../solvers/core/matrix.ts";
import type { QuantizedWeights } from "../../solvers/quantization/layer.ts";
import { type PendingTensor, pendingTensor } from "./pending.ts";
import { hasRuns } from "./stored.ts";

/** Key of the metadata that tells what the packed layers were. */
export const layersKey = "minima.layers";

/** How a layer is cut into blocks. */
export interface Blocks {
  /** Bits of a code: 2, 4 or 8, as the operator knows them. */
  readonly bits: 2 | 4 | 8;
  /** Columns of a block. */
  readonly size: number;
  /** Blocks of a row. */
  readonly count: number;
}

/** Sizes of blocks that every processor has; 512 gives wrong results on some. */
const sizes = [16, 32, 64, 128, 256];

/** Bits that hold a code of so many. */
const storedBits = (bits: number) => bits === 3 ? 4 : bits as 2 | 4 | 8;

/**
 * The blocks of fewest bytes that no boundary of a group cuts.
 *
 * @throws {InputError} for groups whose size is no multiple of 16, and those in another order than the columns
 */
export function blocksOf(layer: QuantizedWeights, name: string): Blocks {
  const { bits, groupSize, shape: [, inputs], scales } = layer;
  if (!hasRuns(layer)) {
    throw new InputError("model", `Cannot save ${name} as ONNX: its columns are not grouped in their order.`);
  }
  const stored = storedBits(bits), fitting = sizes.filter((size) => scales.shape[1] <= 1 || groupSize % size === 0);
  if (fitting.length === 0) {
    throw new InputError(
      "model",
      `Cannot save ${name} as ONNX: its groups of ${groupSize} columns are no multiple of 16. Quantise with another group size.`,
    );
  }
  const bytesOf = (size: number) => Math.ceil(inputs / size) * (size * stored / 8 + 4 + stored / 8);
  const size = fitting.reduce((best, size) => bytesOf(size) <= bytesOf(best) ? size : best);
  return { bits: stored, size, count: Math.ceil(inputs / size) };
}

/** Something of each group, for each of its blocks. */
function byBlock(
  { shape: [outputs, inputs], groupSize, scales }: QuantizedWeights,
  { size, count }: Blocks,
  values: ArrayLike<number>,
): Float32Array {
  const groups = scales.shape[1], result = new Float32Array(outputs * count);
  for (let i = 0, at = 0; i < outputs; i++) {
    for (let block = 0; block < count; block++) {
      const group = groups > 1 ? Math.floor(Math.min(block * size, inputs - 1) / groupSize) : 0;
      result[at++] = values[i * groups + group];
    }
  }
  return result;
}

/** What the operator is given of a layer, beside its inputs: codes, scales and, where they are no default, zero points. */
export function operandsOf(
  layer: QuantizedWeights,
  blocks: Blocks,
): { readonly codes: PendingTensor; readonly scales: PendingTensor; readonly zeros?: PendingTensor } {
  const { shape: [outputs], scales, zeros } = layer, { bits, size, count } = blocks;
  const centred = zeros.data.every((zero) => zero === 2 ** (bits - 1));
  return {
    codes: pendingTensor("U8", [outputs, count, size * bits / 8], () => packedCodes(layer, blocks)),
    scales: pendingTensor("F32", [outputs, count], () => byBlock(layer, blocks, scales.data)),
    ...!centred && {
      zeros: pendingTensor(
        "U8",
        [outputs, rowBytes(count, bits)],
        () => packRows(byBlock(layer, blocks, zeros.data), [outputs, count], bits),
      ),
    },
  };
}

function packedCodes({ shape: [outputs, inputs], codes }: QuantizedWeights, { bits, size, count }: Blocks): Uint8Array {
  const width = size * count;
  if (width === inputs) return packRows(codes, [outputs, inputs], bits);
  const padded = new Uint8Array(outputs * width);
  for (let i = 0; i < outputs; i++) padded.set(codes.subarray(i * inputs, (i + 1) * inputs), i * width);
  return packRows(padded, [outputs, width], bits);
}

/** The columns that hold outliers, and their weights [columns, outputs]. */
export interface OutlierColumns {
  /** Indices of columns, ascending. */
  readonly columns: Uint32Array;
  /** What is added to the weights of these columns. */
  readonly weights: Tensor;
}

/** Largest share of the columns that may hold outliers, which are kept dense. */
const mostOutlierColumns = 1 / 8;

/**
 * Outliers as columns.
 *
 * @throws {InputError} where they lie in more than an eighth of the columns
 */
export function outlierColumns(
  { shape: [outputs, inputs] }: QuantizedWeights,
  { data, indices, indptr }: SparseMatrix,
  name: string,
): OutlierColumns {
  const columns = Uint32Array.from(new Set(indices)).sort();
  if (columns.length > Math.ceil(inputs * mostOutlierColumns)) {
    throw new InputError(
      "model",
      `Cannot save ${name} as ONNX: its outliers lie in ${columns.length} of ${inputs} columns, and at most an eighth of ` +
        'them may hold any. Quantise with "structured" outliers.',
    );
  }
  const place = new Map([...columns].map((column, at) => [column, at]));
  const dense = new Float32Array(columns.length * outputs);
  for (let i = 0; i < outputs; i++) {
    for (let k = indptr[i]; k < indptr[i + 1]; k++) dense[place.get(indices[k])! * outputs + i] = data[k];
  }
  return { columns, weights: { dtype: "F32", shape: [columns.length, outputs], data: dense } };
}

/** What the operator is given of a layer, and how it was made. */
export interface PackedLayer {
  /** Rows and columns of its weights. */
  readonly shape: readonly [outputs: number, inputs: number];
  /** Bits of its codes before they were packed. */
  readonly bits: 2 | 3 | 4 | 8;
  /** Columns of a group. */
  readonly groupSize: number;
  /** How it is cut. */
  readonly blocks: Blocks;
  /** Packed codes. */
  readonly codes: Tensor;
  /** Scales by block. */
  readonly scales: Tensor;
  /** Packed zero points. */
  readonly zeros?: Tensor;
  /** Indices of columns and their weights. */
  readonly outliers?: { readonly columns: Tensor; readonly weights: Tensor };
}

/**
 * The layer.
 *
 * @throws {FormatError} where its parts do not fit together
 */
export function unpackLayer(stored: PackedLayer, name: string): QuantizedWeights {
  const { shape: [outputs, inputs], bits, groupSize, blocks: { bits: width, size, count } } = stored;
  const check = (what: string, holds: boolean, needed: string) => {
    if (!holds) throw new FormatError("onnx", `${what} of "${name}"`, `should be ${needed}`);
  };
  const dimensions = ({ shape }: Tensor) => shape.join();
  check("the blocks", sizes.includes(size) && count === Math.ceil(inputs / size), "of 16 to 256 columns");
  check("the bits", width === storedBits(bits), `${storedBits(bits)} for codes of ${bits}`);
  check(
    "the codes",
    stored.codes.dtype === "U8" && dimensions(stored.codes) === `${outputs},${count},${size * width / 8}`,
    "bytes of whole blocks",
  );
  check(
    "the scales",
    dimensions(stored.scales) === `${outputs},${count}` && stored.scales.dtype === "F32" &&
      (stored.scales.data as Float32Array).every(Number.isFinite),
    "finite, one a block",
  );
  const bytes = rowBytes(count, width);
  check(
    "the zero points",
    !stored.zeros || stored.zeros.dtype === "U8" && stored.zeros.data.length === outputs * bytes,
    "one a block",
  );
  const groups = Math.ceil(inputs / groupSize), several = groups > 1;
  check("the group size", !several || groupSize % size === 0, `a multiple of the ${size} columns of a block`);

  const padded = unpackRows(stored.codes.data as Uint8Array, [outputs, size * count], width);
  const codes = new Uint8Array(outputs * inputs);
  for (let i = 0; i < outputs; i++) {
    codes.set(padded.subarray(i * size * count, i * size * count + inputs), i * inputs);
  }
  check("the codes", codes.every((code) => code < 2 ** bits), `below ${2 ** bits}`);
  const points = stored.zeros && unpackRows(stored.zeros.data as Uint8Array, [outputs, count], width);
  const scales = matrix(outputs, groups, new Float32Array(outputs * groups));
  const zeros = matrix(outputs, groups, new Float32Array(outputs * groups));
  for (let i = 0, at = 0; i < outputs; i++) {
    for (let group = 0; group < groups; group++, at++) {
      const block = i * count + Math.floor(group * groupSize / size);
      scales.data[at] = (stored.scales.data as Float32Array)[block];
      zeros.data[at] = points ? points[block] : 2 ** (width - 1);
    }
  }
  return {
    bits,
    groupSize,
    shape: [outputs, inputs],
    codes,
    scales,
    zeros,
    ...several && { groupIndex: Uint32Array.from({ length: inputs }, (_, j) => Math.floor(j / groupSize)) },
    ...stored.outliers && { outliers: sparseOutliers(stored.outliers, outputs, inputs, name) },
  };
}

function sparseOutliers(
  { columns, weights }: NonNullable<PackedLayer["outliers"]>,
  outputs: number,
  inputs: number,
  name: string,
): SparseMatrix {
  const places = Array.from(columns.data as BigInt64Array, Number), dense = weights.data as Float32Array;
  const ascend = places.every((column, at) => column >= 0 && column < inputs && !(column <= places[at - 1]));
  const typed = columns.dtype === "I64" && weights.dtype === "F32";
  if (!typed || !ascend || dense.length !== places.length * outputs || !dense.every(Number.isFinite)) {
    throw new FormatError("onnx", `the outliers of "${name}"`, `do not fit ${outputs} outputs and ${inputs} inputs`);
  }
  const indptr = new Uint32Array(outputs + 1), indices: number[] = [], data: number[] = [];
  for (let i = 0; i < outputs; i++) {
    places.forEach((column, at) => {
      const value = dense[at * outputs + i];
      if (value === 0) return;
      indices.push(column);
      data.push(value);
    });
    indptr[i + 1] = data.length;
  }
  return {
    shape: [outputs, inputs],
    format: "csr",
    indptr,
    indices: Uint32Array.from(indices),
    data: Float32Array.from(data),
  };
}
