import { optionsOf } from "./arguments.ts";
import type { Command } from "./command.ts";
import { wrap } from "./layout.ts";
import type { Style } from "./terminal.ts";

/** Widest line of the help. */
const width = 96;

/** The list of commands. */
export function overview(commands: readonly Command[], style: Style): string {
  const names = commands.map(({ name }) => name);
  return [
    `${style.bold("minima")} finds structured minima: sparse, discrete, low-rank and flat.`,
    "",
    `${style.bold("Usage")}  minima <command> [options]`,
    "",
    style.bold("Commands"),
    ...columns(names, commands.map(({ summary }) => summary)),
    "",
    style.bold("Options"),
    ...columns(["--help", "--version"], ["show this help, or after a command the command's", "show the version"]),
  ].join("\n");
}

/** How to use one command. */
export function commandHelp(command: Command, style: Style): string {
  const table = optionsOf(command);
  const names = Object.entries(table).map(([name, { value, deniable }]) =>
    value ? `--${name} ${value}` : deniable ? `--[no-]${name}` : `--${name}`
  );
  return [
    `${style.bold(`minima ${command.name}`)} ${command.usage}`,
    "",
    command.details.trim(),
    "",
    style.bold("Options"),
    ...columns(names, Object.values(table).map(({ about }) => about)),
  ].join("\n");
}

function columns(left: readonly string[], right: readonly string[]): string[] {
  const indent = 2 + Math.max(...left.map(({ length }) => length)) + 2;
  return left.flatMap((name, i) =>
    wrap(right[i], width - indent).map((line, k) => (k === 0 ? `  ${name}` : "").padEnd(indent) + line)
  );
}
