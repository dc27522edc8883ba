import process from "node:process";
import { BackendError, dispose, FormatError, init, InputError, MemoryLimitError, OptionError } from "../mod.ts";
import { withNames } from "../solvers/core/names.ts";
import settings from "../deno.json" with { type: "json" };
import { optionsOf, readArguments } from "./arguments.ts";
import { type Command, UsageError } from "./command.ts";
import { commands } from "./commands/mod.ts";
import { crossoversVariable, readCrossovers } from "./crossovers.ts";
import { FileError, splitTensorName } from "./files.ts";
import { commandHelp, overview } from "./help.ts";
import { Interrupted, onInterrupt } from "./interrupt.ts";
import { checkOutputs, writeWhole } from "./outputs.ts";
import { type GivenFlags, refuseOthers, settingsOf, withFlagsOf } from "./solver_options.ts";
import { suggest } from "./suggest.ts";
import { createTerminal } from "./terminal.ts";

/** Errors whose message says all there is to say. */
const foreseen = [UsageError, FileError, FormatError, InputError, BackendError, MemoryLimitError];

/**
 * Runs a command line.
 *
 * @param args What follows the program's name.
 * @returns The exit code: 0, 1 for a failure, 2 for a command line that cannot be run, 130 when interrupted.
 */
export async function main(args: readonly string[]): Promise<number> {
  const terminal = createTerminal(process.stdout, process.stderr);
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h") {
    terminal.print(overview(commands, terminal.style));
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v") {
    terminal.print(settings.version);
    return 0;
  }
  const command = commands.find((candidate) => candidate.name === name);
  const interrupt = onInterrupt(process);
  try {
    if (!command) {
      throw new UsageError(`Unknown command ${name}.${suggest(name, commands.map((other) => other.name))}`);
    }
    const { options, operands, help } = readArguments(command, rest);
    if (help) {
      terminal.print(commandHelp(command, terminal.style));
      return 0;
    }
    const force = options.force === true;
    const outputs = await checkFiles(command, options, operands, force);
    const measured = process.env[crossoversVariable];
    if (measured) await init({ crossovers: await readCrossovers(measured) });
    const { solver = { tables: [] } } = command;
    await command.run({
      options,
      settings: (table) => settingsOf(solver, options, table),
      refuseOthers: (table, circumstance) => refuseOthers(solver, options, table, circumstance),
      operands,
      write: async (flag, content) => {
        const path = outputs.get(flag as string);
        if (path !== undefined) await writeWhole(path, await content(), { force });
      },
      terminal,
      signal: interrupt.signal,
    });
    return 0;
  } catch (error) {
    terminal.progress.clear();
    return report(error, command);
  } finally {
    interrupt.release();
    await dispose();
  }

  function report(error: unknown, command: Command | undefined): number {
    if (error instanceof Interrupted) {
      terminal.note("Interrupted: nothing was written.");
      return 130;
    }
    const known = foreseen.some((kind) => error instanceof kind);
    const message = error instanceof OptionError
      ? command ? withFlagsOf(command, error.argument, error.message) : error.message
      : error instanceof InputError
      ? withNames(withFlagsOf({ solver: command?.solver, options: {} }, undefined, error.message))
      : error instanceof Error
      ? error.message
      : `${error}`;
    terminal.error(process.env.MINIMA_DEBUG && error instanceof Error && error.stack ? error.stack : message);
    const wrongUsage = error instanceof UsageError || error instanceof OptionError;
    if (wrongUsage) terminal.note(`See: minima ${command ? `${command.name} ` : ""}--help`);
    else if (!known && !process.env.MINIMA_DEBUG) {
      terminal.note("With MINIMA_DEBUG=1 the place of the failure is shown.");
    }
    return wrongUsage ? 2 : 1;
  }
}

/** Checks the files of a command line before anything is computed. @returns the paths of those to write, by flag */
async function checkFiles(
  command: Command,
  options: GivenFlags,
  operands: readonly string[],
  force: boolean,
): Promise<Map<string, string>> {
  const inputs = [...operands], outputs = new Map<string, string>();
  for (const [name, { kind }] of Object.entries(optionsOf(command))) {
    const value = options[name];
    if (typeof value !== "string") continue;
    if (kind === "output") outputs.set(name, value);
    // A name of a column may be one of a file too.
    else inputs.push(value, splitTensorName(value)[0]);
  }
  const standard = [...operands, ...inputFlags(command, options)].filter((path) => splitTensorName(path)[0] === "-");
  if (standard.length > 1) throw new UsageError("The standard input, -, can be read only once.");
  await checkOutputs(inputs, [...outputs].map(([flag, path]) => ({ flag, path })), force);
  return outputs;
}

function inputFlags(command: Command, options: GivenFlags): string[] {
  return Object.entries(optionsOf(command)).flatMap(([name, { kind }]) => {
    const value = options[name];
    return kind === "input" && typeof value === "string" ? [value] : [];
  });
}
