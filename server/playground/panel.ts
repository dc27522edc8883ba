/**
 * What a panel of the page is: the half that the page loads (`panel.ts` of its folder), which says what is asked and
 * draws what was found, and the half that the worker loads (`solver.ts`), which solves. README.md says how to add one.
 */

import type { OptionEntries } from "../../solvers/core/options.ts";

/** Options by their names, as a solver takes them. */
export type Values = Readonly<Record<string, unknown>>;

/** The half of a panel in the page. Pure data and functions: the page makes the elements. */
export interface Panel<Answer> {
  /** One or two sentences: what is solved, and of what. */
  readonly about: string;
  /** What can be tried without a file; the first is chosen. The solver makes them, by name. */
  readonly examples: readonly Example[];
  /** The files that are taken, and what can be said of how one is written. */
  readonly files: {
    readonly about: string;
    readonly accept: string;
    readonly reading?: OptionForm;
    /** Several files belong together, or a folder of them. @default false */
    readonly many?: boolean;
  };
  /** What is used of a file or an example, by name: columns of a table, or tensors. */
  readonly roles: Readonly<Record<string, Role>>;
  /** What can be set; the form follows from the table. */
  readonly options: OptionForm;
  /** What the button says: a verb. */
  readonly action: string;
  /** What stands where results will be: how to read them. */
  readonly before: string;
  /** What is shown of an answer, and again for every answer that comes while the solver runs. */
  draw(answer: Answer): Findings;
}

/** Data that the solver makes. */
export interface Example {
  readonly name: string;
  readonly title: string;
  /** What it is, honestly. */
  readonly about: string;
  /** What of it can be set. */
  readonly options?: OptionEntries;
}

/** A column or tensor of a source. */
export interface Field {
  readonly name: string;
  readonly kind: "numbers" | "text" | "tensor";
  /** Of a tensor. */
  readonly shape?: readonly number[];
  /** What distinguishes it, such as its shape or how many values are missing. */
  readonly about?: string;
}

/** What a field is used for. */
export interface Role {
  readonly title: string;
  /** Several fields, not one. @default false */
  readonly many?: boolean;
  /** It may be left out. @default false */
  readonly optional?: boolean;
  /** The kinds of fields that can have it. @default numbers and tensors */
  readonly kinds?: readonly Field["kind"][];
  /**
   * The fields that have it at first; `taken` are those of the roles of one before. A field of such a role is none of a
   * role of many, whatever is chosen there. Where none fits, the user is asked.
   *
   * @default the first that is free; all for a role of many, none for an optional one
   */
  choose?(fields: readonly Field[], taken: readonly string[]): readonly string[];
}

/** How the options of a table become a form. */
export interface OptionForm {
  readonly table: OptionEntries;
  /** The options that are seen at once, in this order; the others are behind "More options". */
  readonly shown: readonly string[];
  /** Options that the panel has no use for. What no form can hold (functions, matrices) is left out anyway. */
  readonly without?: readonly string[];
  /** Values to begin with, where they are not the defaults. */
  readonly begin?: Values;
  /** What options are called, where their names say too little. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What is shown of an answer. */
export interface Findings {
  /** Sentences, the most important first. */
  readonly summary: readonly string[];
  readonly figures: readonly Figure[];
  /** What is moved by hand, and seen before the figures. */
  readonly moved?: MovedFindings;
  /** What the user should know besides: remarks of the solver, limits that were met. */
  readonly remarks?: readonly string[];
}

/** A picture, a table, or texts. */
export type Figure = PictureFigure | TableFigure | TextFigure;

/** Texts of any length, each by its name. */
export interface TextFigure {
  readonly title: string;
  readonly texts: readonly (readonly [name: string, text: string])[];
  readonly about?: string;
}

/** Sentences and figures that are functions of a few numbers, computed in the page as these are moved. */
export interface MovedFindings {
  /** By name, in the order in which they are seen. */
  readonly sliders: Readonly<Record<string, Slider>>;
  /** What follows of the values of the sliders: always as many figures of the same kinds. Fast: a few milliseconds. */
  at(values: Readonly<Record<string, number>>): Pick<Findings, "summary" | "figures">;
}

/** A number that is moved by hand. */
export interface Slider {
  readonly title: string;
  /** The values that it stops at. */
  readonly values: ArrayLike<number>;
  /** Where it begins, from 0 on. */
  readonly begin: number;
  /** How a value is written. */
  text(value: number): string;
}

/** A picture of `pictures/`, drawn again where the page changes its width. */
export interface PictureFigure {
  /** The text of an SVG document, of about the given width where it can be chosen. */
  picture(width: number): string;
  /** The whole width of the page for it, not half. @default false */
  readonly wide?: boolean;
  /** A sentence below. */
  readonly about?: string;
}

/** A table; numbers are written by the panel. */
export interface TableFigure {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** A bar in each row, 0 to 1, after its first cell. */
  readonly bars?: readonly number[];
  /** Index of the row that stands out. */
  readonly best?: number;
  readonly about?: string;
}
