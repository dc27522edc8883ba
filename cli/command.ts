import type { OptionTable } from "../solvers/core/options.ts";
import type { Terminal } from "./terminal.ts";

/** A flag of a command, and how the help shows it. */
export interface FlagSpec {
  /**
   * One of kind `flag` is there or not, and `--no-<name>` denies it; the others take a value. `names` may be given more
   * than once; `input` and `output` are files that are read and written.
   */
  readonly kind: "flag" | "number" | "text" | "names" | "input" | "output";
  /** The help shows that a flag can be denied, because it holds unless it is. */
  readonly deniable?: boolean;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly about: string;
}

/** Flags by name, as they follow the two dashes. */
export type FlagTable = Readonly<Record<string, FlagSpec>>;

/** The values given; a flag that was not given is undefined. */
export type FlagValues<T extends FlagTable> = {
  readonly [Name in keyof T]?: {
    flag: boolean;
    number: number;
    text: string;
    names: readonly string[];
    input: string;
    output: string;
  }[T[Name]["kind"]];
};

/** Names of the flags that are files to write. */
export type OutputOf<T extends FlagTable> = {
  [Name in keyof T]: T[Name]["kind"] extends "output" ? Name : never;
}[keyof T];

/** Which options a command offers. */
export interface SolverOffer<D extends object = object> {
  /** Tables of the solvers that it calls. */
  readonly tables: readonly object[];
  /** Options that make no sense there. */
  readonly except?: readonly string[];
  /** Values where an option is left out, in place of the solver's own default. */
  readonly defaults?: D;
}

/**
 * Options of a solver `O`, as a command line gives them. Where they are left out, those in `D` have the defaults of the
 * command and others those of the solver; those in `Open` and required ones have none.
 */
export type Settings<O, Open extends keyof O, D> =
  & Partial<O>
  & { readonly [K in keyof O & keyof D]: O[K] }
  & { readonly [K in keyof O as undefined extends O[K] ? Exclude<K, Open> : never]: Exclude<O[K], undefined> };

/** What a command is given. */
export interface Invocation<T extends FlagTable, D extends object = object> {
  readonly options: FlagValues<T>;
  /** What the command line says of the options of a solver, checked. */
  readonly settings: <O, Open extends keyof O>(table: OptionTable<O, Open>) => Settings<O, Open, D>;
  /**
   * Refuses what would be ignored: flags of the other tables that the command offers.
   *
   * @param circumstance Why they have no effect, for the error: `with --lambda0`.
   */
  readonly refuseOthers: (table: object, circumstance: string) => void;
  /** The arguments that are not options: files to read. */
  readonly operands: readonly string[];
  /**
   * Writes the file that a flag of kind `output` names, whole or not at all; nothing where it was not given. That it is
   * no input, and not there unless `--force` was given, was checked before the command began.
   */
  readonly write: (
    flag: OutputOf<T>,
    content: () => Uint8Array | string | Promise<Uint8Array | string>,
  ) => Promise<void>;
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** A command: one file in `commands/`, and one line in `commands/mod.ts`. */
export interface Command<T extends FlagTable = FlagTable, D extends object = object> {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Operands and required options, as the first line of its help shows them. */
  readonly usage: string;
  /** What to know before using it, and examples. */
  readonly details: string;
  /** The numbers of operands it accepts; they are files to read, `-` the standard input. */
  readonly operands: readonly [least: number, most: number];
  /** Options of its own: files, columns, output. */
  readonly options: T;
  /** Options of the solvers that it calls. */
  readonly solver?: SolverOffer<D>;
  run(invocation: Invocation<T, D>): Promise<void>;
}

/** Declares a command, so that the values of its options have the types of their kinds. */
export function command<T extends FlagTable, D extends object = object>(definition: Command<T, D>): Command {
  return definition;
}

/** A command line that cannot be run: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
