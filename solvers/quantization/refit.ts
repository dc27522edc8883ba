import type { DeviceArray, FloatDtype } from "../../kernels/contract.ts";
import type { Vector } from "../core/matrix.ts";
import { columnRanges, ranges } from "./blocking.ts";
import type { Grid } from "./grid.ts";
import { roundsScales, scaleRounding } from "./scale_precision.ts";
import type { Rows, Stage } from "./stage.ts";

/** Elements of a buffer on the host. */
const bufferElements = 2 ** 18;

/** Two buffers for a block of rows, [rows, columns], and two for some of its rows on the host. */
export interface RefitBuffers {
  readonly directions: DeviceArray<FloatDtype>;
  readonly products: DeviceArray<FloatDtype>;
  readonly chunks: readonly [Vector, Vector];
}

/** Buffers for some rows of a block on the host. */
export function openChunks({ problem: { columns }, dtype, blockRows }: Stage): readonly [Vector, Vector] {
  const size = Math.min(rowsOfChunk(columns), blockRows) * columns;
  return dtype === "f32"
    ? [new Float32Array(size), new Float32Array(size)]
    : [new Float64Array(size), new Float64Array(size)];
}

const rowsOfChunk = (columns: number) => Math.max(1, Math.floor(bufferElements / columns));

/**
 * Fits the scales of some rows to their levels `q`, zero points fixed: one step of least squares along the gradient,
 * divided by its curvatures, and exact along that line. With the residual `G`, and sums over the columns of a group,
 *
 *     d_g = sum_j q_j G_j Sigma_jj / sum_j q_j^2 Sigma_jj        D_j = d_g q_j        Y = D M
 *     s_g' = s_g + t d_g        G' = G - t Y        t = sum_j D_j G_j Sigma_jj / sum_j D_j Y_j Sigma_jj
 *
 * which is least squares itself where a row has one group, and never raises the objective of a row. Rows where a scale
 * would not stay positive stay as they are.
 *
 * Where scales are rounded, `s_g'` is rounded to `s_g''`, and `Y` computed afresh from `D_j = (s_g'' - s_g) q_j`: the row
 * takes this step where `sum_j D_j (Y_j - 2 G_j) Sigma_jj`, what it adds to the objective, is below 0.
 *
 * Complexity: one dense pass, two where scales are rounded.
 *
 * @param grid what is fitted: its scales of these rows change, here and where the kernels run
 */
export async function refitScales(rows: Rows, grid: Grid, buffers: RefitBuffers): Promise<void> {
  const { stage: { problem, workspace, arrays }, state, begin, end } = rows, { groups } = problem;
  const scales = grid.scales.data.subarray(begin * groups, end * groups), count = end - begin;
  const { steps, gains } = await stepsOf(rows, buffers);
  await placeDirections(rows, steps, buffers);
  let lengths = (await alongDirections(rows, buffers)).map(({ curvature }, i) => {
    const length = gains[i] / curvature;
    return length > 0 && length < Infinity ? length : 0;
  });
  const { scalePrecision } = problem.options, round = scaleRounding(scalePrecision), next = scales.slice();
  for (let i = 0; i < count; i++) {
    const row = next.subarray(i * groups, (i + 1) * groups);
    for (let at = i * groups; at < (i + 1) * groups; at++) {
      const scale = scales[at] + lengths[i] * steps[at];
      next[at] = scale > 0 ? round(scale) : 0;
    }
    if (row.every((scale) => scale > 0 && scale < Infinity)) continue;
    row.set(scales.subarray(i * groups, (i + 1) * groups));
    lengths[i] = 0;
  }
  if (roundsScales(scalePrecision, scales)) {
    await placeDirections(rows, Float64Array.from(next, (scale, at) => scale - scales[at]), buffers);
    lengths = (await alongDirections(rows, buffers)).map(({ curvature, slope }) => curvature < 2 * slope ? 1 : 0);
  }
  for (let at = 0; at < next.length; at++) if (lengths[Math.floor(at / groups)] > 0) scales[at] = next[at];
  await moveResidual(rows, lengths, buffers);
  workspace.write(arrays.scales, scales, state.scales.offset ?? 0);
}

/** The step of each scale [rows, groups], and its product with the gradient [rows]. */
async function stepsOf(rows: Rows, buffers: RefitBuffers): Promise<{ steps: Float64Array; gains: Float64Array }> {
  const { stage: { problem, workspace, arrays }, begin, end, place } = rows, { columns, diagonal, groups } = problem;
  const count = end - begin, groupOf = groupsOf(rows), curvatures = new Float64Array(groups);
  const steps = new Float64Array(count * groups), gains = new Float64Array(count);
  for (const { from, to, at, length, one, other } of chunksOf(rows, buffers)) {
    const levels = await workspace.read(arrays.levels, place + at, length, one);
    const residual = await workspace.read(arrays.residual, place + at, length, other);
    for (let i = from, row = 0; i < to; i++, row += columns) {
      const step = steps.subarray(i * groups, (i + 1) * groups);
      curvatures.fill(0);
      for (let j = 0; j < columns; j++) {
        const weighted = levels[row + j] * diagonal[j];
        step[groupOf[j]] += weighted * residual[row + j];
        curvatures[groupOf[j]] += weighted * levels[row + j];
      }
      for (let group = 0; group < groups; group++) {
        const derivative = step[group];
        step[group] = curvatures[group] > 0 ? derivative / curvatures[group] : 0;
        gains[i] += derivative * step[group];
      }
    }
  }
  return { steps, gains };
}

/** Computes the directions `D` of some steps of the scales, and their products with the coupling. */
async function placeDirections(rows: Rows, steps: Float64Array, buffers: RefitBuffers): Promise<void> {
  const { directions, products } = buffers;
  const { stage: { problem, workspace, arrays }, state: { coupling }, begin, end, place } = rows;
  const { columns, groups, meter } = problem, groupOf = groupsOf(rows), count = end - begin;
  for (const { from, to, at, length, one } of chunksOf(rows, buffers)) {
    const levels = await workspace.read(arrays.levels, place + at, length, one);
    for (let i = from, row = 0; i < to; i++, row += columns) {
      for (let j = 0; j < columns; j++) levels[row + j] *= steps[i * groups + groupOf[j]];
    }
    workspace.write(directions, levels, at);
  }
  const a = { array: directions, rows: count, columns }, c = { array: products, rows: count, columns };
  for (const [from, to] of columnRanges(problem, count)) {
    await meter.checkpoint("refit");
    const part = { columns: to - from, stride: columns };
    await workspace.kernels.gemm({ a, b: { ...coupling, ...part, offset: from }, c: { ...c, ...part, offset: from } });
  }
  meter.spend(1, count);
}

/** `sum_j D_j Y_j Sigma_jj` and `sum_j D_j G_j Sigma_jj` of each row. */
async function alongDirections(
  rows: Rows,
  buffers: RefitBuffers,
): Promise<{ curvature: number; slope: number }[]> {
  const { directions, products } = buffers;
  const { stage: { problem: { columns, diagonal }, workspace, arrays }, place } = rows;
  const found: { curvature: number; slope: number }[] = [];
  for (const { from, to, at, length, one, other } of chunksOf(rows, buffers)) {
    const sums = async (array: DeviceArray<FloatDtype>, begin: number) => {
      const factors = await workspace.read(array, begin + at, length, other);
      return Float64Array.from({ length: to - from }, (_, i) => {
        let sum = 0;
        for (let j = 0, row = i * columns; j < columns; j++) sum += direction[row + j] * diagonal[j] * factors[row + j];
        return sum;
      });
    };
    const direction = await workspace.read(directions, at, length, one);
    const curvatures = await sums(products, 0), slopes = await sums(arrays.residual, place);
    curvatures.forEach((curvature, i) => found.push({ curvature, slope: slopes[i] }));
  }
  return found;
}

/** `G' = G - t Y`. */
async function moveResidual(rows: Rows, lengths: readonly number[], buffers: RefitBuffers): Promise<void> {
  const { stage: { problem: { columns }, workspace, arrays }, place } = rows;
  for (const { from, at, length, one, other } of chunksOf(rows, buffers)) {
    const residual = await workspace.read(arrays.residual, place + at, length, one);
    const moved = await workspace.read(buffers.products, at, length, other);
    for (let i = from, k = 0; k < length; i++) {
      for (const end = k + columns; k < end; k++) residual[k] -= lengths[i] * moved[k];
    }
    workspace.write(arrays.residual, residual, place + at);
  }
}

/** Rows `[from, to)` of a block, the place of their first element in it, and buffers for their elements. */
interface Chunk {
  readonly from: number;
  readonly to: number;
  readonly at: number;
  readonly length: number;
  readonly one: Vector;
  readonly other: Vector;
}

/** The rows in chunks. */
function* chunksOf(
  { stage: { problem: { columns } }, begin, end }: Rows,
  { chunks: [one, other] }: RefitBuffers,
): Generator<Chunk> {
  for (const [from, to] of ranges(end - begin, rowsOfChunk(columns))) {
    yield { from, to, at: from * columns, length: (to - from) * columns, one, other };
  }
}

function groupsOf({ stage: { problem: { groupIndex, columns } } }: Rows): Uint32Array {
  return groupIndex ?? new Uint32Array(columns);
}
