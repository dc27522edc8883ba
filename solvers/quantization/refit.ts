import type { DeviceArray, FloatDtype } from "../../kernels/contract.ts";
import { likeVector } from "../core/matrix.ts";
import { columnRanges, ranges } from "./blocking.ts";
import type { Grid } from "./grid.ts";
import type { Rows } from "./stage.ts";

/** Elements of a buffer on the host. */
const bufferElements = 2 ** 18;

/** Two buffers for a block of rows, [rows, columns]. */
export interface RefitBuffers {
  readonly directions: DeviceArray<FloatDtype>;
  readonly products: DeviceArray<FloatDtype>;
}

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
 * Complexity: one dense pass.
 *
 * @param grid what is fitted: its scales of these rows change, here and where the kernels run
 */
export async function refitScales(rows: Rows, grid: Grid, { directions, products }: RefitBuffers): Promise<void> {
  const { stage: { problem, workspace, arrays, dtype }, state, begin, end, place } = rows;
  const { columns, diagonal, groups, groupIndex, meter } = problem, { coupling } = state;
  const { levels, residual } = arrays, count = end - begin, scales = grid.scales.data;
  const steps = new Float64Array(count * groups), gains = new Float64Array(count);
  const curvatures = new Float64Array(groups);
  const chunk = Math.max(1, Math.floor(bufferElements / columns)), size = Math.min(chunk, count) * columns;
  const [one, other] = [0, 1].map(() => dtype === "f32" ? new Float32Array(size) : new Float64Array(size));
  const groupOf = groupIndex ?? new Uint32Array(columns);

  for (const [from, to] of ranges(count, chunk)) {
    const length = (to - from) * columns, at = from * columns;
    const whole = await workspace.read(levels, place + at, length, one);
    const left = await workspace.read(residual, place + at, length, other);
    for (let i = from, row = 0; i < to; i++, row += columns) {
      const step = steps.subarray(i * groups, (i + 1) * groups);
      curvatures.fill(0);
      for (let j = 0; j < columns; j++) {
        const weighted = whole[row + j] * diagonal[j];
        step[groupOf[j]] += weighted * left[row + j];
        curvatures[groupOf[j]] += weighted * whole[row + j];
      }
      for (let group = 0; group < groups; group++) {
        const derivative = step[group];
        step[group] = curvatures[group] > 0 ? derivative / curvatures[group] : 0;
        gains[i] += derivative * step[group];
      }
      for (let j = 0; j < columns; j++) whole[row + j] *= step[groupOf[j]];
    }
    workspace.write(directions, whole, at);
  }
  const a = { array: directions, rows: count, columns }, c = { array: products, rows: count, columns };
  for (const [from, to] of columnRanges(problem, count)) {
    await meter.checkpoint("refit");
    const part = { columns: to - from, stride: columns };
    await workspace.kernels.gemm({ a, b: { ...coupling, ...part, offset: from }, c: { ...c, ...part, offset: from } });
  }
  meter.spend(1, count);

  const next = likeVector(scales, groups);
  for (const [from, to] of ranges(count, chunk)) {
    const length = (to - from) * columns, at = from * columns;
    const direction = await workspace.read(directions, at, length, one);
    const moved = await workspace.read(products, at, length, other);
    const lengths = new Float64Array(to - from);
    for (let i = from, row = 0; i < to; i++, row += columns) {
      let curvature = 0;
      for (let j = 0; j < columns; j++) curvature += direction[row + j] * diagonal[j] * moved[row + j];
      const ofRow = scales.subarray((begin + i) * groups, (begin + i + 1) * groups), along = gains[i] / curvature;
      if (!(along > 0 && along < Infinity)) continue;
      for (let group = 0; group < groups; group++) next[group] = ofRow[group] + along * steps[i * groups + group];
      if (!next.every((scale) => scale > 0 && scale < Infinity)) continue;
      ofRow.set(next);
      lengths[i - from] = along;
    }
    const left = await workspace.read(residual, place + at, length, one);
    for (let at = 0; at < length; at++) left[at] -= lengths[Math.floor(at / columns)] * moved[at];
    workspace.write(residual, left, place + at);
  }
  workspace.write(arrays.scales, scales.subarray(begin * groups, end * groups), state.scales.offset ?? 0);
}
