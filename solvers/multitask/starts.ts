/** Where searches begin, and the best of what they find. @module */

import { type Penalties, rankingOf, type Supports } from "./objective.ts";
import type { FitRequest, MultiTaskProblem, SearchLimits } from "./problem.ts";

type Features = readonly (readonly number[])[];

/** A fit that is looked for. */
export interface Point {
  /** Number of the data set. */
  readonly data: number;
  readonly penalties: Penalties;
  /** Supports to begin from beside the others: those of a fit before. */
  readonly warm?: Features;
}

/** What fits of one problem at several penalties share. */
export interface Known {
  /** Solutions of separate tasks, of common supports and of pooled samples, by their penalties. */
  readonly solutions: Map<string, Features>;
  /** The latest of each kind, by data set. */
  readonly latest: Map<string, Features>;
  /** Searches that have begun with nothing, which is once for each number of features. */
  readonly begun: Set<string>;
}

/** Nothing yet. */
export const nothingKnown = (): Known => ({ solutions: new Map(), latest: new Map(), begun: new Set() });

/**
 * Multiply-adds of a look at a task, and at all of them for a common support, from which searches do not begin with all
 * features: some 100 ms, and there is no checkpoint within one.
 */
const mostBackward = { task: 1 << 22, common: 1 << 25 };

/**
 * The best supports that local search reaches: from the tasks by themselves, from their best common support, from nothing,
 * and from the supports of a fit before. Prices of supports that differ are concave in the number of tasks that have a
 * feature, so that tasks change together; a search from one side alone gets stuck. Small problems are also searched
 * backward, from all features.
 */
export async function searchFromStarts(
  problem: MultiTaskProblem,
  points: readonly Point[],
  known: Known,
  limits: SearchLimits,
): Promise<Supports[]> {
  const { tasks, features, sets } = problem, nothing = Array.from({ length: tasks }, (): number[] => []);
  if (await limits.run.checkpoint({ stage: "moves", fraction: 0, iteration: limits.moves })) {
    limits.ended = "time-limit";
  }
  if (limits.ended) return points.map(unsearched);
  const everything = Array.from({ length: features }, (_, j) => j);
  const look = features ** 3;
  const best: { supports: Supports; value: number }[] = [];

  interface Wanted {
    readonly kind: string;
    readonly requests: readonly FitRequest[];
  }

  /** The best of several searches for each of some problems, kept by name. */
  async function solve(wanted: ReadonlyMap<string, Wanted>): Promise<void> {
    const all = [...wanted.values()].flatMap(({ requests }) => requests), found = await problem.search(all, limits);
    let at = 0;
    for (const [name, { kind, requests }] of wanted) {
      let least = Infinity;
      for (const request of requests) {
        const supports = found[at++], value = rankingOf(supports, request.penalties, sets[request.data]);
        if (value < least || !known.solutions.has(name)) {
          known.solutions.set(name, supports.features);
          known.latest.set(kind, supports.features);
        }
        least = Math.min(least, value);
      }
    }
  }

  /** A search of some kind: from the latest of its kind, and from nothing and from all where it is the first of its size. */
  function wantedOf(kind: string, penalties: Penalties, data: number, ...more: Features[]): Wanted {
    const own = `${kind} ${data}`, latest = known.latest.get(own), from = [...(latest ? [latest] : []), ...more];
    const first = isFirst(`${own} ${penalties.support}`);
    // Several that are searched for at once have no latest before them.
    if (first || from.length === 0) from.push(nothing);
    const goesBack = look <= mostBackward.task && (!penalties.common || tasks * look <= mostBackward.common);
    if (first && goesBack && penalties.support < features) from.push(nothing.map(() => everything));
    return { kind: own, requests: from.map((start) => ({ data, penalties, start })) };
  }

  function isFirst(name: string): boolean {
    const first = !known.begun.has(name);
    known.begun.add(name);
    return first;
  }

  const solutionOf = (name: string) => known.solutions.get(name)!;
  const separate = new Map<string, Wanted>();
  for (const { data, penalties } of points) {
    const name = `separate ${data} ${penalties.support} ${penalties.ridge}`;
    // Alone, a task has the penalties that it has where the others agree with nothing.
    const alone = { ...penalties, valueSharing: 0, supportSharing: 0, common: false };
    if (!known.solutions.has(name)) separate.set(name, wantedOf("separate", alone, data));
  }
  await solve(separate);
  // The more their values agree, the more tasks are one.
  const sharing = tasks > 1 ? points.filter(({ penalties }) => penalties.valueSharing > 0) : [];
  if (sharing.length > 0) {
    const pooled = await problem.pooled(), wanted = new Map<string, FitRequest>();
    for (const { data, penalties } of sharing) {
      const { support, ridge } = penalties, name = `pooled ${data} ${support} ${ridge}`;
      const together = { ...penalties, ridge: ridge * tasks, valueSharing: 0, supportSharing: 0, common: false };
      if (!known.solutions.has(name)) wanted.set(name, { data, penalties: together, start: [[]] });
    }
    const found = await pooled.search([...wanted.values()], limits);
    [...wanted.keys()].forEach((name, at) => known.solutions.set(name, same(found[at].features[0])));
  }
  const common = new Map<string, Wanted>();
  for (const { data, penalties } of points) {
    const { support, ridge, valueSharing } = penalties, name = `${data} ${support} ${ridge}`;
    const key = `common ${name} ${valueSharing}`;
    if (tasks === 1 || known.solutions.has(key)) continue;
    const votes = mostFrequent(solutionOf(`separate ${name}`), support);
    common.set(key, wantedOf("common", { ...penalties, common: true }, data, same(votes), ...poolOf(name)));
  }
  await solve(common);

  const requests: (FitRequest & { point: number })[] = [];
  points.forEach(({ data, penalties, warm }, point) => {
    const { support, ridge, valueSharing, supportSharing } = penalties, name = `${data} ${support} ${ridge}`;
    const add = (...starts: Features[]) => {
      for (const start of starts) requests.push({ data, penalties, start, point });
    };
    const agreed = known.solutions.get(`common ${name} ${valueSharing}`);
    if (penalties.common && agreed) return add(agreed);
    add(solutionOf(`separate ${name}`), ...(warm ? [warm] : []));
    if (agreed) add(agreed);
    if (valueSharing > 0 && isFirst(`pooled ${name} ${valueSharing}`)) add(...poolOf(name));
    if (valueSharing + supportSharing > 0 && isFirst(`cold ${data} ${support}`)) add(nothing);
  });
  const distinct = requests.filter((one, at) => requests.findIndex((other) => sameStart(one, other)) === at);
  const found = await problem.search(distinct, limits);
  distinct.forEach(({ data, penalties, point }, at) => {
    const value = rankingOf(found[at], penalties, sets[data]);
    if (!best[point] || value < best[point].value) best[point] = { supports: found[at], value };
  });
  return best.map(({ supports }) => supports);

  function poolOf(name: string): Features[] {
    const found = known.solutions.get(`pooled ${name}`);
    return found ? [found] : [];
  }

  function same(support: readonly number[]): Features {
    return nothing.map(() => support);
  }

  /** What is known of a point before any search. */
  function unsearched({ warm = nothing, penalties: { support, common } }: Point): Supports {
    const own = warm.map((_, k) => warm[common ? 0 : k].slice(0, support));
    return { features: own, values: own.map(({ length }) => new Float64Array(length)) };
  }
}

/** The features that most supports have; of equally many the first. */
function mostFrequent(supports: Features, count: number): number[] {
  const counts = new Map<number, number>();
  for (const feature of supports.flat()) counts.set(feature, (counts.get(feature) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, count).map(([feature]) => feature);
}

function sameStart(a: FitRequest & { point: number }, b: FitRequest & { point: number }): boolean {
  if (a.point !== b.point) return false;
  return a.start.every((one, k) =>
    one.length === b.start[k].length && one.every((feature) => b.start[k].includes(feature))
  );
}
