import type { OptionTable as SolverTable } from "../solvers/core/options.ts";
import type { Terminal } from "./terminal.ts";

/** An option of a command, and how the help shows it. */
export interface OptionSpec {
  /** A flag is there or not, and `--no-<name>` denies it; the others take a value. */
  readonly kind: "flag" | "number" | "text";
  /** The help shows that a flag can be denied, because it holds unless it is. */
  readonly deniable?: boolean;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly about: string;
}

/** Options by name, as they follow the two dashes. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** The values given; an option that was not given is undefined. */
export type OptionValues<T extends OptionTable> = {
  readonly [Name in keyof T]?: { flag: boolean; number: number; text: string }[T[Name]["kind"]];
};

/** Which options a command offers. */
export interface SolverOffer {
  /** Tables of the solvers that it calls. */
  readonly tables: readonly object[];
  /** Options that make no sense there. */
  readonly except?: readonly string[];
  /** Values where an option is left out, in place of the solver's own default. */
  readonly defaults?: Readonly<Record<string, unknown>>;
}

/** What a command is given. */
export interface Invocation<T extends OptionTable> {
  readonly options: OptionValues<T>;
  /** What the command line says of the options of a solver, checked. */
  readonly settings: <O, Open extends keyof O>(table: SolverTable<O, Open>) => Partial<O>;
  /** The arguments that are not options. */
  readonly operands: readonly string[];
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** A command: one file in `commands/`, and one line in `commands/mod.ts`. */
export interface Command<T extends OptionTable = OptionTable> {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Operands and required options, as the first line of its help shows them. */
  readonly usage: string;
  /** What to know before using it, and examples. */
  readonly details: string;
  /** The numbers of operands it accepts. */
  readonly operands: readonly [least: number, most: number];
  /** Options of its own: files, columns, output. */
  readonly options: T;
  /** Options of the solvers that it calls. */
  readonly solver?: SolverOffer;
  run(invocation: Invocation<T>): Promise<void>;
}

/** Declares a command, so that the values of its options have the types of their kinds. */
export function command<T extends OptionTable>(definition: Command<T>): Command {
  return definition;
}

/** A command line that cannot be run: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
