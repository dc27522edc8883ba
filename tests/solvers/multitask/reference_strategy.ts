/** The strategy of the authors' package, as its source has it: what a search should never be worse than. */

import { objectiveOn, type Question, sumsOf, type Task } from "./instances.ts";

/**
 * Iterative hard thresholding from a warm start of at most three times as many features and no shared penalty, always with
 * as many features as there may be; then, task by task, the best swap of one feature for another whose coefficient alone is
 * fitted, while one improves. The coefficients of the answer are fitted again, which the package does not do.
 */
export function referenceStrategy(tasks: readonly Task[], question: Question): number {
  const { support: size, ridge, valueSharing = 0, supportSharing = 0 } = question;
  const sums = tasks.map(sumsOf), count = tasks.length, features = sums[0].l.length;
  const eigen = Math.max(
    ...sums.map(({ G }) => Math.max(...G.map((row) => row.reduce((sum, v) => sum + Math.abs(v), 0)))),
  );
  const B = sums.map(() => new Array<number>(features).fill(0));
  const iterate = (most: number, value: number, sharing: number, steps: number) => {
    const L = eigen + ridge + value;
    for (let step = 0; step < steps; step++) {
      const means = B[0].map((_, j) => B.reduce((sum, b) => sum + b[j], 0) / count);
      const shares = B[0].map((_, j) => B.filter((b) => b[j] !== 0).length / count);
      B.forEach((b, k) => {
        const target = b.map((own, j) => {
          const gradient = sums[k].G[j].reduce((sum, g, i) => sum + g * b[i], -sums[k].l[j]);
          return own - 0.5 / L * (gradient + ridge * own + value * (own - means[j]));
        });
        const score = target.map((t, j) => t * t + sharing / L * (shares[j] ** 2 - (1 - shares[j]) ** 2));
        const kept = score.map((_, j) => j).sort((a, c) => score[c] - score[a]).slice(0, most);
        b.forEach((_, j) => b[j] = kept.includes(j) ? target[j] : 0);
      });
    }
  };
  iterate(Math.min(features, 3 * size), 0, 0, 300);
  iterate(size, valueSharing, supportSharing, 500);
  const valueOf = () => {
    let value = 0;
    B.forEach((b, k) => {
      const { G, l, half } = sums[k];
      value += half;
      b.forEach((own, j) =>
        value += own * (G[j].reduce((sum, g, i) => sum + g * b[i], 0) / 2 - l[j]) + ridge / 2 * own * own
      );
    });
    for (let j = 0; j < features; j++) {
      const mean = B.reduce((sum, b) => sum + b[j], 0) / count, having = B.filter((b) => b[j] !== 0).length;
      value += valueSharing / 2 * B.reduce((sum, b) => sum + (b[j] - mean) ** 2, 0);
      value += supportSharing / 2 * having * (count - having) / count;
    }
    return value;
  };
  for (let round = 0; round < 50; round++) {
    let improved = false;
    B.forEach((b, k) => {
      const before = valueOf();
      let best = before - 1e-12, swap: [number, number, number] | undefined;
      for (let out = 0; out < features; out++) {
        if (b[out] === 0) continue;
        for (let into = 0; into < features; into++) {
          if (b[into] !== 0) continue;
          const kept = b[out];
          b[out] = 0;
          const others = B.reduce((sum, o, m) => sum + (m === k ? 0 : o[into]), 0);
          const derivative = sums[k].l[into] - sums[k].G[into].reduce((sum, g, i) => sum + g * b[i], 0);
          const curvature = sums[k].G[into][into] + ridge + valueSharing * (1 - 1 / count);
          b[into] = (derivative + valueSharing * others / count) / curvature;
          const value = valueOf();
          if (value < best) {
            best = value;
            swap = [out, into, b[into]];
          }
          b[into] = 0;
          b[out] = kept;
        }
      }
      if (!swap) return;
      b[swap[0]] = 0;
      b[swap[1]] = swap[2];
      improved = true;
    });
    if (!improved) break;
  }
  return objectiveOn(sums, B.map((b) => b.flatMap((own, j) => own !== 0 ? [j] : [])), question);
}
