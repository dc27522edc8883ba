/** Instances of several tasks, and what they cost by definition, apart from the library's own sums. */

import { createRandom, type Matrix, matrix } from "../../../mod.ts";

export interface Task {
  readonly X: Matrix;
  readonly y: Float64Array;
  readonly weights?: Float64Array;
}

export interface Question {
  readonly support: number;
  readonly ridge: number;
  readonly valueSharing?: number;
  readonly supportSharing?: number;
  readonly commonSupport?: boolean;
}

/** Normal numbers by the congruential generator of the golden values: the same everywhere. */
function portableNormals(seed: number, count: number): number[] {
  let word = seed;
  const uniform = () => ((word = (Math.imul(1664525, word) + 1013904223) >>> 0) + 0.5) / 2 ** 32;
  const found: number[] = [];
  while (found.length < count) {
    const radius = Math.sqrt(-2 * Math.log(uniform())), angle = 2 * Math.PI * uniform();
    found.push(radius * Math.cos(angle), radius * Math.sin(angle));
  }
  return found.slice(0, count);
}

/** Three tasks of 12, 15 and 20 samples and 6 features: the golden instance. */
export function goldenTasks(): Task[] {
  const B = [[1, 0.8, 1.2], [0.7, 0, 0.6], [0, -0.9, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]];
  return [12, 15, 20].map((samples, k) => {
    const X = portableNormals(10 + k, samples * 6), noise = portableNormals(20 + k, samples);
    const y = noise.map((e, i) => B.reduce((sum, b, j) => sum + X[i * 6 + j] * b[k], 0.5 * e + 0.3 * (k + 1)));
    return { X: matrix(samples, 6, Float64Array.from(X)), y: Float64Array.from(y) };
  });
}

/** Three tasks of 10 to 24 samples whose 6 features correlate by `rho`; each has some of the first three. */
export function randomTasks(seed: number, rho: number, tasks = 3, features = 6): Task[] {
  const random = createRandom(seed);
  return Array.from({ length: tasks }, () => {
    const samples = 10 + random.integer(15), X: number[] = [], y: number[] = [];
    const truth = Array.from({ length: features }, (_, j) => j < 3 && random.uniform() < 0.7 ? random.normal() : 0);
    for (let i = 0; i < samples; i++) {
      const common = random.normal();
      const row = truth.map(() => Math.sqrt(rho) * common + Math.sqrt(1 - rho) * random.normal());
      X.push(...row);
      y.push(row.reduce((sum, x, j) => sum + x * truth[j], 0.5 * random.normal()));
    }
    return { X: matrix(samples, features, Float64Array.from(X)), y: Float64Array.from(y) };
  });
}

/** Gram matrix, `X^T y` and half the square of a task whose loss is `y^T y / 2 - l^T b + b^T G b / 2`, columns centred. */
interface Sums {
  readonly G: number[][];
  readonly l: number[];
  readonly half: number;
}

export function sumsOf({ X, y }: Task): Sums {
  const [samples, features] = X.shape, places = Array.from({ length: features }, (_, j) => j);
  const columnOf = (j: number) => Array.from({ length: samples }, (_, i) => X.data[i * features + j]);
  const centred = (values: number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / samples;
    return values.map((value) => value - mean);
  };
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0) / samples;
  const columns = places.map((j) => centred(columnOf(j))), response = centred(Array.from(y));
  return {
    G: columns.map((a) => columns.map((b) => dot(a, b))),
    l: columns.map((a) => dot(a, response)),
    half: dot(response, response) / 2,
  };
}

/** The least objective on given supports, each as wide as it is, by elimination. */
export function objectiveOn(
  sums: readonly Sums[],
  supports: readonly (readonly number[])[],
  question: Question,
): number {
  const { ridge, valueSharing = 0, supportSharing = 0, commonSupport } = question, tasks = sums.length;
  const places = supports.flatMap((support, k) => support.map((j) => [k, j] as const));
  const rows = places.map(([k, i], m) => [
    ...places.map(([l, j], n) =>
      (k === l ? sums[k].G[i][j] : 0) + (m === n ? ridge + valueSharing : 0) - (i === j ? valueSharing / tasks : 0)
    ),
    sums[k].l[i],
  ]);
  const count = rows.length;
  for (let i = 0; i < count; i++) {
    for (let r = i + 1; r < count; r++) {
      const factor = rows[r][i] / rows[i][i];
      for (let c = i; c <= count; c++) rows[r][c] -= factor * rows[i][c];
    }
  }
  const b = new Array<number>(count);
  for (let i = count - 1; i >= 0; i--) {
    let sum = rows[i][count];
    for (let c = i + 1; c < count; c++) sum -= rows[i][c] * b[c];
    b[i] = sum / rows[i][i];
  }
  let objective = sums.reduce((sum, { half }) => sum + half, 0);
  places.forEach(([k, j], m) => objective -= b[m] * sums[k].l[j] / 2);
  if (commonSupport) return objective;
  for (let j = 0; j < sums[0].l.length; j++) {
    const having = supports.filter((support) => support.includes(j)).length;
    objective += supportSharing / 2 * having * (tasks - having) / tasks;
  }
  return objective;
}

/** All subsets of at most `size` features. */
function subsetsOf(features: number, size: number): number[][] {
  let found: number[][] = [[]], last: number[][] = [[]];
  for (let count = 1; count <= size; count++) {
    last = last.flatMap((one) => {
      const next: number[][] = [];
      for (let j = (one.at(-1) ?? -1) + 1; j < features; j++) next.push([...one, j]);
      return next;
    });
    found = [...found, ...last];
  }
  return found;
}

/** The optimum, by trying all supports. */
export function enumerated(tasks: readonly Task[], question: Question): number {
  const sums = tasks.map(sumsOf), subsets = subsetsOf(sums[0].l.length, question.support);
  if (question.commonSupport) {
    return Math.min(...subsets.map((one) => objectiveOn(sums, tasks.map(() => one), question)));
  }
  // Without shared values the losses are those of the tasks alone.
  const apart = !question.valueSharing;
  const losses = sums.map((own) => subsets.map((one) => objectiveOn([own], [one], { ...question, supportSharing: 0 })));
  let best = Infinity;
  const visit = (chosen: number[]): void => {
    if (chosen.length < tasks.length) return void subsets.forEach((_, at) => visit([...chosen, at]));
    const supports = chosen.map((at) => subsets[at]);
    if (!apart) return void (best = Math.min(best, objectiveOn(sums, supports, question)));
    const { supportSharing = 0 } = question;
    let objective = chosen.reduce((sum, at, k) => sum + losses[k][at], 0);
    for (let j = 0; j < sums[0].l.length; j++) {
      let having = 0;
      for (const support of supports) if (support.includes(j)) having++;
      objective += supportSharing / 2 * having * (tasks.length - having) / tasks.length;
    }
    best = Math.min(best, objective);
  };
  visit([]);
  return best;
}
