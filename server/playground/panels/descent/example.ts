import { choice, integer, number } from "../../../../solvers/core/options.ts";
import { createRandom, type Random } from "../../../../solvers/core/random.ts";
import { type Column, type TableContent, tableOf } from "../../contents/table.ts";
import type { Values } from "../../panel.ts";

/** A table of which the truth is known. */
export interface DescentContent extends TableContent {
  readonly truth?: {
    /** Of the features that a linear truth is of, by name. */
    readonly coefficients?: ReadonlyMap<string, number>;
    /** Values of the target without noise. */
    readonly values: Float64Array;
    readonly noise: number;
  };
}

const alignments = ["sharp directions", "all directions", "flat directions"] as const;

/** What can be set of the linear example. */
export const linearOptions = {
  rows: integer({ least: 8, most: 5000, default: 200, about: "Rows of the table." }),
  features: integer({ least: 2, most: 300, default: 100, about: "Columns besides." }),
  signal: choice(alignments, { default: "sharp directions", about: "Where in the spectrum the truth lies." }),
  ratio: number({ least: 0.01, most: 100, default: 1, about: "Variance of the signal over that of the noise." }),
  seed: integer({ least: 0, most: 999_999, default: 1, about: "Of the random numbers." }),
};

/** What can be set of the wave. */
export const waveOptions = {
  rows: integer({ least: 8, most: 1000, default: 120, about: "Rows of the table." }),
  noise: number({ least: 0.001, most: 10, default: 0.5, about: "Standard deviation of the noise." }),
  seed: integer({ least: 0, most: 999_999, default: 1, about: "Of the random numbers." }),
};

/** An orthonormal basis, by Gram and Schmidt twice over random vectors. */
function randomBasis(size: number, random: Random): Float64Array[] {
  const basis: Float64Array[] = [];
  while (basis.length < size) {
    const vector = Float64Array.from({ length: size }, random.normal);
    for (let pass = 0; pass < 2; pass++) {
      for (const other of basis) {
        const share = vector.reduce((sum, value, i) => sum + value * other[i], 0);
        other.forEach((value, i) => vector[i] -= share * value);
      }
    }
    const length = Math.hypot(...vector);
    if (length > 1e-6) basis.push(vector.map((value) => value / length));
  }
  return basis;
}

/** Features whose curvature falls as 1, 1/2, 1/3, ..., turned at random, and a truth that lies where it is told to. */
export function turnedSpectrum(options: Values): DescentContent {
  const { rows = 200, features = 100, signal = alignments[0], ratio = 1, seed = 1 } = options as {
    rows?: number;
    features?: number;
    signal?: typeof alignments[number];
    ratio?: number;
    seed?: number;
  };
  const random = createRandom(seed), basis = randomBasis(features, random);
  const truth = new Float64Array(features), columns = Array.from(truth, () => new Float64Array(rows));
  const tenth = Math.max(1, Math.round(features / 10));
  basis.forEach((direction, k) => {
    const isIn = signal === "all directions" || (signal === "sharp directions" ? k < tenth : k >= features - tenth);
    const share = isIn ? random.normal() : 0, size = 1 / Math.sqrt(k + 1);
    direction.forEach((value, j) => truth[j] += share * value);
    for (let i = 0; i < rows; i++) {
      const score = size * random.normal();
      direction.forEach((value, j) => columns[j][i] += score * value);
    }
  });
  const values = new Float64Array(rows);
  columns.forEach((column, j) => column.forEach((x, i) => values[i] += truth[j] * x));
  const noise = 1, scale = noise * Math.sqrt(ratio * rows / values.reduce((sum, value) => sum + value * value, 0));
  values.forEach((value, i) => values[i] = scale * value);
  const names = columns.map((_, j) => `x${j + 1}`);
  return {
    ...withNoise(values, noise, columns.map((column, j): Column => [names[j], column]), random),
    truth: { coefficients: new Map(names.map((name, j) => [name, scale * truth[j]])), values, noise },
  };
}

/** A wave that grows faster, on points of a line: for kernels. */
export function wave(options: Values): DescentContent {
  const { rows = 120, noise = 0.5, seed = 1 } = options as { rows?: number; noise?: number; seed?: number };
  const random = createRandom(seed), x = Float64Array.from({ length: rows }, random.uniform).sort();
  const values = x.map((place) => 1.5 * Math.sin(12 * place * place));
  return { ...withNoise(values, noise, [["x", x]], random), truth: { values, noise } };
}

function withNoise(values: Float64Array, noise: number, columns: readonly Column[], random: Random): TableContent {
  return tableOf([["y", values.map((value) => value + noise * random.normal())], ...columns]);
}
