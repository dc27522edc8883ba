/** States of quantisation for the conformance grid. */

import type { Workspace } from "../../../kernels/engine/mod.ts";
import type { FloatDtype, QuantizationState } from "../../../kernels/contract.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { elements, matrixOf, viewOf } from "../operands.ts";

/** Shape of a state; groups take turns from column to column, as a permutation of the columns leaves them. */
export interface Shape {
  readonly rows: number;
  readonly columns: number;
  /** @default 1 */
  readonly groups?: number;
  /** Columns whose coupling is zero. */
  readonly dead?: readonly number[];
  /** Elements between rows. @default 0 */
  readonly gap?: number;
}

/** Shapes below every tile: empty ones, a single element, several groups, gaps between rows. */
export const smallShapes: readonly Shape[] = [
  { rows: 0, columns: 3 },
  { rows: 3, columns: 0 },
  { rows: 1, columns: 1 },
  { rows: 2, columns: 3, groups: 2 },
  { rows: 4, columns: 4, gap: 1 },
  { rows: 5, columns: 7, groups: 3, gap: 2 },
];

/** More than what one column adds to any element of the residual of a {@linkcode gramState} in a few passes. */
export const stepMagnitude = 64;

function columnGroupsOf(workspace: Workspace, { columns, groups = 1 }: Shape) {
  if (groups === 1) return undefined;
  const array = workspace.allocate("u32", columns, "column groups");
  workspace.write(array, Array.from({ length: columns }, (_, j) => j % groups));
  return array;
}

/**
 * A state of few-bit binary fractions, on which both precisions compute without rounding, and targets often lie half
 * way between two levels.
 */
export function dyadicState(
  workspace: Workspace,
  dtype: FloatDtype,
  shape: Shape,
  triangular = false,
): QuantizationState {
  const { rows, columns, groups = 1, dead = [], gap = 0 } = shape;
  const random = createRandom(rows + 31 * columns);
  const coupling = matrixOf(workspace, dtype, columns, columns, () => (random.integer(5) - 2) / 8, gap);
  const values = viewOf(coupling), { offset = 0, stride = columns } = coupling;
  for (let j = 0; j < columns; j++) {
    for (let k = 0; k < columns; k++) {
      const at = offset + j * stride + k;
      if (j === k) values[at] = 1;
      if (dead.includes(j) || dead.includes(k) || triangular && k < j) values[at] = 0;
    }
  }
  return {
    levels: matrixOf(workspace, dtype, rows, columns, () => random.integer(4) - 1, gap),
    residual: matrixOf(workspace, dtype, rows, columns, () => (random.integer(33) - 16) / 8, 2 * gap),
    coupling,
    scales: matrixOf(workspace, dtype, rows, groups, () => 2 ** (random.integer(3) - 1), gap),
    zeros: matrixOf(workspace, dtype, rows, groups, () => 1 + random.integer(4), gap),
    columnGroups: columnGroupsOf(workspace, shape),
    maximumCode: 7,
  };
}

/** A layer at its start, `What = W`, with correlated inputs; `weights` and `gram` are exact for the state's dtype. */
export function gramState(
  workspace: Workspace,
  dtype: FloatDtype,
  shape: Shape,
): { state: QuantizationState; weights: number[]; gram: number[] } {
  const { rows, columns, groups = 1, dead = [], gap = 0 } = shape;
  const random = createRandom(7 + rows + 31 * columns);
  const gram = gramOf(columns, dead, random.normal);
  let next = 0;
  const coupling = matrixOf(workspace, dtype, columns, columns, () => {
    const k = next++ - 1, row = Math.floor(k / (columns + gap)), column = k % (columns + gap);
    return k < 0 || column >= columns ? NaN : gram[row * columns + column] / (gram[column * (columns + 1)] || 1);
  }, gap);
  const levels = matrixOf(workspace, dtype, rows, columns, () => 1.5 * random.normal(), gap);
  const scales = matrixOf(workspace, dtype, rows, groups, () => Math.fround(0.5 + random.uniform()), gap);
  const zeros = matrixOf(workspace, dtype, rows, groups, () => 3 + random.integer(2), gap);
  const residual = matrixOf(workspace, dtype, rows, columns, () => 0, gap);
  const state = {
    levels,
    residual,
    coupling,
    scales,
    zeros,
    columnGroups: columnGroupsOf(workspace, shape),
    maximumCode: 7,
  };
  const start = elements(levels), scale = elements(scales);
  const weights = start.map((level, k) => level * scale[Math.floor(k / columns) * groups + k % columns % groups]);
  return { state, weights, gram };
}

/** Gram matrix of correlated features; rows and columns of dead ones are zero. */
function gramOf(columns: number, dead: readonly number[], normal: () => number): number[] {
  const samples = 2 * columns;
  const inputs = Array.from({ length: samples }, () => {
    const common = normal();
    return Array.from({ length: columns }, (_, j) => dead.includes(j) ? 0 : normal() + 0.5 * common);
  });
  const gram = new Array<number>(columns * columns).fill(0);
  for (const x of inputs) {
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < columns; k++) gram[j * columns + k] += x[j] * x[k] / samples;
    }
  }
  return gram;
}
