/** The words of a line of an ARFF file: quoted ones, plain ones, and the comment at its end. */

import type { FormatError } from "./errors.ts";

/** Makes the error about a line. */
export type Refuse = (problem: string) => FormatError;

/** A word, and whether it stood in quotes: a quoted `?` is a value like any other. */
export interface Word {
  readonly text: string;
  readonly quoted: boolean;
}

/** Walks over the words of a line. */
export interface Words {
  /** Whether nothing but a comment is left. */
  done(): boolean;
  /** The next character after blanks; empty at the end. */
  peek(): string;
  /** Takes a character that must come next. */
  take(character: string): void;
  /** Takes what stands between values: a comma, or a tab. */
  separate(): void;
  /** A word up to a blank or one of `ends`. */
  next(ends: string): Word;
  /** A word up to one of `ends`, with the blanks inside. */
  phrase(ends: string): Word;
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

/** @param refuse Makes the error for a quote that is not closed, and the like. */
export function wordsOf(line: string, refuse: Refuse): Words {
  let at = 0;
  return {
    done: () => peek() === "",
    peek,
    take,
    separate() {
      const next = peek();
      if (next === "," || !/\t[^\S\t]*$/.test(line.slice(Math.max(0, at - 64), at))) take(",");
    },
    next: (ends) => word(`${ends} \t`),
    phrase: (ends) => word(ends),
  };

  function peek(): string {
    while (at < line.length && isBlank(line[at])) at++;
    return line[at] === "%" ? "" : line[at] ?? "";
  }

  function take(character: string): void {
    const found = peek();
    if (found !== character) throw refuse(`has ${found || "its end"} where ${character} belongs`);
    at++;
  }

  function word(ends: string): Word {
    const first = peek();
    if (first === "'" || first === '"') return { text: quoted(first), quoted: true };
    const begin = at;
    let end = at;
    for (; at < line.length && !ends.includes(line[at]); at++) {
      if (line[at] === "%") {
        // Weka would end the word here and lose the rest: only where a blank comes before is a comment meant.
        if (at === begin || isBlank(line[at - 1])) break;
        throw refuse(
          `has a % inside ${JSON.stringify(line.slice(begin, at + 1))}: a comment, or a word without quotes`,
        );
      }
      if (!isBlank(line[at])) end = at + 1;
    }
    return { text: line.slice(begin, end), quoted: false };
  }

  function quoted(quote: string): string {
    const parts: string[] = [];
    let from = ++at;
    for (; line[at] !== quote; at++) {
      if (at >= line.length) throw refuse("opens a quote that it does not close");
      if (line[at] !== "\\") continue;
      parts.push(line.slice(from, at));
      const [whole, code] = /\\(u[0-9a-fA-F]{4}|[0-3]?[0-7]{1,2}|.)/y.exec(line.slice(at, at + 6)) ?? [];
      if (whole === undefined) throw refuse("opens a quote that it does not close");
      parts.push(unescaped(code));
      at += whole.length - 1;
      from = at + 1;
    }
    parts.push(line.slice(from, at++));
    return parts.join("");
  }
}

function isBlank(character: string): boolean {
  return character === " " || character === "\t" || character.trim() === "";
}

function unescaped(code: string): string {
  if (/^u.{4}$/.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
  if (/^[0-7]+$/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
  return escapes[code] ?? code;
}
