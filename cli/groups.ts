import { parseCsv } from "../mod.ts";
import { fewGroups, otherGroup } from "../pictures/mod.ts";
import { attempt, FileError, readInput } from "./files.ts";
import { available } from "./suggest.ts";

/**
 * The group of each column: a table of two columns, whose first line may name them. Columns that it does not name are in
 * the group "other", and so are the rarest groups where there are more than a picture has colours for.
 *
 * @throws {FileError} for another table, and when it names none of the columns
 */
export async function readGroups(path: string, columns: readonly string[]): Promise<string[]> {
  const pairs = await attempt(path, async () => readPairs(path, await readInput(path)));
  const groupOf = new Map(pairs.filter(([name]) => columns.includes(name)));
  if (groupOf.size === 0) {
    const [name] = pairs[0] ?? [""];
    throw new FileError(`${path}: names none of the columns; it begins with ${name}${available(name, columns)}`);
  }
  return fewGroups(columns.map((name) => groupOf.get(name) || otherGroup));
}

function readPairs(path: string, bytes: Uint8Array): [string, string][] {
  // Without names, numbers are words too.
  const { columns: { length }, text } = parseCsv(bytes, {
    header: false,
    index: false,
    missing: "nan",
    textColumns: ["*"],
  });
  if (length + text.size !== 2) {
    throw new FileError(`${path}: expected two columns, names and groups, received ${length + text.size}.`);
  }
  const { text: words } = parseCsv(bytes, { header: false, index: false, textColumns: ["column 1", "column 2"] });
  const [names, groups] = [words.get("column 1")!, words.get("column 2")!].map((cells) =>
    cells.map((cell) => cell.trim())
  );
  return names.map((name, i) => [name, groups[i]]);
}
