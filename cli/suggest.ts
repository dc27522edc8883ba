import { nearestName } from "../solvers/core/names.ts";

/** " Did you mean ...?" with the nearest of `names`, or nothing when none is near. */
export function suggest(given: string, names: readonly string[], prefix = ""): string {
  const nearest = nearestName(given, names);
  return nearest === undefined ? "" : ` Did you mean ${prefix}${nearest}?`;
}

/** What there is instead of a name that is not there: the first five of `names`, and the nearest. */
export function available(given: string, names: readonly string[]): string {
  const some = names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
  return `; there are ${some || "none"}.${suggest(given, names)}`;
}
