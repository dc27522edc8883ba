/** Groups of the variables of a graph, as many as there are colours for. @module */

/** The group of what is in none, and of the rarest. */
export const otherGroup = "other";

/** Colours that a picture has for groups. */
const mostGroups = 8;

/**
 * The groups themselves where there are colours for all; else the most frequent ones, and the others as
 * {@linkcode otherGroup}.
 *
 * @param groups The group of each variable.
 */
export function fewGroups(groups: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const group of groups) counts.set(group, (counts.get(group) ?? 0) + 1);
  if (counts.size <= mostGroups) return [...groups];
  const kept = new Set(
    [...counts].filter(([group]) => group !== otherGroup).sort(([, a], [, b]) => b - a)
      .slice(0, mostGroups - 1).map(([group]) => group),
  );
  return groups.map((group) => kept.has(group) ? group : otherGroup);
}
