/**
 * Weka's attribute-relation files: attributes with types, then rows in the order of the attributes, dense or sparse.
 */

import { FormatError } from "./errors.ts";
import { type Matrix, matrix } from "../solvers/core/matrix.ts";

/** A column of an ARFF file. */
export interface ArffAttribute {
  /** Name, without its quotes. */
  readonly name: string;
  /** The values of a nominal attribute, in the order of their codes; absent for a numeric one. */
  readonly values?: readonly string[];
}

/** An ARFF file whose attributes are numeric or nominal. */
export interface ArffRelation {
  /** Name of the relation. */
  readonly relation: string;
  /** The columns, in order. */
  readonly attributes: readonly ArffAttribute[];
  /** `[rows, attributes]` in f64: numbers, codes 0, 1, ... of nominal values, NaN where the file has `?`. */
  readonly matrix: Matrix;
}

/**
 * Reads a file.
 *
 * @param source Text, or UTF-8 bytes.
 * @throws {FormatError} naming the line, for what the format forbids and for text and date attributes
 *
 * @example
 * ```ts
 * import { parseArff } from "@minima/minima";
 * const file = "@relation r\n@attribute x numeric\n@attribute y {no, yes}\n@data\n1.5, yes\n?, no\n";
 * const { attributes, matrix } = parseArff(file);
 * if (attributes[1].values?.[1] !== "yes" || matrix.data[1] !== 1) throw new Error("wrong codes");
 * ```
 */
export function parseArff(source: string | Uint8Array): ArffRelation {
  const text = typeof source === "string" ? source : new TextDecoder().decode(source.slice());
  const attributes: ArffAttribute[] = [];
  const rows: Float64Array[] = [];
  let relation = "", inData = false;
  text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/).forEach((content, index) => {
    const line = content.trim();
    if (line === "" || line.startsWith("%")) return;
    const refuse = (problem: string) => new FormatError("arff", `line ${index + 1}`, problem);
    if (inData) {
      rows.push(readRow(line, attributes, refuse));
      return;
    }
    const [, keyword, rest] = /^@(\w+)\s*(.*)$/.exec(line) ?? [];
    switch (keyword?.toLowerCase()) {
      case "relation":
        relation = scan(rest, refuse).next(/\s/);
        break;
      case "attribute":
        attributes.push(readAttribute(rest, refuse));
        break;
      case "data":
        inData = true;
        break;
      default:
        throw refuse("must be @relation, @attribute or @data");
    }
  });
  if (!inData) throw new FormatError("arff", "the file", "has no @data");
  const result = matrix(rows.length, attributes.length);
  rows.forEach((row, i) => result.data.set(row, i * attributes.length));
  return { relation, attributes, matrix: result };
}

type Refuse = (problem: string) => FormatError;

function readAttribute(rest: string, refuse: Refuse): ArffAttribute {
  const words = scan(rest, refuse);
  const name = words.next(/[\s{]/);
  const type = words.rest();
  if (name === "" || type === "") throw refuse("must be @attribute NAME TYPE");
  if (/^(?:numeric|real|integer)$/i.test(type)) return { name };
  if (!/^\{.*\}$/.test(type)) throw refuse(`gives "${name}" the type ${type}; numeric and nominal ones are read`);
  return { name, values: readValues(type.slice(1, -1), refuse) };
}

function readRow(line: string, attributes: readonly ArffAttribute[], refuse: Refuse): Float64Array {
  const row = new Float64Array(attributes.length);
  const set = (column: number, value: string) => {
    const { name, values } = attributes[column];
    row[column] = value === "?" ? NaN : values ? values.indexOf(value) : Number(value);
    if (value !== "?" && (values ? row[column] < 0 : value === "" || !Number.isFinite(row[column]))) {
      throw refuse(`has ${JSON.stringify(value)} for "${name}", which is ${values ? `{${values}}` : "numeric"}`);
    }
  };
  if (line.startsWith("{")) {
    if (!line.endsWith("}")) throw refuse("opens a sparse row that it does not close");
    const words = scan(line.slice(1, -1), refuse);
    while (!words.done()) {
      const column = words.next(/\s/);
      if (!/^\d+$/.test(column) || Number(column) >= attributes.length) {
        throw refuse(`has a sparse entry at ${JSON.stringify(column)}; columns are 0 to ${attributes.length - 1}`);
      }
      set(Number(column), words.next(/,/));
      words.skip(",");
    }
    return row;
  }
  const values = readValues(line, refuse);
  if (values.length !== attributes.length) {
    throw refuse(`has ${values.length} values for ${attributes.length} attributes`);
  }
  values.forEach((value, column) => set(column, value));
  return row;
}

/** Values between commas. */
function readValues(text: string, refuse: Refuse): string[] {
  const words = scan(text, refuse);
  const values = [words.next(/,/)];
  while (!words.done()) {
    words.skip(",");
    values.push(words.next(/,/));
  }
  return values;
}

/** Walks over words, which may stand in single or double quotes with backslash escapes. */
function scan(text: string, refuse: Refuse) {
  let at = 0;
  const skipSpace = () => {
    while (/\s/.test(text.charAt(at))) at++;
  };
  return {
    done(): boolean {
      skipSpace();
      return at >= text.length;
    },
    rest: (): string => text.slice(at).trim(),
    skip(character: string): void {
      skipSpace();
      if (at < text.length && text[at++] !== character) throw refuse(`has ${text[at - 1]} where ${character} belongs`);
    },
    /** The word up to a character that matches `stop`, which is left. */
    next(stop: RegExp): string {
      skipSpace();
      const quote = text[at];
      let word = "";
      if (quote === "'" || quote === '"') {
        for (at++; text[at] !== quote; at++) {
          if (text[at] === "\\") at++;
          if (at >= text.length) throw refuse("opens a quote that it does not close");
          word += text[at];
        }
        at++;
        return word;
      }
      while (at < text.length && !stop.test(text[at])) word += text[at++];
      return word.trim();
    },
  };
}
