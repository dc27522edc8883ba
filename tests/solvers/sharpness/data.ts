/** Data of the tests of sharpness. */

import { type Classifier, createRandom, type Matrix, matrix } from "../../../mod.ts";

/** Arms of a spiral, one a class: no line tells them apart. */
export function spirals(count: number, classes: number, seed: number, dtype: "f32" | "f64" = "f64"): {
  X: Matrix;
  labels: Uint32Array;
} {
  const random = createRandom(seed), labels = Uint32Array.from({ length: count }, (_, i) => i % classes);
  const data = dtype === "f32" ? new Float32Array(2 * count) : new Float64Array(2 * count);
  labels.forEach((label, i) => {
    const radius = 3 * random.uniform(), angle = radius + 2 * Math.PI * label / classes;
    data[2 * i] = radius * Math.cos(angle) + 0.1 * random.normal();
    data[2 * i + 1] = radius * Math.sin(angle) + 0.1 * random.normal();
  });
  return { X: matrix(count, 2, data), labels };
}

/** Images [size, size, 1] of a bright row or column at a random place, in noise: classes 0 and 1. */
export function bars(count: number, size: number, seed: number): { X: Matrix; labels: Uint32Array } {
  const random = createRandom(seed), labels = Uint32Array.from({ length: count }, (_, i) => i % 2);
  const X = matrix(count, size * size, Float32Array.from({ length: count * size * size }, () => 0.5 * random.normal()));
  labels.forEach((label, i) => {
    const place = random.integer(size);
    for (let k = 0; k < size; k++) X.data[i * size * size + (label ? k * size + place : place * size + k)] += 1.5;
  });
  return { X, labels };
}

/** Eigenvalues of a symmetric matrix from the largest down, by Jacobi's rotations. */
export function eigenvaluesOf(matrix: readonly (readonly number[])[]): number[] {
  const n = matrix.length, A = matrix.map((row) => [...row]);
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        off += A[p][q] ** 2;
        if (A[p][q] === 0) continue;
        const theta = (A[q][q] - A[p][p]) / (2 * A[p][q]);
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1)), c = 1 / Math.hypot(t, 1), s = t * c;
        for (let k = 0; k < n; k++) [A[k][p], A[k][q]] = [c * A[k][p] - s * A[k][q], s * A[k][p] + c * A[k][q]];
        for (let k = 0; k < n; k++) [A[p][k], A[q][k]] = [c * A[p][k] - s * A[q][k], s * A[p][k] + c * A[q][k]];
      }
    }
    if (off < 1e-28) break;
  }
  return A.map((row, i) => row[i]).sort((a, b) => b - a);
}

/** Mean cross-entropy by plain sums of a perceptron of one hidden layer of tanh. */
export function meanCrossEntropy(
  { model, tensors }: Pick<Classifier, "model" | "tensors">,
  { X, labels }: { X: Matrix; labels: Uint32Array },
): number {
  const { network: { hidden: [hidden], outputs }, scaling } = model, [rows, features] = X.shape, named = tensors();
  const data = (name: string) => named.get(`layers.${name}`)!.data;
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    const a = Float64Array.from({ length: hidden }, (_, h) => {
      let z = data("0.bias")[h];
      for (let j = 0; j < features; j++) {
        const x = (X.data[i * features + j] - scaling.means[j]) / scaling.scales[j];
        z += x * data("0.weight")[j * hidden + h];
      }
      return Math.tanh(z);
    });
    const z = Array.from(
      { length: outputs },
      (_, c) => a.reduce((total, value, h) => total + value * data("1.weight")[outputs * h + c], data("1.bias")[c]),
    );
    sum += Math.log(z.reduce((total, value) => total + Math.exp(value - z[labels[i]]), 0));
  }
  return sum / rows;
}
