/** Dense weights in place of quantised layers, made when they are read. @module */

import type { Tensor } from "../formats/tensor.ts";
import type { Vector } from "../solvers/core/matrix.ts";
import { dequantize, type QuantizedWeights } from "../solvers/quantization/layer.ts";
import type { Weights } from "./weights.ts";

/** A quantised layer that is read when it is needed. */
export interface DenseSource {
  /** Rows and columns of its weights. */
  readonly shape: readonly [outputs: number, inputs: number];
  /** Type of its dense weights. */
  readonly dtype: "F32" | "F64";
  /** The layer. */
  read(): Promise<QuantizedWeights>;
}

/**
 * Tensors with the dense weights of layers among them.
 *
 * @param owners Names of tensors that belong to a layer, with its name: the dense weights stand in their place.
 * @param transposed Whether weights are stored [inputs, outputs].
 */
export function withDense(
  weights: Weights,
  layers: ReadonlyMap<string, DenseSource>,
  owners: ReadonlyMap<string, string>,
  transposed: boolean,
): Weights {
  const dense = new Map([...layers].map(([name, layer]) => [`${name}.weight`, layer]));
  const names = new Set(weights.names.map((name) => owners.has(name) ? `${owners.get(name)}.weight` : name));
  return {
    names: [...names],
    has: (name) => names.has(name),
    describe(name) {
      const layer = dense.get(name);
      if (!layer) return weights.describe(name);
      const { shape: [outputs, inputs], dtype } = layer;
      return { dtype, shape: transposed ? [inputs, outputs] : [outputs, inputs] };
    },
    async read(name): Promise<Tensor> {
      const layer = dense.get(name);
      if (!layer) return await weights.read(name);
      const { data, shape: [outputs, inputs] } = dequantize(await layer.read()), { dtype } = layer;
      return transposed
        ? { dtype, shape: [inputs, outputs], data: turned(data, outputs, inputs) }
        : { dtype, shape: [outputs, inputs], data };
    },
  };
}

/** The transpose of a matrix, row-major. */
export function turned<T extends Vector | Int32Array | Uint8Array | Uint16Array>(
  values: T,
  rows: number,
  columns: number,
): T {
  const result = values.slice() as T;
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j];
  return result;
}
