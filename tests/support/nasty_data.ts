/** Tables as people have them: what breaks solvers that clean synthetic data never troubled. */

import { type Matrix, matrix } from "../../mod.ts";
import { createRandom, type Random } from "../../solvers/core/random.ts";

/** A table, and in words what is nasty about it. */
export interface NastyTable {
  readonly samples: Matrix;
  readonly kind: string;
}

type Twist = (columns: Float64Array[], random: Random) => void;

const any = (columns: Float64Array[], random: Random) => random.integer(columns.length);
const between = (random: Random, least: number, most: number) => least + (most - least) * random.uniform();

/** What is done to columns of noise. */
const twists: { readonly [name: string]: Twist } = {
  "plain noise": () => {},
  "a common factor"(columns, random) {
    const factor = columns[0].map(random.normal), share = between(random, 1, 30);
    for (const column of columns) column.forEach((_, i) => column[i] += share * factor[i]);
  },
  "nearly collinear columns"(columns, random) {
    const a = columns[any(columns, random)], b = columns[any(columns, random)], e = 10 ** between(random, -10, -1);
    b.forEach((value, i) => b[i] = a[i] + e * value);
  },
  "equal columns"(columns, random) {
    columns[any(columns, random)].set(columns[any(columns, random)]);
  },
  "a sum of columns"(columns, random) {
    const target = columns[any(columns, random)];
    target.forEach((_, i) => target[i] = columns.reduce((sum, column) => column === target ? sum : sum + column[i], 0));
  },
  "a common mean"(columns, random) {
    const mean = 10 ** between(random, 1, 6);
    for (const column of columns) column.forEach((_, i) => column[i] += mean);
  },
  "scales from 1e-8 to 1e8"(columns, random) {
    for (const column of columns) {
      const scale = 10 ** between(random, -8, 8);
      column.forEach((_, i) => column[i] *= scale);
    }
  },
  "a constant column"(columns, random) {
    columns[any(columns, random)].fill(between(random, -1e3, 1e3));
  },
  "a zero column"(columns, random) {
    columns[any(columns, random)].fill(0);
  },
  "years and their squares"(columns, random) {
    const first = 1900 + random.integer(100);
    columns[0].forEach((_, i) => columns[0][i] = first + i);
    if (columns.length > 1) columns[1].forEach((_, i) => columns[1][i] = (first + i) ** 2);
  },
  "indicators that add up to one"(columns, random) {
    const levels = Math.min(columns.length, 3);
    for (let i = 0; i < columns[0].length; i++) {
      const level = random.integer(levels);
      for (let k = 0; k < levels; k++) columns[k][i] = Number(k === level);
    }
  },
  "few distinct values"(columns) {
    for (const column of columns) column.forEach((value, i) => column[i] = Math.round(value));
  },
  "heavy tails"(columns, random) {
    for (const column of columns) column.forEach((value, i) => column[i] = value / (random.uniform() + 1e-6));
  },
  "whole numbers near 2^53"(columns, random) {
    const column = columns[any(columns, random)];
    column.forEach((value, i) => column[i] = 2 ** 53 - Math.round(1e6 * Math.abs(value)));
  },
};

/** Names of all there is. */
const nastyKinds = Object.keys(twists);

/** A table that the seed determines, with one or two twists. */
export function nastyTable(rows: number, columns: number, seed: number): NastyTable {
  const random = createRandom(seed);
  const data = Array.from({ length: columns }, () => Float64Array.from({ length: rows }, random.normal));
  const chosen = [nastyKinds[seed % nastyKinds.length]];
  if (random.uniform() < 0.4) chosen.push(nastyKinds[random.integer(nastyKinds.length)]);
  for (const name of chosen) twists[name](data, random);
  const samples = matrix(rows, columns);
  data.forEach((column, j) => column.forEach((value, i) => samples.data[i * columns + j] = value));
  return { samples, kind: chosen.join(" and ") };
}
