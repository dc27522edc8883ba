/** Options of solvers as flags of a command: their names, kinds and help follow from the tables of the solvers. @module */

import type { ProgressEvent } from "../mod.ts";
import type { NumberOption, OptionEntries, OptionEntry, OptionTable } from "../solvers/core/options.ts";
import { checkOption } from "../solvers/core/resolve_options.ts";
import { type FlagSpec, type FlagTable, type Settings, type SolverOffer, UsageError } from "./command.ts";
import { splitNames } from "./names.ts";
import type { Terminal } from "./terminal.ts";

/** Values of a command line by flag. */
export type GivenFlags = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

interface SolverFlag {
  readonly spec: FlagSpec;
  /** Names of the option, or of the group and the option in it. */
  readonly path: readonly string[];
  /** Describes what the command line gives, in its units. */
  readonly entry: OptionEntry;
  /** Library units in one of the command line's. */
  readonly scale: number;
  /** The flag without which this one has no effect. */
  readonly needs?: string;
}

/** The flags of an offer, by name; options that are arrays or functions have none. */
function solverFlags({ tables, except = [], ...offer }: SolverOffer): ReadonlyMap<string, SolverFlag> {
  const defaults = (offer.defaults ?? {}) as Readonly<Record<string, unknown>>;
  const flags = new Map<string, SolverFlag>();
  const variants = new Map<string, OptionEntry[]>();
  for (const [name, entry] of tables.flatMap((table) => Object.entries(table as OptionEntries))) {
    if (!except.includes(name)) variants.set(name, [...variants.get(name) ?? [], entry]);
  }
  for (const [name, [entry, ...others]] of variants) {
    if (entry.kind === "group") {
      const fields = Object.entries(entry.fields).filter(([, inner]) => isScalar(inner));
      const needed = fields.find(([, inner]) => inner.required)?.[0];
      for (const [field, inner] of fields) {
        // A group that needs none of its options has a flag for each, under its own name.
        if (needed === undefined) add(`${kebab(name)}-${field}`, [name, field], [inner]);
        else if (field === needed) add(name, [name, field], [{ ...inner, otherwise: entry.otherwise } as OptionEntry]);
        else add(field, [name, field], [inner], kebab(name));
      }
    } else if (isScalar(entry)) {
      const given = name in defaults
        ? { ...entry, default: defaults[name], otherwise: undefined } as OptionEntry
        : undefined;
      add(name, [name], given ? [given] : [entry, ...others]);
    }
  }
  return flags;

  function add(
    name: string,
    path: readonly string[],
    [entry, ...others]: readonly OptionEntry[],
    needs?: string,
  ): void {
    const seconds = entry.kind === "number" && entry.unit === "ms";
    const flag = kebab(seconds ? name.replace(/Ms$/, "") : name);
    const shown = seconds ? inSeconds(entry) : entry;
    const known = [...variants.keys()];
    flags.set(flag, { spec: specOf(shown, others, known), path, entry: shown, scale: seconds ? 1000 : 1, needs });
  }
}

/** What the help and the parser know of the flags. */
export function flagTable(offer: SolverOffer): FlagTable {
  return Object.fromEntries([...solverFlags(offer)].map(([name, { spec }]) => [name, spec]));
}

/**
 * The options that a command line gives to the solver of a table, checked.
 *
 * @throws {OptionError} for a value out of its range, under the name of its flag
 * @throws {UsageError} for a flag that needs another
 */
export function settingsOf<O, Open extends keyof O, D extends object>(
  offer: SolverOffer<D>,
  values: GivenFlags,
  table: OptionTable<O, Open>,
): Settings<O, Open, D> {
  const entries = table as unknown as OptionEntries;
  const defaults = (offer.defaults ?? {}) as Readonly<Record<string, unknown>>;
  const settings: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(entries)) settings[name] = defaults[name] ?? entry.default;
  for (const [name, { path: [option, field], entry, scale, needs }] of solverFlags(offer)) {
    const given = values[name];
    if (given === undefined || !Object.hasOwn(entries, option)) continue;
    if (needs !== undefined && values[needs] === undefined) {
      throw new UsageError(`Option --${name} needs --${needs}.`);
    }
    const read = isList(entry)
      ? numbersIn(entry, String(given))
      : entry.kind === "names"
      ? (given as readonly string[]).flatMap(splitNames)
      : given;
    // Solvers of one command may take other values by the same name, or a number where another takes several.
    const own = field === undefined && scale === 1 && entries[option].kind === entry.kind ? entries[option] : entry;
    const value = checkOption(own, read, name, "");
    const scaled = scale === 1 ? value : (value as number) * scale;
    settings[option] = field === undefined ? scaled : { ...settings[option] as object, [field]: scaled };
  }
  return settings as unknown as Settings<O, Open, D>;
}

/** Numbers between commas; a cell that holds none stays as it is, to be refused. */
function numbersIn({ kind }: OptionEntry, text: string): unknown {
  const cells = text.split(",").map((cell) => cell.trim() === "" || Number.isNaN(Number(cell)) ? cell : Number(cell));
  return kind === "numbers" && cells.length === 1 ? cells[0] : cells;
}

/** @throws {UsageError} for a flag of the offer that the table does not have, and that would thus be ignored */
export function refuseOthers(offer: SolverOffer, values: GivenFlags, table: object, circumstance: string): void {
  for (const [name, { path: [option] }] of solverFlags(offer)) {
    if (values[name] !== undefined && !Object.hasOwn(table, option)) {
      throw new UsageError(`Option --${name} has no effect ${circumstance}.`);
    }
  }
}

/**
 * The message of an error about options with their flags: solvers name options as in the library, `"groupSize"` is
 * `--group-size`.
 *
 * @param argument The option at fault, where there is one, a flag in any case; others are where a command has them.
 * @param own The command's own flags.
 */
export function withFlagsOf(
  { solver, options: own }: { readonly solver?: SolverOffer; readonly options: FlagTable },
  argument: string | undefined,
  message: string,
): string {
  const flags = new Map(Object.keys(own).map((flag) => [flag.replace(/-(.)/g, (_, next) => next.toUpperCase()), flag]));
  for (const [flag, { path }] of solver ? solverFlags(solver) : []) flags.set(path.join("."), flag);
  if (argument !== undefined && !flags.has(argument)) flags.set(argument, kebab(argument));
  return message.replace(
    /(?<!received )"([\w.[\]-]+)"/g,
    (quoted, name) => flags.has(name) ? `--${flags.get(name)}` : quoted,
  );
}

/** How a solver is watched and stopped. */
export function underWatch(
  terminal: Terminal,
  signal: AbortSignal,
): { readonly signal: AbortSignal; readonly onProgress: (event: ProgressEvent) => void } {
  return { signal, onProgress: (event) => terminal.progress.show("", event) };
}

function isScalar({ kind }: OptionEntry): boolean {
  return ["number", "integer", "choice", "flag", "list", "numbers", "text", "names"].includes(kind);
}

function isList({ kind }: OptionEntry): boolean {
  return kind === "list" || kind === "numbers";
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function inSeconds(entry: NumberOption): NumberOption {
  const { least, most, default: value } = entry;
  const scaled = { ...entry, unit: "seconds", least: least / 1000, most: most / 1000 };
  return value === undefined ? scaled : { ...scaled, default: value / 1000 };
}

function specOf(entry: OptionEntry, others: readonly OptionEntry[], options: readonly string[]): FlagSpec {
  const entries = [entry, ...others];
  const notes = [rangesOf(entries), defaultOf(entries, options)].filter((note) => note !== "");
  // What a name chooses, or what has to be said, differs with the solver; what a number limits hardly does.
  const differs = entry.kind === "choice" || entry.required === true;
  const sentences = (differs ? entries : [entry]).map(({ about }) => sentence(about, options));
  const about = [...new Set(sentences)].join("; or ") + (notes.length > 0 ? ` (${notes.join("; ")})` : "");
  if (entry.kind === "flag") return { kind: "flag", deniable: entry.default !== false, about };
  const numeric = entry.kind === "number" || entry.kind === "integer" ||
    entry.kind === "choice" && typeof entry.values[0] === "number";
  return { kind: numeric ? "number" : entry.kind === "names" ? "names" : "text", value: placeholder(entry), about };
}

function placeholder(entry: OptionEntry): string {
  if (entry.kind === "choice") return typeof entry.values[0] === "number" ? entry.values.join("|") : "NAME";
  if (isList(entry)) return "NUMBERS";
  if (entry.kind === "text") return "TEXT";
  if (entry.kind === "names") return "NAMES";
  return "unit" in entry && entry.unit ? entry.unit.toUpperCase() : "NUMBER";
}

/** The values that there are; where the solvers of a command differ, all of them. */
function rangesOf(entries: readonly OptionEntry[]): string {
  const words = entries.flatMap((entry) => entry.kind === "choice" ? entry.values : []), [first] = entries;
  if (first.kind === "choice") return rangeOf({ ...first, values: [...new Set(words)] });
  const same = entries.filter(({ kind }) => kind === first.kind);
  return [...new Set(same.map(rangeOf))].filter((range) => range !== "").join(", or ");
}

/** A maximum that only keeps nonsense out is not shown in the help. */
function rangeOf(entry: OptionEntry): string {
  if (entry.kind === "choice" && typeof entry.values[0] === "string") {
    return `${entry.values.slice(0, -1).join(", ")} or ${entry.values.at(-1)}`;
  }
  if (entry.kind === "numbers") return "one, or several between commas";
  if (entry.kind === "list" || entry.kind === "names") return "between commas";
  if (entry.kind !== "number" && entry.kind !== "integer") return "";
  const { least, most, above } = entry;
  if (most >= 1e6) return `${above ? ">" : ">="} ${least}`;
  return above ? `> ${least} and <= ${most}` : `${least} to ${most}`;
}

/** The defaults; where the solvers of a command differ, all of them. */
function defaultOf(entries: readonly OptionEntry[], options: readonly string[]): string {
  const texts = entries.flatMap(({ default: value, otherwise }) =>
    otherwise
      ? [withFlags(otherwise, options)]
      : value === undefined
      ? []
      : value === Infinity || Array.isArray(value) && value.length === 0
      ? ["none"]
      : [String(value)]
  );
  return texts.length === 0 ? "" : `default: ${[...new Set(texts)].join(", ")}`;
}

/** A sentence as the help has it: no capital, no full stop, flags in place of options. */
function sentence(about: string, options: readonly string[]): string {
  return withFlags(about, options).replace(/^[A-Z](?![A-Z])/, (letter) => letter.toLowerCase()).replace(/\.$/, "");
}

/** Text with flags in place of options, and without backticks. */
function withFlags(text: string, options: readonly string[]): string {
  return text.replace(/`(\w+)`/g, (whole, name) => options.includes(name) ? `--${kebab(name)}` : whole)
    .replaceAll("`", "");
}
