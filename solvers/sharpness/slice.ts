/** Slices of a loss surface. @module */

import { type Matrix, matrix } from "../core/matrix.ts";
import type { LossSurface } from "./loss_surface.ts";

/** The loss around some parameters in a plane. */
export interface LossSlice {
  /** Distances from the parameters along each of the two directions, rising. */
  readonly distances: Float64Array;
  /**
   * The loss there: columns along the sharpest direction, rows along the second [distances, distances]; a single row,
   * through the parameters, where there is one direction. NaN where the time was up.
   */
  readonly losses: Matrix;
}

/** Losses in the plane of one or two orthonormal directions; the first and the last are compared with plain sums. */
export async function sliceOf(
  surface: LossSurface,
  [across, along]: readonly Float64Array[],
  { slicePoints: points, sliceReach: reach }: { slicePoints: number; sliceReach: number },
  pause: () => Promise<boolean>,
): Promise<LossSlice> {
  const distances = Float64Array.from(
    { length: points },
    (_, i) => points === 1 ? 0 : reach * (2 * i / (points - 1) - 1),
  );
  const rows = along ? points : 1, losses = matrix(rows, points), w = new Float64Array(surface.point.length);
  losses.data.fill(NaN);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < points; column++) {
      if (await pause()) return { distances, losses };
      for (let k = 0; k < w.length; k++) {
        w[k] = surface.point[k] + distances[column] * across[k] + (along ? distances[row] * along[k] : 0);
      }
      const at = row * points + column, loss = losses.data[at] = await surface.loss(w);
      if (at === 0 || at === losses.data.length - 1) await surface.certifyLoss(w, loss);
    }
  }
  return { distances, losses };
}
