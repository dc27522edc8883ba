/** Edges that are decided before any search. @module */

import { OptionError } from "../core/errors.ts";

/** Two vertices. */
export type Edge = readonly [number, number];

/** What is decided of edges; ends in either order. */
export interface EdgeRules {
  /** Required edges, the lower end first, each once. */
  readonly required: readonly Edge[];
  /** Forbidden edges, in the same way. */
  readonly forbidden: readonly Edge[];
  isRequired(i: number, j: number): boolean;
  isForbidden(i: number, j: number): boolean;
}

/**
 * Checks the edges that a caller has decided.
 *
 * @throws {OptionError} for one that is no pair of different variables, and for one that is both required and forbidden
 */
export function createEdgeRules(required: readonly Edge[], forbidden: readonly Edge[], vertices: number): EdgeRules {
  const place = (i: number, j: number) => Math.min(i, j) * vertices + Math.max(i, j);
  const placesOf = (name: string, edges: readonly Edge[]) =>
    new Set(edges.map(([i, j], at) => {
      if (i < vertices && j < vertices && i !== j) return place(i, j);
      throw new OptionError(
        name,
        `Cannot use "${name}": expected pairs of different variables from 0 to ${
          vertices - 1
        }, received [${i}, ${j}] at ${at}.`,
      );
    }));
  const kept = placesOf("required", required), left = placesOf("forbidden", forbidden);
  const endsOf = (edge: number): Edge => [Math.floor(edge / vertices), edge % vertices];
  const both = Array.from(kept).find((edge) => left.has(edge));
  if (both !== undefined) {
    throw new OptionError(
      "forbidden",
      `Cannot use "forbidden": the edge [${endsOf(both).join(", ")}] is required, too.`,
    );
  }
  return {
    required: Array.from(kept, endsOf),
    forbidden: Array.from(left, endsOf),
    isRequired: kept.size === 0 ? () => false : (i, j) => kept.has(place(i, j)),
    isForbidden: left.size === 0 ? () => false : (i, j) => left.has(place(i, j)),
  };
}
