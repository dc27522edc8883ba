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

/** What fits of one problem at several penalties share: solutions of the separate tasks and of the common support. */
export type Known = Map<string, Features>;

/** Elements of a search from all features at most. */
const mostBackward = 1 << 22;

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
  const everything = Array.from({ length: features }, (_, j) => j);
  const backward = features * features * features <= mostBackward;
  const best: { supports: Supports; value: number }[] = [];

  /** The best of several searches for each of some problems, kept by name. */
  async function solve(wanted: ReadonlyMap<string, readonly FitRequest[]>): Promise<void> {
    const missing = [...wanted].filter(([name]) => !known.has(name));
    const requests = missing.flatMap(([, list]) => list), found = await problem.search(requests, limits);
    let at = 0;
    for (const [name, list] of missing) {
      let least = Infinity;
      for (const request of list) {
        const supports = found[at++], value = rankingOf(supports, request.penalties, sets[request.data]);
        if (value < least || !known.has(name)) known.set(name, supports.features);
        least = Math.min(least, value);
      }
    }
  }

  const starts = (penalties: Penalties, data: number, ...more: Features[]): FitRequest[] =>
    [
      ...(backward && penalties.support < features ? [nothing.map(() => everything)] : []),
      nothing,
      ...more,
    ].map((start) => ({ data, penalties, start }));

  const separate = new Map<string, FitRequest[]>();
  for (const { data, penalties, warm } of points) {
    const { support, ridge } = penalties;
    // Alone, a task has the penalties that it has where the others agree with nothing.
    const alone = { ...penalties, valueSharing: 0, supportSharing: 0, common: false };
    separate.set(`separate ${data} ${support} ${ridge}`, starts(alone, data, ...(warm ? [warm] : [])));
  }
  await solve(separate);
  // The more their values agree, the more tasks are one.
  const sharing = tasks > 1 ? points.filter(({ penalties }) => penalties.valueSharing > 0) : [];
  if (sharing.length > 0) {
    const pooled = await problem.pooled(), wanted = new Map<string, FitRequest>();
    for (const { data, penalties } of sharing) {
      const { support, ridge } = penalties, name = `pooled ${data} ${support} ${ridge}`;
      const together = { ...penalties, ridge: ridge * tasks, valueSharing: 0, supportSharing: 0, common: false };
      if (!known.has(name)) wanted.set(name, { data, penalties: together, start: [[]] });
    }
    const found = await pooled.search([...wanted.values()], limits);
    [...wanted.keys()].forEach((name, at) => known.set(name, same(found[at].features[0])));
  }
  const common = new Map<string, FitRequest[]>();
  for (const { data, penalties, warm } of points) {
    const { support, ridge, valueSharing } = penalties, name = `${data} ${support} ${ridge}`;
    if (tasks === 1) continue;
    const votes = mostFrequent([known.get(`separate ${name}`)!], support);
    common.set(
      `common ${name} ${valueSharing}`,
      starts(
        { ...penalties, common: true },
        data,
        same(votes),
        ...poolOf(name),
        ...(warm ? [same(mostFrequent([warm], support))] : []),
      ),
    );
  }
  await solve(common);

  const requests: (FitRequest & { point: number })[] = [];
  points.forEach(({ data, penalties, warm }, point) => {
    const { support, ridge, valueSharing, supportSharing } = penalties, name = `${data} ${support} ${ridge}`;
    const from = tasks > 1 ? known.get(`common ${name} ${valueSharing}`)! : undefined;
    if (penalties.common && from) return void requests.push({ data, penalties, start: from, point });
    requests.push({ data, penalties, start: known.get(`separate ${name}`)!, point });
    if (tasks === 1) return;
    requests.push({ data, penalties, start: from!, point });
    if (valueSharing > 0) { for (const start of poolOf(name)) requests.push({ data, penalties, start, point }); }
    if (warm) requests.push({ data, penalties, start: warm, point });
    if (valueSharing > 0 || supportSharing > 0) requests.push({ data, penalties, start: nothing, point });
  });
  const distinct = requests.filter((one, at) => requests.findIndex((other) => sameStart(one, other)) === at);
  const found = await problem.search(distinct, limits);
  distinct.forEach(({ data, penalties, point }, at) => {
    const value = rankingOf(found[at], penalties, sets[data]);
    if (!best[point] || value < best[point].value) best[point] = { supports: found[at], value };
  });
  return best.map(({ supports }) => supports);

  function poolOf(name: string): Features[] {
    const found = known.get(`pooled ${name}`);
    return found ? [found] : [];
  }

  function same(support: readonly number[]): Features {
    return nothing.map(() => support);
  }
}

/** The features that most supports have; of equally many the first. */
function mostFrequent(supports: readonly Features[], count: number): number[] {
  const counts = new Map<number, number>();
  for (const feature of supports.flat(2)) counts.set(feature, (counts.get(feature) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, count).map(([feature]) => feature);
}

function sameStart(a: FitRequest & { point: number }, b: FitRequest & { point: number }): boolean {
  if (a.point !== b.point) return false;
  return a.start.every((one, k) =>
    one.length === b.start[k].length && one.every((feature) => b.start[k].includes(feature))
  );
}
