/** Numbers as people write them in tables. */

/** How a table writes its numbers. */
export interface NumberStyle {
  /** What stands before the fraction. */
  readonly decimal: "." | ",";
  /** What may stand between groups of digits; none where it is left out. */
  readonly thousands?: "," | "." | " " | "'" | "_";
}

// The parts exclude one another, so that a long run of digits is tried once.
const plain = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * A reader of trimmed cells: the number, NaN where the cell is none, and an infinity where it is beyond the range of
 * f64. `12 %` is 0.12. Neither hexadecimal numbers nor words are taken.
 */
export function numberReader({ decimal, thousands }: NumberStyle): (cell: string) => number {
  const grouped = thousands && groupedDigits(thousands);
  const toPlain = (cell: string) => {
    const text = grouped ? withoutGroups(cell, grouped) : cell;
    return decimal === "." ? text : text.includes(".") ? "" : text.replace(",", ".");
  };
  const simple = decimal === "." && grouped === undefined;
  return (cell) => {
    if (cell.endsWith("%")) return readPercent(toPlain(cell.slice(0, -1).trim()));
    const text = simple ? cell : toPlain(cell);
    return plain.test(text) ? Number(text) : NaN;
  };
}

/** A hundredth, by way of the exponent, so that 12.5 % is the number nearest to 0.125. */
function readPercent(text: string): number {
  if (!plain.test(text)) return NaN;
  const [mantissa, exponent = "0"] = text.split(/[eE]/);
  return Number(`${mantissa}e${Number(exponent) - 2}`);
}

/** Whether a cell is true or false, as pandas and R write it: 1, 0, or NaN for neither. */
export function readTruth(cell: string): number {
  return /^(?:True|TRUE|true)$/.test(cell) ? 1 : /^(?:False|FALSE|false)$/.test(cell) ? 0 : NaN;
}

/** A cell that is a number only with a comma before its fraction: `1,5` and `-0,125`, but not `1,234`. */
export function hasDecimalComma(cell: string): boolean {
  return /^[+-]?(?:\d{4,},\d+|0*,\d+|\d{1,3},(?:\d{1,2}|\d{4,}))(?:[eE][+-]?\d+)?\s?%?$/.test(cell);
}

interface Groups {
  readonly all: RegExp;
  readonly separators: RegExp;
}

/** Groups of three digits, or of two before the last as in India, from one to three in front. */
function groupedDigits(thousands: string): Groups {
  const separator = { ",": ",", ".": "\\.", "_": "_", " ": "[ \\u00a0\\u2009\\u202f]", "'": "['\\u2019]" }[thousands]!;
  return {
    all: new RegExp(`^[+-]?\\d{1,3}(?:${separator}\\d{2,3})*${separator}\\d{3}(?!\\d)`),
    separators: new RegExp(separator, "g"),
  };
}

/** Takes the separators out of the digits before the fraction; text with separators elsewhere is left to be refused. */
function withoutGroups(cell: string, { all, separators }: Groups): string {
  const [digits] = all.exec(cell) ?? [];
  return digits === undefined ? cell : digits.replace(separators, "") + cell.slice(digits.length);
}
