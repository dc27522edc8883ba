/** Seeded data for the cases: the same numbers on every machine. */

/** Uniform numbers in [0, 1) (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal numbers (Box and Muller 1958). */
export function normal(seed: number): () => number {
  const next = uniform(seed);
  return () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

/** `length` standard normal numbers. */
export function normals<A extends Float32Array | Float64Array>(array: A, seed: number): A {
  const next = normal(seed);
  for (let i = 0; i < array.length; i++) array[i] = next();
  return array;
}

/** A layer to quantise: heavy-tailed weights `[rows, columns]` and a Gram matrix `[columns, columns]`. */
export interface SyntheticLayer {
  readonly rows: number;
  readonly columns: number;
  readonly weights: Float32Array;
  readonly gram: Float32Array;
}

/**
 * A layer with correlated inputs of decaying scale and a few inputs ten times larger, as transformers have them. The
 * Gram matrix is diagonal plus low rank, `D + F F^T` with `F` of 64 columns, so that building it costs far less than
 * what is measured.
 */
export function syntheticLayer(rows: number, columns: number, seed: number): SyntheticLayer {
  const next = normal(seed);
  const weights = new Float32Array(rows * columns);
  // Student t with 4 degrees of freedom: normal over the root of a chi-square mean.
  for (let i = 0; i < weights.length; i++) {
    weights[i] = next() / Math.sqrt((next() ** 2 + next() ** 2 + next() ** 2 + next() ** 2) / 4);
  }
  const factors = 64;
  const factor = new Float32Array(columns * factors);
  for (let j = 0; j < columns; j++) {
    const scale = Math.exp(0.5 * next()) * (j % 101 === 50 ? 10 : 1);
    for (let f = 0; f < factors; f++) factor[j * factors + f] = scale * next() / Math.sqrt(1 + f);
  }
  const gram = new Float32Array(columns * columns);
  for (let i = 0; i < columns; i++) {
    const a = factor.subarray(i * factors, (i + 1) * factors);
    for (let j = 0; j <= i; j++) {
      const base = j * factors;
      let sum = 0;
      for (let f = 0; f < factors; f++) sum += a[f] * factor[base + f];
      gram[i * columns + j] = gram[j * columns + i] = i === j ? 1.2 * sum + 0.1 : sum;
    }
  }
  return { rows, columns, weights, gram };
}
