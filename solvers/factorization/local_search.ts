/** Exchanges of entries of the archetypes, where a descent has come to rest (Behdin & Mazumder 2024, Algorithm 3). @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import type { Pause, Run } from "../core/run.ts";
import type { ArchetypalTerms, Blocks, Factors } from "./blocks.ts";
import type { DescentEnd } from "./descent.ts";
import { elementsOf } from "./products.ts";

/** Archetypes of so few entries are searched through: every exchange is tried, with a descent after it. */
const mostThorough = 24;

/** Entries that may leave, and that may enter, in a round of a larger search. */
const candidates = 6;

/** Most rounds, each of which has found something better. */
const mostRounds = 50;

/** What a search by exchanges needs of the solve that it is part of. */
export interface SwapSearch {
  readonly run: Run;
  /** Takes the objectives of what is found. */
  readonly trace: number[];
  /** Descends from where the blocks are. */
  readonly descend: () => Promise<DescentEnd>;
  /** Steps of the weights and hull weights after an exchange. */
  readonly steps: number;
  /** Gains below are rounding. */
  readonly rounding: number;
}

/** An entry of the archetypes. */
interface Entry {
  readonly row: number;
  readonly column: number;
}

/**
 * Exchanges one of the smallest entries for a zero that the objective wants most, fits both again with the weights, and
 * descends from there; keeps what is better. Where the budget is not used up, entries are added only. The result is never
 * worse than where it began.
 */
export async function improveBySwaps(
  workspace: Workspace,
  blocks: Blocks,
  terms: ArchetypalTerms,
  start: DescentEnd,
  search: SwapSearch,
): Promise<DescentEnd> {
  const { products, rank } = blocks, size = rank * products.columns;
  if (terms.nonzeros >= size || terms.lambda === Infinity || terms.nonzeros === 0) return start;
  const thorough = size <= mostThorough;
  let best = start, kept = blocks.copy(), bestExchanged = start.objective;
  for (let round = 0; round < mostRounds; round++) {
    const { leaving, entering } = await rankEntries(workspace, blocks, terms, thorough ? size : candidates);
    const free = size - countZeros(kept.archetypes) < terms.nonzeros;
    let better: Factors | undefined;
    bestExchanged = best.objective;
    for (const [out, into] of pairsOf(free ? [undefined] : leaving, entering)) {
      const state = { stage: "local search", fraction: 0, iteration: search.trace.length, objective: best.objective };
      const pause = () => search.run.checkpoint(state);
      if (await pause()) {
        await blocks.restore(better ?? kept);
        return { status: "time-limit", objective: bestExchanged };
      }
      await exchange(workspace, blocks, terms, out, into, search.steps, pause);
      let objective = await blocks.objective(terms);
      if (thorough) objective = (await search.descend()).objective;
      if (objective < bestExchanged - search.rounding) {
        bestExchanged = objective;
        better = blocks.copy();
        if (!thorough) break;
      }
      await blocks.restore(kept);
    }
    if (!better) break;
    await blocks.restore(better);
    const end = await search.descend();
    best = end.objective <= bestExchanged ? end : { ...end, objective: bestExchanged };
    if (end.objective > bestExchanged) await blocks.restore(better);
    kept = blocks.copy();
    search.trace.push(best.objective);
    if (end.status === "time-limit") return best;
  }
  await blocks.restore(kept);
  return best;
}

/** The smallest entries (35), and the zeros whose partial derivatives are most negative (36). */
async function rankEntries(
  workspace: Workspace,
  blocks: Blocks,
  { lambda }: ArchetypalTerms,
  count: number,
): Promise<{ leaving: Entry[]; entering: Entry[] }> {
  const { products, rank, archetypes, weightGram } = blocks, { columns } = products;
  const H = elementsOf(workspace, archetypes), linear = await blocks.linear(lambda);
  const present: { entry: Entry; key: number }[] = [], absent: { entry: Entry; key: number }[] = [];
  for (let row = 0; row < rank; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      if (H[at] > 0) {
        insert(present, { entry: { row, column }, key: H[at] }, count);
        continue;
      }
      let slope = -linear[at];
      for (let s = 0; s < rank; s++) slope += weightGram[row * rank + s] * H[s * columns + column];
      insert(absent, { entry: { row, column }, key: slope }, count);
    }
  }
  return { leaving: present.map(({ entry }) => entry), entering: absent.map(({ entry }) => entry) };
}

/** Keeps the entries of the smallest keys, ascending. */
function insert<T extends { readonly key: number }>(list: T[], item: T, count: number): void {
  if (list.length === count && !(item.key < list[count - 1].key)) return;
  let at = list.length;
  while (at > 0 && item.key < list[at - 1].key) at--;
  list.splice(at, 0, item);
  if (list.length > count) list.pop();
}

function* pairsOf<A, B>(first: readonly A[], second: readonly B[]): Generator<[A, B]> {
  for (const b of second) for (const a of first) yield [a, b];
}

/**
 * Removes an entry, and fits another (34) in turn with the weights and hull weights (32, 33). What a change of one entry
 * does to the inner products is of rank one.
 */
async function exchange(
  workspace: Workspace,
  blocks: Blocks,
  { lambda, nonzeros }: ArchetypalTerms,
  out: Entry | undefined,
  into: Entry,
  steps: number,
  pause: Pause,
): Promise<void> {
  const { products, rank, archetypes, weights, hull, weightGram } = blocks, { columns, rows } = products;
  const H = elementsOf(workspace, archetypes), column = products.column(into.column);
  if (out) setEntry(workspace, blocks, out, 0, products.column(out.column));
  for (let turn = 0; turn < 2; turn++) {
    const W = elementsOf(workspace, weights), V = elementsOf(workspace, hull.point);
    let linear = 0, curvature = lambda, others = 0;
    for (let i = 0; i < rows; i++) {
      const w = W[into.row * rows + i];
      linear += (w + lambda * V[into.row * rows + i]) * column[i];
      curvature += w * w;
    }
    for (let s = 0; s < rank; s++) {
      if (s !== into.row) others += weightGram[into.row * rank + s] * H[s * columns + into.column];
    }
    setEntry(workspace, blocks, into, curvature > 0 ? Math.max(0, (linear - others) / curvature) : 0, column);
    await blocks.fitWeights(steps);
    if (lambda > 0) await hull.descend(blocks.inner, steps, pause);
    await blocks.objective({ lambda, nonzeros });
  }
}

/** Sets an entry of the archetypes; their products with the data and with one another follow. */
function setEntry(
  workspace: Workspace,
  { products, rank, archetypes, inner, archetypeGram }: Blocks,
  { row, column }: Entry,
  value: number,
  samples: Float64Array,
): void {
  const { columns, rows } = products, H = elementsOf(workspace, archetypes), P = elementsOf(workspace, inner);
  const at = row * columns + column, old = H[at];
  H[at] = value;
  const change = H[at] - old;
  for (let i = 0; i < rows; i++) P[row * rows + i] += change * samples[i];
  for (let s = 0; s < rank; s++) {
    const product = change * (s === row ? H[at] + old : H[s * columns + column]);
    archetypeGram[row * rank + s] += product;
    if (s !== row) archetypeGram[s * rank + row] += product;
  }
}

function countZeros(values: ArrayLike<number>): number {
  let count = 0;
  for (let at = 0; at < values.length; at++) if (values[at] === 0) count++;
  return count;
}
