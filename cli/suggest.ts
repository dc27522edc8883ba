/** " Did you mean ...?" with the nearest of `names`, or nothing when none is near. */
export function suggest(given: string, names: readonly string[], prefix = ""): string {
  const limit = Math.max(1, Math.floor(given.length / 3));
  const [nearest] = names
    .map((name) => ({ name, distance: name.startsWith(given) ? 0 : editDistance(given, name) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return nearest ? ` Did you mean ${prefix}${nearest.name}?` : "";
}

/** Levenshtein's distance: insertions, deletions and replacements that turn one word into the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

/** What there is instead of a name that is not there: the first five of `names`, and the nearest. */
export function available(given: string, names: readonly string[]): string {
  const some = names.slice(0, 5).join(", ") + (names.length > 5 ? ", ..." : "");
  return `; there are ${some || "none"}.${suggest(given, names)}`;
}
