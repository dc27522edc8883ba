/** Matrices of low rank of which some entries are seen, and what is said of a completion, computed apart from it. */

import { type CompletedMatrix, completedMatrix, createRandom, type Random } from "../../../mod.ts";

/** A matrix and what is seen of it. */
export interface Seen {
  /** Row-major. */
  readonly whole: Float64Array;
  readonly observed: {
    readonly shape: readonly [number, number];
    readonly rows: number[];
    readonly columns: number[];
    readonly values: number[];
  };
}

/** The product of two Gaussian factors, of which each entry is seen with some probability, with noise. */
export function lowRank(rows: number, columns: number, rank: number, share: number, seed: number, noise = 0): Seen {
  const random = createRandom(seed), left = normals(random, rows * rank), right = normals(random, columns * rank);
  const whole = new Float64Array(rows * columns);
  const observed = { shape: [rows, columns] as const, rows: [], columns: [], values: [] } as Seen["observed"];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let value = 0;
      for (let k = 0; k < rank; k++) value += left[i * rank + k] * right[j * rank + k];
      whole[i * columns + j] = value;
      if (random.uniform() >= share) continue;
      observed.rows.push(i);
      observed.columns.push(j);
      observed.values.push(value + noise * random.normal());
    }
  }
  return { whole, observed };
}

function normals(random: Random, count: number): Float64Array {
  return Float64Array.from({ length: count }, random.normal);
}

/** `||answer - whole|| / ||whole||`. */
export function relativeError(fit: CompletedMatrix, whole: Float64Array): number {
  let off = 0, size = 0;
  completedMatrix(fit).data.forEach((value, at) => {
    off += (value - whole[at]) ** 2;
    size += whole[at] ** 2;
  });
  return Math.sqrt(off / size);
}

/** Singular values of a row-major matrix by one-sided rotations of its rows, falling. */
export function singularValuesOf(data: ArrayLike<number>, rows: number, columns: number): number[] {
  const a = Float64Array.from(data);
  for (let sweep = 0, turned = true; turned && sweep < 60; sweep++) {
    turned = false;
    for (let p = 0; p < rows; p++) {
      for (let q = p + 1; q < rows; q++) {
        let alpha = 0, beta = 0, gamma = 0;
        for (let k = 0; k < columns; k++) {
          alpha += a[p * columns + k] ** 2;
          beta += a[q * columns + k] ** 2;
          gamma += a[p * columns + k] * a[q * columns + k];
        }
        if (!(Math.abs(gamma) > 1e-15 * Math.sqrt(alpha * beta))) continue;
        turned = true;
        const zeta = (beta - alpha) / (2 * gamma);
        const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta)), c = 1 / Math.sqrt(1 + t * t);
        for (let k = 0; k < columns; k++) {
          const x = a[p * columns + k], y = a[q * columns + k];
          a[p * columns + k] = c * (x - t * y);
          a[q * columns + k] = c * (y + t * x);
        }
      }
    }
  }
  return Array.from({ length: rows }, (_, i) => Math.hypot(...a.subarray(i * columns, (i + 1) * columns)))
    .sort((x, y) => y - x);
}

/** The objective that an answer should report, from its definition. */
export function objectiveOf(
  fit: CompletedMatrix,
  { rows, columns, values, weights }: Seen["observed"] & { readonly weights?: ArrayLike<number> },
): number {
  const [height, width] = fit.shape;
  const { data } = completedMatrix({ left: fit.left, right: fit.right });
  const singular = singularValuesOf(data, height, width);
  if (fit.method === "srf") {
    return fit.width! > 0 ? singular.reduce((sum, s) => sum - Math.expm1(-s * s / (2 * fit.width! ** 2)), 0) : 0;
  }
  const predicted = fit.predict(rows, columns);
  let sum = fit.lambda! * singular.reduce((total, s) => total + s, 0);
  values.forEach((value, e) => sum += (weights ? weights[e] : 1) * (value - predicted[e]) ** 2 / 2);
  return sum;
}

/** Ratings of rank 1 and noise, `perRow` in every row, as typed lists: many of them at once. */
export function manyRatings(rows: number, columns: number, perRow: number, seed: number) {
  const random = createRandom(seed), count = rows * perRow, stride = Math.floor(columns / perRow);
  const places = { rows: new Uint32Array(count), columns: new Uint32Array(count) }, values = new Float64Array(count);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let k = 0; k < perRow; k++, at++) {
      places.rows[at] = i;
      places.columns[at] = k * stride + random.integer(stride);
      values[at] = 3 + Math.sin(i) * Math.cos(places.columns[at]) + random.uniform();
    }
  }
  return { shape: [rows, columns] as const, ...places, values };
}
