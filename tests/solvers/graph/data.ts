/** Samples that the tests of graphs share. @module */

import { type Matrix, matrix, type SparseMatrix } from "../../../mod.ts";

/** Normal numbers from a linear congruential generator and Box-Muller pairs: data that any language can make again. */
function congruentialNormals(seed: number): () => number {
  let state = seed >>> 0, spare: number | undefined;
  const uniform = () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(uniform())), angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** Samples of a chain: each variable is noise plus `strength` times the noise of the one before. */
export function chain(count: number, size: number, strength: number, normal: () => number): Matrix {
  const noise = Array.from({ length: count * size }, normal);
  return matrix(count, size, Float64Array.from(noise, (z, at) => z + (at % size > 0 ? strength * noise[at - 1] : 0)));
}

export const golden = chain(30, 5, 0.6, congruentialNormals(1));

/** `[[2, -1, 0], [-1, 2, 0], [0, 0, 3]]` with another entry for -1. */
export function small(entry: number): SparseMatrix {
  return {
    format: "csr",
    shape: [3, 3],
    indptr: new Uint32Array([0, 2, 4, 5]),
    indices: new Uint32Array([0, 1, 0, 1, 2]),
    data: new Float64Array([2, entry, entry, 2, 3]),
  };
}
