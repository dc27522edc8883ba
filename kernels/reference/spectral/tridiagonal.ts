import type {
  RotateRowsArguments,
  TridiagonalBasisArguments,
  TridiagonalizeArguments,
  TridiagonalQlArguments,
} from "../../contract.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";
import { rotate } from "./rotation.ts";

/** Householder's reduction (1958), full storage. */
export function tridiagonalize({ a, diagonal, offDiagonal, factors, begin, end }: TridiagonalizeArguments): void {
  const { values, stride, rows } = matrixView(a);
  const d = vectorView(diagonal), e = vectorView(offDiagonal), f = vectorView(factors);
  for (let j = begin; j < end; j++) {
    const first = j + 1, v = values.subarray(j * stride + first, j * stride + rows), size = v.length;
    d[j] = values[j * stride + j];
    e[j] = f[j] = 0;
    if (size === 0) continue;
    let tail = 0;
    for (let k = 1; k < size; k++) tail += v[k] * v[k];
    const head = v[0];
    e[j] = head;
    if (tail === 0) continue;
    const norm = Math.sqrt(head * head + tail);
    e[j] = head > 0 ? -norm : norm;
    v[0] = head - e[j];
    const factor = f[j] = 1 / (norm * (norm + Math.abs(head)));
    const w = new Float64Array(size);
    let inner = 0;
    for (let i = 0; i < size; i++) {
      const row = (first + i) * stride + first;
      let sum = 0;
      for (let k = 0; k < size; k++) sum += values[row + k] * v[k];
      w[i] = factor * sum;
      inner += w[i] * v[i];
    }
    for (let i = 0; i < size; i++) w[i] -= factor / 2 * inner * v[i];
    for (let i = 0; i < size; i++) {
      const row = (first + i) * stride + first;
      for (let k = 0; k < size; k++) values[row + k] -= v[i] * w[k] + w[i] * v[k];
    }
  }
}

/** Row `i` of the transpose: the unit vector, reflected by `H_(i-1)`, ..., `H_0`. */
export function tridiagonalBasis({ a, factors, vectors, begin, end }: TridiagonalBasisArguments): void {
  const { values, stride, rows } = matrixView(a), target = matrixView(vectors), f = vectorView(factors);
  for (let i = begin; i < end; i++) {
    const row = target.values.subarray(i * target.stride, i * target.stride + rows);
    row.fill(0);
    row[i] = 1;
    for (let j = i - 1; j >= 0; j--) {
      if (f[j] === 0) continue;
      let sum = 0;
      for (let k = j + 1; k < rows; k++) sum += row[k] * values[j * stride + k];
      for (let k = j + 1; k < rows; k++) row[k] -= f[j] * sum * values[j * stride + k];
    }
  }
}

/** Most sweeps for one eigenvalue; two are usual. */
const mostSweeps = 60;

/** Sweeps after which what is small beside the whole matrix is small enough, as rounding of its reduction is. */
const patientSweeps = 20;

/** QL with Wilkinson's shift (Dubrulle, Martin & Wilkinson 1968). */
export function tridiagonalQl({ diagonal, offDiagonal, state, places, rotations }: TridiagonalQlArguments): number {
  const d = vectorView(diagonal), e = vectorView(offDiagonal), n = d.length;
  const where = hostView(places), turns = hostView(rotations), memory = hostView(state);
  let count = 0, low = memory[0], sweeps = memory[1], largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, Math.abs(d[i]));
  while (low < n) {
    const least = sweeps < patientSweeps ? 0 : Number.EPSILON * largest;
    let high = low;
    while (
      high < n - 1 &&
      Math.abs(e[high]) > Math.max(least, Number.EPSILON * (Math.abs(d[high]) + Math.abs(d[high + 1])))
    ) high++;
    if (high === low) {
      low++;
      sweeps = 0;
      continue;
    }
    if (where.length - count < high - low) break;
    if (sweeps++ === mostSweeps) return -1;
    let g = (d[low + 1] - d[low]) / (2 * e[low]), r = Math.sqrt(g * g + 1);
    g = d[high] - d[low] + e[low] / (g + (g < 0 ? -r : r));
    let s = 1, c = 1, p = 0, i = high - 1;
    for (; i >= low; i--) {
      const f = s * e[i], b = c * e[i];
      r = Math.sqrt(f * f + g * g);
      e[i + 1] = r;
      if (r === 0) {
        // The block falls apart here.
        d[i + 1] -= p;
        e[high] = 0;
        break;
      }
      s = f / r;
      c = g / r;
      g = d[i + 1] - p;
      r = (d[i] - g) * s + 2 * c * b;
      p = s * r;
      d[i + 1] = g + p;
      g = c * r - b;
      where[count] = i;
      turns[2 * count] = c;
      turns[2 * count + 1] = s;
      count++;
    }
    if (i >= low) continue;
    d[low] -= p;
    e[low] = g;
    e[high] = 0;
  }
  memory[0] = low;
  memory[1] = sweeps;
  return count;
}

/** Rotation by rotation. */
export function rotateRows({ vectors, places, rotations, count }: RotateRowsArguments): void {
  const { values, stride, columns } = matrixView(vectors), where = hostView(places), turns = hostView(rotations);
  for (let k = 0; k < count; k++) {
    rotate(values, where[k] * stride, (where[k] + 1) * stride, columns, turns[2 * k], turns[2 * k + 1]);
  }
}
