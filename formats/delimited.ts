/** Lines of cells: RFC 4180 and its relatives, with the delimiter recognised where it is not given. */

import type { FormatError } from "./errors.ts";

/** A line of a table. */
export interface DelimitedRow {
  /** Number of the line where it begins, from 1. */
  readonly line: number;
  /** The cells, without quotes, with the blanks around them. */
  readonly cells: readonly string[];
}

/** How cells are told apart. */
export interface Separation {
  /** What stands between cells; a blank stands for any run of blanks and tabs. */
  readonly delimiter: string;
  /** What a line begins with that is left out. */
  readonly comment?: string;
}

type Refuse = (field: string, problem: string) => FormatError;

const lineEnds = /\r\n|\n|\r/;
const candidates = ["\t", ";", "|", ",", "::", " "];
const looksNumeric = /^[+-]?(?:\d[\d.,]*|[.,]\d+)(?:[eE][+-]?\d+)?\s?%?$/;

/**
 * What stands between the cells: the candidate that lines have equally often, and with which most cells are numbers.
 * A first line that has one less leaves out the name of an index.
 *
 * @param comment What a line begins with that is left out.
 * @param decimal What stands before the fraction of a number: a comma stands between cells too only where quotes tell.
 */
export function detectDelimiter(text: string, comment?: string, decimal?: "." | ","): string {
  const start = text.slice(0, 65536), excluded = decimal === "," && !/"[^"\n]*,[^"\n]*"/.test(start) ? "," : undefined;
  const lines = start.replace(/"([^"]*)"/g, (_, inside) => /^[\w.+-]+$/.test(inside) ? inside : '""').split(lineEnds)
    .filter((line) => line.trim() !== "" && !(comment !== undefined && line.trimStart().startsWith(comment)));
  const sample = (text.length > 65536 ? lines.slice(0, -1) : lines).slice(0, 20);
  let best = { delimiter: excluded === "," ? ";" : ",", score: 0 };
  for (const delimiter of candidates.filter((candidate) => candidate !== excluded)) {
    const split = sample.map((line) => delimiter === " " ? line.trim().split(/[ \t]+/) : line.split(delimiter));
    const counts = split.map((cells) => cells.length), usual = mostFrequent(counts.slice(1)) ?? counts[0] ?? 1;
    if (usual < 2 || counts[0] < 2 || counts[0] !== usual && counts[0] !== usual - 1 && counts.length > 2) continue;
    const agreeing = counts.filter((count, i) => count === usual || i === 0 && count === usual - 1).length;
    const cells = split.slice(sample.length > 1 ? 1 : 0).flat().filter((cell) => cell.trim() !== "");
    const numeric = cells.filter((cell) => looksNumeric.test(cell.trim())).length / Math.max(1, cells.length);
    const score = agreeing / counts.length + numeric;
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}

function mostFrequent(counts: readonly number[]): number | undefined {
  const times = new Map<number, number>();
  for (const count of counts) times.set(count, (times.get(count) ?? 0) + 1);
  return [...times].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/**
 * Splits text into rows of cells. Empty lines and comments are left out; a quoted cell may hold everything, quotes
 * doubled.
 *
 * @param refuse Makes the error to throw for a quote that stands where none can.
 * @param most Rows to read; the rest of the text is not looked at.
 */
export function splitRows(
  text: string,
  { delimiter, comment }: Separation,
  refuse: Refuse,
  most = Infinity,
): DelimitedRow[] {
  const rows: DelimitedRow[] = [];
  const blanks = delimiter === " ";
  let line = 1, at = 0;
  while (at < text.length && rows.length < most) {
    if (comment !== undefined && text.startsWith(comment, afterBlanks(at))) {
      at = endOfLine(at);
    } else {
      const cells: string[] = [];
      const begin = line;
      let quoted = false;
      if (blanks) at = afterBlanks(at);
      for (;;) {
        const start = afterBlanks(at);
        if (text[start] === '"') {
          quoted = true;
          cells.push(readQuoted(start));
        } else cells.push(readPlain());
        if (blanks) at = afterBlanks(at);
        if (blanks ? atLineEnd(at) : !text.startsWith(delimiter, at)) break;
        if (!blanks) at += delimiter.length;
      }
      if (quoted || cells.length > 1 || cells[0].trim() !== "") rows.push({ line: begin, cells });
    }
    at += text[at] === "\r" && text[at + 1] === "\n" ? 2 : 1;
    line++;
  }
  return rows;

  function readQuoted(start: number): string {
    const opened = line;
    const parts: string[] = [];
    at = start;
    for (;;) {
      const close = text.indexOf('"', at + 1);
      if (close < 0) throw refuse(`line ${opened}`, "opens a quote that is never closed");
      parts.push(text.slice(at + 1, close));
      at = close + 1;
      if (text[at] !== '"') break;
    }
    const cell = parts.join('"');
    line += cell.split(lineEnds).length - 1;
    const after = afterBlanks(at);
    // With blanks between cells, a quoted one must be followed by one.
    if (blanks ? !atLineEnd(at) && after === at : !atLineEnd(after) && !text.startsWith(delimiter, after)) {
      throw refuse(`line ${line}`, `has ${JSON.stringify(text[after])} after a closing quote`);
    }
    at = after;
    return cell;
  }

  function readPlain(): string {
    const begin = at, first = delimiter.charCodeAt(0);
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 10 || code === 13) break;
      if (code === 34) throw refuse(`line ${line}`, "has a quote inside a cell that does not start with one");
      if (code === first && (delimiter.length === 1 || text.startsWith(delimiter, at)) || blanks && code === 9) break;
    }
    return text.slice(begin, at);
  }

  /** A tab is a blank unless it is the delimiter. */
  function afterBlanks(from: number): number {
    while (text[from] === " " || text[from] === "\t" && delimiter !== "\t") from++;
    return from;
  }

  function atLineEnd(index: number): boolean {
    return index >= text.length || text[index] === "\n" || text[index] === "\r";
  }

  function endOfLine(from: number): number {
    while (!atLineEnd(from)) from++;
    return from;
  }
}
