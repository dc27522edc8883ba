import { parseArgs } from "node:util";
import { type Command, type FlagTable, UsageError } from "./command.ts";
import { flagTable, type GivenFlags } from "./solver_options.ts";
import { suggest } from "./suggest.ts";

/** The option of every command that writes files. */
const outputOptions = {
  force: { kind: "flag", about: "overwrite files that are there" },
} as const satisfies FlagTable;

/** Options that every command has. */
const commonOptions = {
  help: { kind: "flag", about: "show this help" },
} as const satisfies FlagTable;

/** All options of a command, in the order of the help. */
export function optionsOf({ options, solver }: Command): FlagTable {
  const writes = Object.values(options).some(({ kind }) => kind === "output");
  return { ...options, ...solver && flagTable(solver), ...writes && outputOptions, ...commonOptions };
}

/** What a command line says. */
export interface Arguments {
  readonly options: GivenFlags;
  readonly operands: readonly string[];
  readonly help: boolean;
}

/**
 * Reads the arguments that follow a command's name.
 *
 * @throws {UsageError} for unknown options, missing or superfluous values, and wrong numbers of operands
 */
export function readArguments(command: Command, args: readonly string[]): Arguments {
  const table = optionsOf(command);
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(table).map(([name, { kind }]) =>
        [name, { type: kind === "flag" ? "boolean" : "string" }] as const
      ),
    ),
    strict: false,
    tokens: true,
  });
  const options: Record<string, string | number | boolean | readonly string[]> = {};
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const denied = token.name.startsWith("no-") && table[token.name.slice(3)]?.kind === "flag";
    const name = denied ? token.name.slice(3) : token.name === "h" ? "help" : token.name;
    if (!Object.hasOwn(table, name)) {
      throw new UsageError(`Unknown option ${token.rawName}.${suggest(token.name, Object.keys(table), "--")}`);
    }
    const { kind } = table[name], before = options[name];
    // A flag in place of a value is a value that was forgotten, unless an equals sign says otherwise.
    const [, taken] = kind !== "flag" && !token.inlineValue && /^--([^=]+)/.exec(token.value ?? "") || [];
    if (taken !== undefined && Object.hasOwn(table, taken)) {
      throw new UsageError(`Option --${name} needs a value, but --${taken} follows; --${name}=VALUE takes any.`);
    }
    const value = readValue(name, kind, denied ? false : token.value);
    if (kind === "names") options[name] = [...before as readonly string[] ?? [], value as string];
    else if (before !== undefined && before !== value) {
      throw new UsageError(`Option --${name} is given twice, as ${before} and ${value}.`);
    } else options[name] = value;
  }
  const help = options.help === true;
  const [least, most] = command.operands;
  if (!help && (operands.length < least || operands.length > most)) {
    const wanted = least === most ? `${least}` : `${least} to ${most}`;
    throw new UsageError(`Expected ${wanted} operand${wanted === "1" ? "" : "s"}, received ${operands.length}.`);
  }
  return { options, operands, help };
}

function readValue(name: string, kind: string, value: string | boolean | undefined): string | number | boolean {
  if (kind === "flag") {
    if (typeof value === "string") throw new UsageError(`Option --${name} takes no value, received "${value}".`);
    return value ?? true;
  }
  if (typeof value !== "string" || value === "") throw new UsageError(`Option --${name} needs a value.`);
  if (kind !== "number") return value;
  const number = Number(value);
  if (value.trim() === "" || Number.isNaN(number)) {
    throw new UsageError(`Option --${name} needs a number, received "${value}".`);
  }
  return number;
}
