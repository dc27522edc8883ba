/**
 * The vocabulary of options. A solver declares its options once, in a table; from it follow the checks and defaults of
 * the library, the flags of the command line, the schema of the service and the tables of the documentation.
 *
 * @module
 */

import type { Matrix, SparseMatrix, Vector } from "./matrix.ts";

/** What every entry of a table says. */
export interface OptionEntryBase {
  /** One sentence for users; names of options and values in backticks. */
  readonly about: string;
  /** The option must be given. */
  readonly required?: true;
  /** In words, what holds where the option is left out, where no value says it. */
  readonly otherwise?: string;
}

/** The numbers that an option takes. */
export interface NumberRange {
  /** The least number. */
  readonly least: number;
  /** `least` itself is excluded. */
  readonly above?: true;
  /** The largest number. */
  readonly most: number;
}

/** A number, whole where `kind` says so. */
export interface NumberOption extends OptionEntryBase, NumberRange {
  /** Discriminates the entries. */
  readonly kind: "number" | "integer";
  /** Infinity is taken too, for no limit. */
  readonly infinite?: true;
  /** What the number measures or counts, such as `ms` or `share`. */
  readonly unit?: string;
  /** The value where it is left out. */
  readonly default?: number;
}

/** One of a few values. */
export interface ChoiceOption<T extends string | number = string | number> extends OptionEntryBase {
  /** Discriminates the entries. */
  readonly kind: "choice";
  /** All there are. */
  readonly values: readonly T[];
  /** The value where it is left out. */
  readonly default?: T;
}

/** Text that the caller chooses. */
export interface TextOption extends OptionEntryBase {
  /** Discriminates the entries. */
  readonly kind: "text";
  /** The value where it is left out. */
  readonly default?: string;
}

/** Words or names that the caller chooses. */
export interface NamesOption extends OptionEntryBase {
  /** Discriminates the entries. */
  readonly kind: "names";
  /** The value where it is left out. */
  readonly default?: readonly string[];
}

/** `true` or `false`. */
export interface FlagOption extends OptionEntryBase {
  /** Discriminates the entries. */
  readonly kind: "flag";
  /** The value where it is left out. */
  readonly default?: boolean;
}

/** Numbers, one at least. */
export interface ListOption extends OptionEntryBase, NumberRange {
  /** Discriminates the entries. */
  readonly kind: "list";
  /** No numbers at all are taken too. */
  readonly empty?: true;
  /** The value where it is left out. */
  readonly default?: readonly number[];
}

/** A vector of numbers: typed or plain, resolved to a typed one. */
export interface VectorOption extends OptionEntryBase, NumberRange {
  /** Discriminates the entries. */
  readonly kind: "vector";
  /** There is no value to fall back on. */
  readonly default?: undefined;
}

/** One number for all, or a vector of one each: typed or plain, resolved to a number or a typed one. */
export interface NumbersOption extends OptionEntryBase, NumberRange {
  /** Discriminates the entries. */
  readonly kind: "numbers";
  /** The value where it is left out. */
  readonly default?: number;
}

/** A vector of indices: typed or plain, resolved to a typed one. */
export interface IndicesOption extends OptionEntryBase {
  /** Discriminates the entries. */
  readonly kind: "indices";
  /** There is no value to fall back on. */
  readonly default?: undefined;
}

/** Pairs of indices: edges of a graph. */
export interface EdgesOption extends OptionEntryBase {
  /** Discriminates the entries. */
  readonly kind: "edges";
  /** The value where it is left out. */
  readonly default?: readonly (readonly [number, number])[];
}

/** A dense matrix. */
export interface MatrixOption extends OptionEntryBase {
  /** Discriminates the entries. */
  readonly kind: "matrix";
  /** There is no value to fall back on. */
  readonly default?: undefined;
}

/** A sparse matrix. */
export interface SparseMatrixOption extends OptionEntryBase {
  /** Discriminates the entries. */
  readonly kind: "sparseMatrix";
  /** There is no value to fall back on. */
  readonly default?: undefined;
}

/** Options that belong together. */
export interface GroupOption<T = never> extends OptionEntryBase {
  /** Discriminates the entries. */
  readonly kind: "group";
  /** The options of the group. */
  readonly fields: [T] extends [never] ? OptionEntries : OptionTable<T>;
  /** There is no value to fall back on. */
  readonly default?: undefined;
}

/** A function or an `AbortSignal`: for callers in JavaScript alone. */
export interface HandleOption extends OptionEntryBase {
  /** Discriminates the entries. */
  readonly kind: "callback" | "signal";
  /** There is no value to fall back on. */
  readonly default?: undefined;
}

/** Any entry of a table. */
export type OptionEntry =
  | NumberOption
  | ChoiceOption
  | TextOption
  | NamesOption
  | FlagOption
  | ListOption
  | VectorOption
  | NumbersOption
  | IndicesOption
  | EdgesOption
  | MatrixOption
  | SparseMatrixOption
  | GroupOption
  | HandleOption;

/** A table whose options are known by name only. */
export type OptionEntries = { readonly [name: string]: OptionEntry };

/** The entry that describes values of a type. */
export type OptionOf<T> = [T] extends [boolean] ? FlagOption
  : [T] extends [AbortSignal] ? HandleOption & { readonly kind: "signal" }
  : [T] extends [(...values: never[]) => unknown] ? HandleOption & { readonly kind: "callback" }
  : [T] extends [number] ? (number extends T ? NumberOption : ChoiceOption<T>)
  : [T] extends [string] ? (string extends T ? TextOption : ChoiceOption<T>)
  : [T] extends [readonly string[]] ? NamesOption
  : [T] extends [SparseMatrix] ? SparseMatrixOption
  : [T] extends [Matrix] ? MatrixOption
  : Float64Array extends T ? (number extends T ? NumbersOption : VectorOption)
  : Uint32Array extends T ? IndicesOption
  : [T] extends [readonly (readonly [number, number])[]] ? EdgesOption
  : [T] extends [readonly number[]] ? ListOption
  : GroupOption<T>;

/**
 * The table of the options `O`: an entry for each, of its kind. Each is required, as in `O`, or has a default, but for
 * those in `Open`, which may stay undefined.
 */
export type OptionTable<O, Open extends keyof O = never> = {
  readonly [K in keyof O]-?:
    & OptionOf<Exclude<O[K], undefined>>
    & (undefined extends O[K] ? (K extends Open ? OpenEntry : { readonly default: unknown })
      : { readonly required: true });
};

/** An entry without a default; `otherwise` says what holds instead. */
export interface OpenEntry {
  /** Nothing is filled in. */
  readonly default?: undefined;
}

/** The value of an option once resolved: vectors are typed arrays. */
export type ResolvedValue<T> = Float64Array extends T ? (number extends T ? number | Vector : Vector)
  : Uint32Array extends T ? Uint32Array
  : T;

/** Options with their defaults filled in. */
export type Resolved<O, Open extends keyof O = never> =
  & { readonly [K in Exclude<keyof O, Open>]: ResolvedValue<Exclude<O[K], undefined>> }
  & { readonly [K in Open]?: ResolvedValue<Exclude<O[K], undefined>> };

/** Indices as callers give them. */
export type IndicesLike = Uint32Array | readonly number[];

/** A number. */
export function number<const S extends Omit<NumberOption, "kind">>(spec: S): S & { readonly kind: "number" } {
  return { ...spec, kind: "number" };
}

/** A whole number. */
export function integer<const S extends Omit<NumberOption, "kind">>(spec: S): S & { readonly kind: "integer" } {
  return { ...spec, kind: "integer" };
}

/** One of a few values. */
export function choice<const T extends string | number, const S extends Omit<ChoiceOption<T>, "kind" | "values">>(
  values: readonly T[],
  spec: S,
): S & { readonly kind: "choice"; readonly values: readonly T[] } {
  return { ...spec, kind: "choice", values };
}

/** Text. */
export function text<const S extends Omit<TextOption, "kind">>(spec: S): S & { readonly kind: "text" } {
  return { ...spec, kind: "text" };
}

/** Words or names. */
export function names<const S extends Omit<NamesOption, "kind">>(spec: S): S & { readonly kind: "names" } {
  return { ...spec, kind: "names" };
}

/** `true` or `false`. */
export function flag<const S extends Omit<FlagOption, "kind">>(spec: S): S & { readonly kind: "flag" } {
  return { ...spec, kind: "flag" };
}

/** Numbers, each in the range. */
export function list<const S extends Omit<ListOption, "kind">>(spec: S): S & { readonly kind: "list" } {
  return { ...spec, kind: "list" };
}

/** A vector of numbers, each in the range. */
export function vector(spec: Omit<VectorOption, "kind">): VectorOption {
  return { ...spec, kind: "vector" };
}

/** One number for all, or a vector of numbers, each in the range. */
export function numbers<const S extends Omit<NumbersOption, "kind">>(spec: S): S & { readonly kind: "numbers" } {
  return { ...spec, kind: "numbers" };
}

/** A vector of indices. */
export function indices(spec: Omit<IndicesOption, "kind">): IndicesOption {
  return { ...spec, kind: "indices" };
}

/** Pairs of indices. */
export function edges<const S extends Omit<EdgesOption, "kind">>(spec: S): S & { readonly kind: "edges" } {
  return { ...spec, kind: "edges" };
}

/** A dense matrix. */
export function denseMatrix(spec: Omit<MatrixOption, "kind">): MatrixOption {
  return { ...spec, kind: "matrix" };
}

/** A sparse matrix. */
export function sparseMatrix(spec: Omit<SparseMatrixOption, "kind">): SparseMatrixOption {
  return { ...spec, kind: "sparseMatrix" };
}

/** Options that belong together; where the group is left out, so are they all. */
export function group<T, Open extends keyof T = never>(
  fields: OptionTable<T, Open>,
  spec: OptionEntryBase,
): GroupOption<T> {
  return { ...spec, kind: "group", fields: fields as unknown as GroupOption<T>["fields"] };
}

/** A function to call. */
export function callback(about: string): HandleOption & { readonly kind: "callback" } {
  return { about, kind: "callback" };
}

/** An `AbortSignal`. */
export function signal(about: string): HandleOption & { readonly kind: "signal" } {
  return { about, kind: "signal" };
}

/** The same option, but it must be given. */
export function required<const E extends OptionEntryBase>(entry: E): E & { readonly required: true } {
  return { ...entry, required: true };
}
