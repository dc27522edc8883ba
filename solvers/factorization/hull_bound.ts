/** How near sparse archetypes can be to the hull of the samples at all: a convex bound (Behdin & Mazumder 2024, section 4). @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import type { Pause } from "../core/run.ts";
import { plainDot } from "../core/plain_sums.ts";
import type { Hull } from "./hull.ts";
import { elementsOf, factorIn, type Products } from "./products.ts";

/** Steps at most, steps between two looks at the bound, and the share by which it may be less than the relaxation's value. */
const mostSteps = 1000, stepsTogether = 10, enough = 1e-4;

/** Share of the bound that the rounding of its squares may make. */
const rounding = 1e-10;

/** The part of the hull block that the bound needs. */
type Lengths = Pick<Hull, "largest">;

/**
 * A lower bound on `||H - V X||^2` for all archetypes `H >= 0` with `nonzeros` entries and all `V` whose rows are on the
 * simplex. Given their support, the best entries are those of `V X`, so that `h_j` is between 0 and `M_j = max_i x_ij`, and
 * `sum_j h_j / M_j` counts entries from below. The relaxation that keeps this alone is convex, hence no larger with all rows
 * alike than with rows that differ:
 *
 *     rank min_{v on the simplex, h} ||h - v X||^2,   0 <= h <= M,   sum_j h_j / M_j <= nonzeros / rank
 *
 * Its minimum over `h` is `h_j = max(0, u_j - theta / M_j)` for `u = v X`; over `v` it is descended by accelerated projected
 * gradients. Every residual `r = u - h` gives a bound, by the cut that it is the gradient of:
 *
 *     min ||h - v X||^2 >= (min_i x_i . r - max_h r . h)_+^2 / ||r||^2
 *
 * whose maximum over `h` takes the largest `r_j M_j`. That is summed in plain f64, so that no kernel can raise it.
 *
 * O(samples features) a step.
 */
export async function archetypalBound(
  workspace: Workspace,
  products: Products,
  hull: Lengths,
  { rank, nonzeros }: { readonly rank: number; readonly nonzeros: number },
  pause: Pause,
): Promise<number> {
  const { rows, columns, dtype } = products, budget = nonzeros / rank;
  if (!(nonzeros < rank * columns)) return 0;
  const most = await columnMaxima(products, pause);
  // The sample of the least sum is a point of the hull, at no distance where the budget has room for it.
  const line = new Float64Array(columns), sums = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    products.addRow(line.fill(0), 1, i);
    for (let j = 0; j < columns; j++) if (most[j] > 0) sums[i] += line[j] / most[j];
    if (i % 64 === 63) await pause();
  }
  const first = sums.reduce((best, sum, i) => sum < sums[best] ? i : best, 0);
  if (sums[first] <= budget) return 0;

  const operand = (label: string, width: number) => factorIn(workspace, dtype, 1, width, label);
  const v = operand("hull weights of the bound", rows), u = operand("point of the bound", columns);
  const r = operand("residual of the bound", columns), slopes = operand("slopes of the bound", rows);
  const [point, image, residual, slope] = [v, u, r, slopes].map((one) => elementsOf(workspace, one));
  const at = new Float64Array(rows), before = new Float64Array(rows), own = new Float64Array(columns);
  at[first] = before[first] = 1;
  let number = 1, bestBound = 0, value = Infinity;
  const bestResidual = new Float64Array(columns);
  for (let step = 0; step < mostSteps; step++) {
    const next = (1 + Math.sqrt(1 + 4 * number * number)) / 2, beta = (number - 1) / next;
    for (let i = 0; i < rows; i++) point[i] = at[i] + beta * (at[i] - before[i]);
    await products.times(v, u);
    own.set(image);
    const square = overBudget(own, most, budget);
    residual.set(own);
    await products.timesTransposed(r, slopes);
    const bound = cutBound(own, Float64Array.from(slope), most, budget);
    if (bound > bestBound) {
      bestBound = bound;
      bestResidual.set(own);
    }
    // The value at an extrapolated point is no upper bound, but near one where steps are short.
    if (square > value) number = 1;
    else number = next;
    value = square;
    if (step % stepsTogether === 0) {
      if (value - bestBound <= enough * value) break;
      if (await pause()) break;
    }
    if (!(hull.largest > 0)) break;
    for (let i = 0; i < rows; i++) point[i] -= slope[i] / hull.largest;
    await workspace.host.kernels.projectSimplex({ x: v });
    before.set(at);
    at.set(point);
  }
  // The cut of the best residual, by sums that are not the kernels'.
  const dots = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    products.addRow(line.fill(0), 1, i);
    dots[i] = plainDot(line, bestResidual);
    if (i % 64 === 63) await pause();
  }
  return (1 - rounding) * rank * cutBound(bestResidual, dots, most, budget);
}

async function columnMaxima({ rows, columns, addRow }: Products, pause: Pause): Promise<Float64Array> {
  const most = new Float64Array(columns), line = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    addRow(line.fill(0), 1, i);
    for (let j = 0; j < columns; j++) most[j] = Math.max(most[j], line[j]);
    if (i % 64 === 63) await pause();
  }
  return most;
}

/**
 * Leaves of a point what the budget has no room for, `min(u_j, theta / M_j)`, and returns its square. With
 * `s_j = u_j M_j`, entries of `s_j > theta` keep `(s_j - theta) / M_j^2`, and `theta` is where these sum to the budget.
 */
function overBudget(point: Float64Array, most: Float64Array, budget: number): number {
  const order = Array.from(point.keys()).filter((j) => most[j] > 0 && point[j] > 0);
  order.sort((a, b) => point[b] * most[b] - point[a] * most[a]);
  let sum = 0, weights = 0, theta = 0;
  for (const [i, j] of order.entries()) {
    sum += point[j] / most[j];
    weights += 1 / (most[j] * most[j]);
    theta = Math.max(0, (sum - budget) / weights);
    const next = order[i + 1];
    if (next === undefined || theta >= point[next] * most[next]) break;
  }
  let square = 0;
  for (let j = 0; j < point.length; j++) {
    point[j] = most[j] > 0 ? Math.max(0, Math.min(point[j], theta / most[j])) : 0;
    square += point[j] * point[j];
  }
  return square;
}

/** The bound that a residual gives, with its products with the samples. */
function cutBound(residual: Float64Array, dots: Float64Array, most: Float64Array, budget: number): number {
  const gains = residual.map((value, j) => value * most[j]).sort();
  let left = budget, held = 0, square = 0;
  for (let i = gains.length - 1; i >= 0 && left > 0; i--, left--) held += Math.min(1, left) * gains[i];
  for (const value of residual) square += value * value;
  // Both are sums of numbers >= 0: what rounding may make of each is a share of it.
  const share = Number.EPSILON * (residual.length + 8);
  const least = dots.reduce((a, b) => Math.min(a, b), Infinity) * (1 - share) - held * (1 + share);
  return least > 0 && square > 0 ? least * least / square : 0;
}
