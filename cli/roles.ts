/** What the flags of a command make of the columns of a table. */

import { FileError } from "./files.ts";
import { knownNames, quotedName, splitNames } from "./names.ts";

/** Columns by the flags that name them: one, or several as `--ignore` has them. */
export type NamingFlags = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Which flags name columns, by what those are. */
export interface RolesNeeded {
  /** Columns of numbers that are never replaced by means: targets, weights. What is no column may be a file. */
  readonly targets?: NamingFlags;
  /** Columns of labels: any words, not numbers. A table without them is an error. */
  readonly labels?: NamingFlags;
  /** Columns of labels that are not there may be files. */
  readonly labelsMayBeFiles?: boolean;
  /** Features that are something besides, and that `--ignore` would leave out. */
  readonly features?: NamingFlags;
  /** Columns of numbers that mean something else. */
  readonly others?: NamingFlags;
  /** Columns of labels and columns to leave out need not be there. */
  readonly mayLack?: boolean;
}

/** Names of the columns of a table that are something. */
export interface ColumnRoles {
  readonly targets: readonly string[];
  readonly labels: readonly string[];
  readonly ignored: readonly string[];
}

/**
 * Finds what each column is: one thing at most. What a flag names is no feature anyway, so that to ignore it besides
 * changes nothing, but where it may be lacking.
 *
 * @param names All there are.
 * @throws {FileError} for a column that is not there, that two flags name, or a feature that is left out
 */
export function columnRoles(
  path: string,
  names: readonly string[],
  ignore: readonly string[] | undefined,
  { targets = {}, labels = {}, labelsMayBeFiles = false, features = {}, others = {}, mayLack = false }: RolesNeeded,
): ColumnRoles {
  const flagOf = new Map<string, string>();
  /** Columns that flags name; others may be missing there. */
  const named = (flags: NamingFlags, lacking: (words: readonly string[]) => readonly string[]) =>
    Object.entries(flags).flatMap(([flag, value]) => {
      if (value === undefined) return [];
      const words = typeof value === "string" ? [quotedName(value)] : value;
      const found = there(knownNames(path, words, names, lacking(words.flatMap(splitNames))), names);
      for (const name of found) {
        const before = flagOf.get(name) ?? flag;
        if (before !== flag) throw twice(path, name, before, flag);
        flagOf.set(name, flag);
      }
      return found;
    });
  const all = (words: readonly string[]) => words, none = () => [];
  const found = {
    targets: named(targets, all),
    labels: named(labels, mayLack || labelsMayBeFiles ? all : none),
    others: named(others, all),
  };
  const ignored = there(knownNames(path, ignore, names, mayLack ? (ignore ?? []).flatMap(splitNames) : []), names);
  for (const name of named(features, all)) {
    if (ignored.includes(name)) throw twice(path, name, flagOf.get(name)!, "ignore");
  }
  return { ...found, ignored: mayLack ? ignored : ignored.filter((name) => !flagOf.has(name)) };
}

function there(found: readonly string[], names: readonly string[]): string[] {
  return found.filter((name) => names.includes(name));
}

function twice(path: string, name: string, ...flags: readonly [string, string]): FileError {
  const [first, second] = flags.map((flag) => `--${flag}`);
  return new FileError(`${path}: column "${name}" is named by both ${first} and ${second}; it can be one of them.`);
}
