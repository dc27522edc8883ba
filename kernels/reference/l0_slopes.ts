import type {
  GraphSlopesArguments,
  GraphSwapsArguments,
  L0Penalty,
  PairedSlopesArguments,
  ScaledConjugatesArguments,
  SteepEntriesArguments,
} from "../spec.ts";
import { nodeStatus } from "../spec/l0_nodes.ts";
import { relaxedConjugate } from "../spec/perspective.ts";
import { neighboursOf } from "./l0_neighbours.ts";
import { hostView, matrixView, vectorView } from "./operands.ts";

/** Slopes along the edges of some vertices, each a sum over the neighbours of both ends. */
export function graphSlopes(operands: GraphSlopesArguments): void {
  const { first, from = 0 } = operands;
  const slopes = matrixView(operands.slopes),
    gram = matrixView(operands.gram),
    diagonal = vectorView(operands.diagonal);
  const eachNeighbour = neighboursOf(operands);
  const product = (i: number, j: number) => {
    let sum = diagonal[i] * gram.values[j * gram.stride + i];
    eachNeighbour(i, (k, value) => sum += value * gram.values[j * gram.stride + k]);
    return sum;
  };
  for (let row = 0; row < slopes.rows; row++) {
    const i = first + row;
    for (let j = from; j < diagonal.length; j++) {
      slopes.values[row * slopes.stride + j] = 2 * (product(i, j) / diagonal[i] + product(j, i) / diagonal[j]);
    }
  }
}

/** Slopes from products. */
export function pairedSlopes(operands: PairedSlopesArguments): void {
  const { first, from = 0, transposed } = operands;
  const slopes = matrixView(operands.slopes), p = matrixView(operands.products), q = matrixView(operands.mirrored);
  const diagonal = vectorView(operands.diagonal);
  for (let i = 0; i < slopes.rows; i++) {
    for (let j = 0; j < slopes.columns; j++) {
      const mirrored = q.values[transposed ? j * q.stride + i : i * q.stride + j];
      const product = p.values[i * p.stride + j];
      slopes.values[i * slopes.stride + j] = 2 * product / diagonal[first + i] + 2 * mirrored / diagonal[from + j];
    }
  }
}

/** The steep entries of each row, moved to its front. */
export function steepEntries(operands: SteepEntriesArguments): void {
  const { values, stride, rows, columns: size } = matrixView(operands.slopes);
  const limits = vectorView(operands.limits), columns = hostView(operands.columns), counts = hostView(operands.counts);
  for (let i = 0; i < rows; i++) {
    let count = 0;
    for (let j = operands.first + i + 1; j < size; j++) {
      const slope = values[i * stride + j];
      if (!(Math.abs(slope) > limits[i])) continue;
      columns[i * size + count] = j;
      values[i * stride + count++] = slope;
    }
    counts[i] = count;
  }
}

/** Conjugates at several multiples of the slopes, summed row by row. */
export function scaledConjugates(operands: ScaledConjugatesArguments): void {
  const { first, penalty } = operands;
  const slopes = matrixView(operands.slopes), sums = matrixView(operands.sums);
  const statuses = hostView(operands.statuses), scales = vectorView(operands.scales);
  const steepest = vectorView(operands.steepest);
  for (let row = 0; row < slopes.rows; row++) {
    const i = first + row, edges = i * slopes.columns - i * (i + 1) / 2 - i - 1;
    sums.values.fill(0, row * sums.stride, row * sums.stride + scales.length);
    steepest[row] = 0;
    for (let j = i + 1; j < slopes.columns; j++) {
      const magnitude = Math.abs(slopes.values[row * slopes.stride + j]);
      if (!(magnitude > penalty.threshold) || statuses[edges + j] !== nodeStatus.free) continue;
      steepest[row] = Math.max(steepest[row], magnitude);
      for (let k = 0; k < scales.length; k++) {
        sums.values[row * sums.stride + k] += relaxedConjugate(scales[k] * magnitude, penalty);
      }
    }
  }
}

/** Decrease of `curvature x^2 / 2 - slope x` net of the penalty, at the best `x` within the bound. */
function gainOf(curvature: number, slope: number, { lambda0, lambda2, bound }: L0Penalty): number {
  const x = Math.min(Math.abs(slope) / (curvature + 2 * lambda2), bound);
  return Math.abs(slope) * x - (curvature / 2 + lambda2) * x * x - lambda0;
}

/** The best swap of every edge at some vertices, by trying all. */
export function graphSwaps(operands: GraphSwapsArguments): void {
  const { first, penalty, rowsFrom } = operands;
  const slopes = matrixView(operands.slopes), gram = matrixView(operands.gram);
  const starts = hostView(operands.starts), incident = hostView(operands.incident);
  const neighbours = hostView(operands.neighbours),
    rows = hostView(operands.rows),
    targets = hostView(operands.targets);
  const values = vectorView(operands.values), diagonal = vectorView(operands.diagonal);
  const variances = vectorView(operands.variances);
  const gains = vectorView(operands.gains), along = vectorView(operands.along);
  const curvature = (i: number, j: number) => 2 * (variances[j] / diagonal[i] + variances[i] / diagonal[j]);
  for (let row = 0; row < slopes.rows; row++) {
    const i = first + row;
    const around = neighbours.subarray(starts[i], starts[i + 1]);
    for (let at = starts[i]; at < starts[i + 1]; at++) {
      const j = neighbours[at], value = values[incident[at]];
      const slopeAt = (k: number) => slopes.values[row * slopes.stride + k];
      const least = gainOf(curvature(i, j), curvature(i, j) * value - slopeAt(j), penalty);
      let best = least + 1e-9;
      gains[at] = along[at] = targets[at] = 0;
      for (let k = 0; k < diagonal.length; k++) {
        if (k === i || around.includes(k)) continue;
        const slope = slopeAt(k) - 2 * value / diagonal[i] * gram.values[rows[at - rowsFrom] * gram.stride + k];
        const gain = gainOf(curvature(i, k), slope, penalty);
        if (!(gain > best)) continue;
        best = gain;
        gains[at] = best - least;
        targets[at] = k;
        along[at] = slope;
      }
    }
  }
}
