import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { graphDesign, type GraphPattern, regressionDesign } from "../../bench/designs.ts";
import { normal } from "../../bench/data.ts";
import { extremeEigenvalues, inverseOf } from "../../bench/linear_algebra.ts";
import { edgesOf } from "../../bench/recovery.ts";

const size = 24;
const patterns: readonly GraphPattern[] = [
  { kind: "uniform", degree: 3 },
  { kind: "banded", bandwidth: 2 },
  { kind: "random", degree: 3 },
  { kind: "hub", groupSize: 6 },
  { kind: "cluster", groupSize: 6, share: 0.5 },
  { kind: "scale-free" },
  { kind: "toeplitz", correlation: 0.6 },
  { kind: "constant", correlation: 0.3 },
  { kind: "independent" },
];
const truthOf = (pattern: GraphPattern, variables = size, samples = 1) =>
  graphDesign(pattern, samples, variables, 7).precision;
const pairsOf = (precision: Float64Array) =>
  [...edgesOf(precision, size)].map((edge) => [Math.floor(edge / size), edge % size] as const);

describe("graph designs", () => {
  for (const pattern of patterns) {
    it(`${pattern.kind}: symmetric, positive definite, with the largest variance 1`, () => {
      const precision = truthOf(pattern);
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < i; j++) assert.equal(precision[i * size + j], precision[j * size + i]);
      }
      const covariance = inverseOf(precision, size);
      const variances = Array.from({ length: size }, (_, i) => covariance[i * (size + 1)]);
      assert.ok(Math.abs(Math.max(...variances) - 1) < 1e-9, `${Math.max(...variances)}`);
    });

    it(`${pattern.kind}: samples have the covariance of the truth`, () => {
      const count = 20_000, variables = 6;
      const { samples, precision } = graphDesign(pattern, count, variables, 3);
      const covariance = inverseOf(precision, variables);
      for (let i = 0; i < variables; i++) {
        for (let j = 0; j <= i; j++) {
          let sum = 0;
          for (let k = 0; k < count; k++) sum += samples.data[k * variables + i] * samples.data[k * variables + j];
          // Five standard errors: an entry's is at most sqrt(2 / count) for variances up to 1.
          assert.ok(Math.abs(sum / count - covariance[i * variables + j]) < 5 * Math.sqrt(2 / count));
        }
      }
    });
  }

  it("uniform and banded have condition number 2", () => {
    for (const pattern of patterns.slice(0, 2)) {
      const [least, most] = extremeEigenvalues(truthOf(pattern), size, normal(1));
      assert.ok(Math.abs(most / least - 2) < 1e-3, `${pattern.kind}: ${most / least}`);
    }
  });

  it("banded joins neighbours up to the bandwidth, with halving entries", () => {
    const precision = truthOf({ kind: "banded", bandwidth: 2 });
    assert.ok(pairsOf(precision).every(([i, j]) => j - i <= 2));
    assert.equal(edgesOf(precision, size).size, size - 1 + size - 2);
    assert.ok(Math.abs(precision[1] / precision[2] - 2) < 1e-12);
  });

  it("hub joins each variable to the first of its group alone", () => {
    const pairs = pairsOf(truthOf({ kind: "hub", groupSize: 6 }));
    assert.equal(pairs.length, size - size / 6);
    assert.ok(pairs.every(([i, j]) => i % 6 === 0 && Math.floor(j / 6) === i / 6));
  });

  it("cluster joins nothing between groups, and inside by its share", () => {
    const pairs = pairsOf(truthOf({ kind: "cluster", groupSize: 6, share: 0.5 }));
    assert.ok(pairs.every(([i, j]) => Math.floor(i / 6) === Math.floor(j / 6)));
    assert.ok(pairs.length > 15 && pairs.length < 45, `${pairs.length} of 60`);
  });

  it("scale-free is a tree with hubs", () => {
    const pairs = pairsOf(truthOf({ kind: "scale-free" }));
    assert.equal(pairs.length, size - 1);
    const reached = new Set([0]);
    for (let pass = 0; pass < size; pass++) {
      for (const [i, j] of pairs) if (reached.has(i) || reached.has(j)) reached.add(i).add(j);
    }
    assert.equal(reached.size, size);
    const degrees = new Uint32Array(size);
    for (const ends of pairs) for (const end of ends) degrees[end]++;
    assert.ok(Math.max(...degrees) >= 4, `${degrees}`);
  });

  it("toeplitz and constant have the covariances that they are named after", () => {
    const chain = inverseOf(truthOf({ kind: "toeplitz", correlation: 0.6 }), size);
    const equal = inverseOf(truthOf({ kind: "constant", correlation: 0.3 }), size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        assert.ok(Math.abs(chain[i * size + j] - 0.6 ** Math.abs(i - j)) < 1e-9);
        assert.ok(Math.abs(equal[i * size + j] - (i === j ? 1 : 0.3)) < 1e-9);
      }
    }
    assert.equal(edgesOf(truthOf({ kind: "toeplitz", correlation: 0.6 }), size).size, size - 1);
  });
});

describe("regression designs", () => {
  const samples = 20_000, features = 8;
  for (const kind of ["exponential", "constant"] as const) {
    const design = regressionDesign(samples, features, {
      nonzeros: 2,
      correlation: 0.5,
      kind,
      signalToNoise: 4,
      seed: 2,
    });
    const { X, y, coefficients } = design;
    const inner = (a: (i: number) => number, b: (i: number) => number) => {
      let sum = 0;
      for (let i = 0; i < samples; i++) sum += a(i) * b(i);
      return sum;
    };
    const column = (j: number) => (i: number) => X.data[i * features + j];

    it(`${kind}: unit columns with the correlations of the name`, () => {
      for (let j = 0; j < features; j++) {
        for (let k = 0; k < features; k++) {
          const expected = j === k ? 1 : kind === "constant" ? 0.5 : 0.5 ** Math.abs(j - k);
          assert.ok(Math.abs(inner(column(j), column(k)) - expected) < 5 / Math.sqrt(samples));
        }
      }
    });

    it(`${kind}: the signal explains its share`, () => {
      assert.equal(coefficients.filter((value) => value !== 0).length, 2);
      const signal = (i: number) => coefficients.reduce((sum, value, j) => sum + value * column(j)(i), 0);
      const noise = (i: number) => y[i] - signal(i);
      assert.ok(Math.abs(inner((i) => y[i], (i) => y[i]) - 1) < 1e-9);
      assert.ok(Math.abs(inner(signal, signal) / inner(noise, noise) - 4) < 0.2);
    });
  }
});
