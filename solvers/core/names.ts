/** The nearest of `names` to what was given, or nothing where none is near. */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  // Nobody misspells a word into so long a one.
  if (given.length > 100) return undefined;
  const limit = Math.max(1, Math.floor(given.length / 3));
  const [nearest] = names
    .map((name) => ({ name, distance: name.startsWith(given) ? 0 : editDistance(given, name) }))
    // A word of which nothing is left is another word.
    .filter(({ distance }) => distance <= limit && distance < given.length)
    .sort((a, b) => a.distance - b.distance);
  return nearest?.name;
}

/** Whether a name is what a pattern says, in which `*` stands for any part; as much work as both are long. */
export function fitsPattern(pattern: string, name: string): boolean {
  const [first, ...others] = pattern.split("*"), last = others.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  // What stands between is found where it comes first, which leaves most to the rest.
  let at = first.length;
  for (const part of others) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
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

/** A remark of a solver, which knows columns by their numbers from 0, with their names. */
export function withNames(remark: string, names: readonly string[]): string {
  return remark.replace(
    /(Columns? )([\d, ]+)/i,
    (_, word, places: string) => word + places.replace(/\d+/g, (place) => names[Number(place)] ?? place),
  );
}
