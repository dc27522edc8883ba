/** Samples as the first archetypes. @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import type { Random } from "../core/random.ts";
import type { Pause } from "../core/run.ts";
import type { ArchetypeStart } from "./options.ts";
import { elementsOf, factorIn, type Products } from "./products.ts";

/** Share of the largest squared distance below which what is left of a sample is rounding. */
const roundingShare = 1e-12;

/** Times that furthest-sum chooses its first samples again. */
const revisions = 10;

/** Inner products of the samples with one of them. */
export type GramColumn = (sample: number) => Promise<Float64Array>;

/** Columns of the Gram matrix of the samples, each computed once. */
export function gramColumns(workspace: Workspace, products: Products): GramColumn {
  const { rows, columns, dtype } = products, known = new Map<number, Float64Array>();
  const sample = factorIn(workspace, dtype, 1, columns, "sample");
  const image = factorIn(workspace, dtype, 1, rows, "inner products");
  return async (index) => {
    const column = known.get(index);
    if (column) return column;
    const line = new Float64Array(columns);
    products.addRow(line, 1, index);
    elementsOf(workspace, sample).set(line);
    await products.timesTransposed(sample, image);
    const computed = Float64Array.from(elementsOf(workspace, image));
    known.set(index, computed);
    return computed;
  };
}

/**
 * `rank` different samples, chosen by the rule of a start; drawn once the time is up. O(rank) products of the data with a
 * vector.
 */
export async function chooseSamples(
  start: ArchetypeStart,
  rank: number,
  products: Products,
  column: GramColumn,
  random: Random,
  pause: Pause,
): Promise<number[]> {
  const { rows, rowSquares } = products;
  if (start === "random") return complete([], rank, rows, random);
  if (start === "furthest-sum") return await furthestSum(rank, products, column, random, pause);
  // What is left of each sample off the span of the chosen: a pivoted Cholesky factorisation of their Gram matrix.
  const first = indexOfLargest(rowSquares);
  const origin = start === "affine" ? await column(first) : undefined;
  const left = rowSquares.map((square, i) => origin ? square - 2 * origin[i] + rowSquares[first] : square);
  const chosen = start === "affine" ? [first] : [];
  const basis: Float64Array[] = [], most = left.reduce((a, b) => Math.max(a, b), 0);
  const floor = Math.max(roundingShare, 64 * products.unit) * most;
  while (chosen.length < rank) {
    for (const i of chosen) left[i] = 0;
    const pivot = indexOfLargest(left);
    if (!(left[pivot] > floor)) break;
    const own = await column(pivot), root = Math.sqrt(left[pivot]);
    const direction = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      let value = origin ? own[i] - origin[i] - origin[pivot] + rowSquares[first] : own[i];
      for (const earlier of basis) value -= earlier[i] * earlier[pivot];
      direction[i] = value / root;
    }
    for (let i = 0; i < rows; i++) left[i] -= direction[i] * direction[i];
    basis.push(direction);
    chosen.push(pivot);
    if (await pause()) break;
  }
  return complete(chosen, rank, rows, random);
}

/** Each next sample has the largest sum of distances to the chosen; the first ones are chosen again at the end. */
async function furthestSum(
  rank: number,
  products: Products,
  column: GramColumn,
  random: Random,
  pause: Pause,
): Promise<number[]> {
  const { rows, rowSquares } = products, sums = new Float64Array(rows), chosen: number[] = [];
  const add = async (sample: number, sign: number) => {
    const own = await column(sample);
    for (let i = 0; i < rows; i++) {
      sums[i] += sign * Math.sqrt(Math.max(0, rowSquares[i] - 2 * own[i] + rowSquares[sample]));
    }
  };
  const next = () => {
    let best = -1;
    for (let i = 0; i < rows; i++) if (!chosen.includes(i) && (best < 0 || sums[i] > sums[best])) best = i;
    return best;
  };
  chosen.push(random.integer(rows));
  await add(chosen[0], 1);
  for (let turn = 1; turn < rank + Math.min(revisions, rows); turn++) {
    if (chosen.length === rank) await add(chosen.shift()!, -1);
    const sample = next();
    if (sample < 0) break;
    chosen.push(sample);
    await add(sample, 1);
    if (await pause()) break;
  }
  return complete(chosen, rank, rows, random);
}

/** Fills up with samples that are drawn. */
function complete(chosen: number[], rank: number, rows: number, random: Random): number[] {
  const taken = new Set(chosen);
  while (chosen.length < rank) {
    let sample = random.integer(rows);
    while (taken.has(sample)) sample = (sample + 1) % rows;
    taken.add(sample);
    chosen.push(sample);
  }
  return chosen;
}

function indexOfLargest(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
