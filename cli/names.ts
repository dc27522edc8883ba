/** Names on a command line: several between commas, those with a comma in quotes or simply as they are. */

import { FileError } from "./files.ts";
import { available } from "./suggest.ts";

/** Names between commas; in double quotes, doubled inside, a name may hold commas. */
export function splitNames(text: string): string[] {
  return pieces(text).map(unquoted);
}

/** Parts between commas outside quotes, as they stand. */
function pieces(text: string): string[] {
  return text.match(/(?:\s*"(?:[^"]|"")*"\s*(?=,|$)|[^,]*)(?:,|$)/g)!.slice(0, -1).map((part) =>
    part.replace(/,$/, "")
  );
}

function unquoted(piece: string): string {
  const [, inside] = /^\s*"((?:[^"]|"")*)"\s*$/.exec(piece) ?? [];
  return inside === undefined ? piece.trim() : inside.replaceAll('""', '"');
}

/**
 * The names among `known` that the values of a flag mean. A name with commas that is known needs no quotes: the longest
 * known name is taken first.
 *
 * @param others Words that are taken besides, such as `*`.
 * @throws {FileError} for one that is not known
 */
export function knownNames(
  path: string,
  values: readonly string[] | undefined,
  known: readonly string[],
  others: readonly string[] = [],
): string[] {
  const all = new Set([...known, ...others]), found: string[] = [];
  for (const value of values ?? []) {
    if (all.has(value)) {
      found.push(value);
      continue;
    }
    const parts = pieces(value);
    for (let from = 0, to; from < parts.length; from = to) {
      for (to = parts.length; to > from + 1 && !all.has(parts.slice(from, to).join(",").trim()); to--);
      const name = to === from + 1 ? unquoted(parts[from]) : parts.slice(from, to).join(",").trim();
      if (!all.has(name)) throw new FileError(`${path}: no column is called ${name}${available(name, known)}`);
      found.push(name);
    }
  }
  return [...new Set(found)];
}

/** A name in quotes, whatever it holds. */
export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Names as the value of a flag, for a shell. */
export function namesValue(names: readonly string[]): string {
  const text = names.map((name) => /[",]|^\s|\s$/.test(name) ? quotedName(name) : name).join(",");
  return /["$`\\!]/.test(text) ? `'${text.replaceAll("'", `'\\''`)}'` : `"${text}"`;
}

/** Most names that an error lists, and most that it writes out as the value of a flag. */
const mostListed = 10, mostWritten = 200;

/** Names in quotes, as errors list them: the first ones, and how many more there are. */
export function namesListed(names: readonly string[]): string {
  const some = names.slice(0, mostListed).map((name) => JSON.stringify(name)).join(", ");
  return names.length > mostListed ? `${some} and ${names.length - mostListed} more` : some;
}

/** What leaves columns out, where they are few enough to be written out: one remedy or none. */
export function ignoring(names: readonly string[]): string[] {
  if (names.length > mostWritten) return [];
  return [`--ignore ${namesValue(names)} leaves ${names.length > 1 ? "them" : "it"} out`];
}
