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

/** Names of what the sentences of solvers number, by the word for one of them. */
export interface PlaceNames {
  readonly row?: readonly string[];
  readonly column?: readonly string[];
  readonly item?: readonly string[];
  readonly feature?: readonly string[];
  readonly label?: readonly string[];
}

/** `columns 0, 3 and 4`, but not the number in `and 4 more`. */
const numbered = /\b(row|column|item|feature|label)(s?) (\d+(?:(?:, | and )(?!\d+ more)\d+)*)/gi;

/**
 * A sentence of a solver, a remark or an error, for those who read it beside a file or a picture. Solvers number rows,
 * columns, items, features and labels from 0, as their arguments do; people read names, and numbers from 1 where there are
 * none.
 */
export function withNames(sentence: string, names: PlaceNames = {}): string {
  return sentence.replace(numbered, (_, word: string, plural: string, places: string) => {
    const kind = word.toLowerCase() as keyof PlaceNames, said = `${kind} `;
    const nameOf = (place: string) => {
      const name = names[kind]?.[Number(place)] ?? String(Number(place) + 1);
      // Where a table names nothing, its columns are called "column 1" and so on.
      return name.startsWith(said) ? name.slice(said.length) : name;
    };
    return `${word}${plural} ${places.replace(/\d+/g, nameOf)}`;
  });
}

/** Most places that a message names. */
const mostNamed = 10;

/** Places in a message: the first ones, and how many more there are. */
export function somePlaces(places: ArrayLike<number | string>): string {
  const some = Array.from(places).slice(0, mostNamed).join(", ");
  return places.length > mostNamed ? `${some} and ${places.length - mostNamed} more` : some;
}
