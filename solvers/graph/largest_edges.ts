import { orderStatistic } from "../core/order_statistic.ts";

/** The edges of largest derivative among many. */
export interface LargestEdges {
  /** What an edge must exceed to be taken; rises as more than enough are found. */
  readonly limit: number;
  /** Takes an edge; edges come ascending. */
  add(edge: number, magnitude: number): void;
  /** Those edges, ascending. */
  finish(): { entering: Uint32Array; limit: number };
}

/** Keeps the `most` edges of largest magnitude above a limit; of equal ones, the first. O(1) an edge on average. */
export function createLargest(most: number, least: number): LargestEdges {
  let edges = new Uint32Array(1024), magnitude = new Float64Array(1024), count = 0, limit = least;

  /** Leaves the largest, and lets nothing in that would not be among them. */
  function thin(): void {
    limit = orderStatistic(magnitude.slice(0, count), count - most);
    let ties = most;
    for (let k = 0; k < count; k++) if (magnitude[k] > limit) ties--;
    let left = 0;
    for (let k = 0; k < count; k++) {
      if (magnitude[k] < limit || (magnitude[k] === limit && ties-- <= 0)) continue;
      edges[left] = edges[k];
      magnitude[left++] = magnitude[k];
    }
    count = left;
  }

  return {
    get limit() {
      return limit;
    },
    add(edge, size) {
      if (!(size > limit)) return;
      if (count === edges.length) {
        const longer = new Uint32Array(2 * count), along = new Float64Array(2 * count);
        longer.set(edges);
        along.set(magnitude);
        [edges, magnitude] = [longer, along];
      }
      edges[count] = edge;
      magnitude[count++] = size;
      if (count >= 2 * most) thin();
    },
    finish() {
      if (count > most) thin();
      return { entering: edges.slice(0, count), limit };
    },
  };
}
