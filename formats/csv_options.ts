import { choice, flag, names, type OptionTable, type Resolved, text } from "../solvers/core/options.ts";
import type { MissingRule } from "./missing.ts";
import { type Encoding, encodingOption } from "./text.ts";

/** How to read a table of text; all optional. */
export interface CsvOptions {
  /** What stands between cells; a blank stands for any run of blanks. @default recognised */
  readonly delimiter?: string;
  /** Whether the first line holds names. @default whether it holds a word */
  readonly header?: boolean;
  /** Whether the first column names the rows, and is kept as text. @default whether it has no name */
  readonly index?: boolean;
  /** Encoding of the bytes. @default `utf-8`, or what a byte order mark says */
  readonly encoding?: Encoding;
  /** What stands before the fraction of a number. @default a point, or a comma where every fraction is written with one */
  readonly decimal?: "." | ",";
  /** What may stand between groups of digits. @default nothing */
  readonly thousands?: "," | "." | " " | "'" | "_";
  /** What a line begins with that is left out, such as `#`. @default none */
  readonly comment?: string;
  /**
   * What a missing cell becomes: a FormatError, NaN, its row left out, or the mean of its column.
   *
   * @default "error"
   */
  readonly missing?: MissingRule;
  /** Cells that are missing too, besides empty ones, `?`, `NA`, `NaN`, `null` and the like. @default [] */
  readonly missingWords?: readonly string[];
  /** Names of the columns to keep as text; `["*"]` for all that are not numeric. @default [] */
  readonly textColumns?: readonly string[];
  /**
   * Names of the columns that become one column of ones and zeros for each of their values; `["*"]` for all that are
   * not numeric.
   *
   * @default []
   */
  readonly categories?: readonly string[];
}

/** The options of {@linkcode parseCsv}. */
export const parseCsvOptions: OptionTable<
  CsvOptions,
  "delimiter" | "header" | "index" | "encoding" | "decimal" | "thousands" | "comment"
> = {
  delimiter: text({
    about: "What stands between cells; a blank stands for any run of blanks.",
    otherwise: "recognised",
  }),
  header: flag({ about: "Whether the first line holds names.", otherwise: "whether it holds a word" }),
  index: flag({
    about: "Whether the first column names the rows, and is kept as text.",
    otherwise: "whether it has no name",
  }),
  encoding: encodingOption,
  decimal: choice([".", ","], {
    about: "What stands before the fraction of a number.",
    otherwise: "a point, or a comma where every fraction is written with one",
  }),
  thousands: choice([",", ".", " ", "'", "_"], {
    about: "What may stand between groups of digits.",
    otherwise: "nothing",
  }),
  comment: text({ about: "What a line begins with that is left out.", otherwise: "none" }),
  missing: choice(["error", "nan", "drop", "mean"], {
    about: "What a missing cell becomes: an error, NaN, its row left out, or the mean of its column.",
    default: "error",
  }),
  missingWords: names({
    about: "Cells that are missing too, besides empty ones, ?, NA, NaN, null and the like.",
    default: [],
  }),
  textColumns: names({ about: "Columns to keep as text; * for all that are not numeric.", default: [] }),
  categories: names({
    about: "Columns that become one of ones and zeros for each of their values; * for all that are not numeric.",
    default: [],
  }),
};

/** The options as {@linkcode parseCsv} goes by them: what is recognised may be absent. */
export type CsvSettings = Resolved<
  CsvOptions,
  "delimiter" | "header" | "index" | "encoding" | "decimal" | "thousands" | "comment"
>;
