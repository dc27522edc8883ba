/** Bytes of text files as text, in the encodings that tables come in. */

import { checkKind } from "../solvers/core/kinds.ts";
import { FormatError } from "./errors.ts";
import { choice } from "../solvers/core/options.ts";
import { checkOption } from "../solvers/core/resolve_options.ts";

/** An encoding of text; `"utf-16"` is little-endian unless a byte order mark says otherwise. */
export type Encoding = "utf-8" | "utf-16" | "utf-16le" | "utf-16be" | "latin1" | "windows-1252";

const encodings: readonly Encoding[] = ["utf-8", "utf-16", "utf-16le", "utf-16be", "latin1", "windows-1252"];

/** How every reader of text declares its encoding. */
export const encodingOption = choice(encodings, {
  about: "Encoding of the bytes.",
  otherwise: "`utf-8`, or what a byte order mark says",
});

const marks = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
] as const;

/**
 * The text of a file, without its byte order mark.
 *
 * @param format Name of the format, for errors.
 * @param source Text, which stays as it is, or bytes.
 * @throws {FormatError} for bytes that the encoding does not have, and a mark that contradicts it
 */
export function decodeText(format: string, source: string | Uint8Array, encoding: Encoding | undefined): string {
  if (encoding !== undefined) checkOption(encodingOption, encoding, "encoding", format);
  checkKind("source", source, "textOrBytes", `read the ${format} data`);
  if (typeof source === "string") return source.startsWith("\uFEFF") ? source.slice(1) : source;
  const refuse = (problem: string) => new FormatError(format, "the file", problem);
  const [marked, mark] = marks.find(([, bytes]) => bytes.every((byte, i) => source[i] === byte)) ?? [undefined, []];
  const chosen = encoding === "utf-16" ? marked === "utf-16be" ? marked : "utf-16le" : encoding ?? marked ?? "utf-8";
  if (marked !== undefined && marked !== chosen) {
    throw refuse(`begins with the byte order mark of ${marked}, but "encoding" is "${encoding}"`);
  }
  // A copy, because decoders refuse views of shared memory.
  const bytes = source.slice(mark.length);
  switch (chosen) {
    case "latin1":
      return fromBytes(bytes);
    case "windows-1252":
      return fromBytes(bytes).replace(/[\x80-\x9f]/g, (character) => windows1252[character.charCodeAt(0) - 0x80]);
    case "utf-16be":
    case "utf-16le": {
      if (bytes.length % 2 !== 0) throw refuse(`has an odd number of bytes, which ${chosen} does not`);
      if (chosen === "utf-16be") {
        for (let i = 0; i < bytes.length; i += 2) [bytes[i], bytes[i + 1]] = [bytes[i + 1], bytes[i]];
      }
      return decode("utf-16le", bytes) ?? fail(`is not ${chosen}`);
    }
    case "utf-8": {
      const zero = bytes.subarray(0, 4096).indexOf(0);
      if (zero >= 0 && encoding === undefined) {
        throw refuse(`holds zero bytes; set "encoding" to "utf-16${zero % 2 === 0 ? "be" : "le"}" if it is UTF-16`);
      }
      return decode("utf-8", bytes) ?? fail('is not UTF-8; set "encoding" to "windows-1252", for instance');
    }
  }

  function fail(problem: string): never {
    throw refuse(bytes.length > alwaysText ? `has ${bytes.length} bytes, more text than can be read at once` : problem);
  }
}

/** Bytes that no engine refuses for the length of the text that they make: V8's strings end first. */
const alwaysText = 2 ** 29 - 24;

function decode(encoding: "utf-8" | "utf-16le", bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** One character a byte, which is what ISO 8859-1 is; `TextDecoder("latin1")` would be windows-1252. */
function fromBytes(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 8192) parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  return parts.join("");
}

/** What windows-1252 has at 0x80 to 0x9f; five bytes stay controls. */
const windows1252 = "\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f" +
  "\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178";
