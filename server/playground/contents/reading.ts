/** How a table is written, where it cannot be recognised: the options of `readTable`, as the page offers them. */

import { type CsvOptions, parseCsvOptions } from "../../../formats/mod.ts";
import { choice } from "../../../solvers/core/options.ts";
import type { OptionForm, Values } from "../panel.ts";

/** What stands between cells, in words: blanks and tabs cannot be seen in a form. */
const delimiters = { comma: ",", semicolon: ";", tab: "\t", blanks: " ", bar: "|", colon: ":" } as const;
/** What stands in numbers, likewise. */
const marks = { point: ".", comma: ",", blank: " ", apostrophe: "'", underscore: "_" } as const;

const words = <W extends Readonly<Record<string, string>>>(of: W) => Object.keys(of) as (keyof W & string)[];

/** What becomes of rows that miss a value in a chosen column. */
export type MissingChoice = "drop" | "mean" | "error";

/** The form of a table of text. */
export const tableReading: OptionForm = {
  table: {
    delimiter: choice(words(delimiters), { about: parseCsvOptions.delimiter.about, otherwise: "recognised" }),
    decimal: choice(["point", "comma"], { about: parseCsvOptions.decimal.about, otherwise: "recognised" }),
    thousands: choice(words(marks), { about: parseCsvOptions.thousands.about, otherwise: "nothing" }),
    encoding: { ...parseCsvOptions.encoding, otherwise: "utf-8, or by its mark" },
    missing: choice(["drop", "mean", "error"], {
      about:
        "What becomes of rows that miss a value in a chosen column: they are left out, features get the mean of their column, or an error.",
      default: "drop",
    }),
    missingWords: parseCsvOptions.missingWords,
    header: parseCsvOptions.header,
    comment: parseCsvOptions.comment,
  },
  shown: ["delimiter", "decimal", "thousands", "encoding", "missing", "missingWords", "header", "comment"],
  labels: {
    delimiter: "Between cells",
    decimal: "Decimal sign",
    thousands: "Between thousands",
    missing: "Missing values",
    missingWords: "Words for missing",
    header: "Names in the first line",
    comment: "Comments begin with",
  },
};

/** What was chosen in the form, as `parseCsv` takes it, and what `completeRows` does with missing values. */
export function readingOf({ missing = "drop", delimiter, decimal, thousands, ...rest }: Values) {
  const sign = (of: Readonly<Record<string, string>>, word: unknown) =>
    word === undefined ? undefined : of[String(word)];
  return {
    missing: missing as MissingChoice,
    csv: {
      ...rest,
      delimiter: sign(delimiters, delimiter),
      decimal: sign(marks, decimal),
      thousands: sign(marks, thousands),
    } as CsvOptions,
  };
}
