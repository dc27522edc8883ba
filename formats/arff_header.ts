/** What comes before the rows of an ARFF file. */

import { type Refuse, type Words, wordsOf } from "./arff_words.ts";
import { dateReader, isoPattern } from "./date_text.ts";
import { clipped, FormatError } from "./errors.ts";

/** A column of an ARFF file. */
export interface ArffAttribute {
  /** Name, without its quotes. */
  readonly name: string;
  /** The values of a nominal attribute, in the order of their codes; absent for a numeric one. */
  readonly values?: readonly string[];
  /** The pattern of a date, whose numbers are milliseconds since 1970 in UTC; absent for others. */
  readonly dates?: string;
}

/** The head of a file, and where its rows begin. */
export interface ArffHeader {
  readonly relation: string;
  readonly attributes: readonly ArffAttribute[];
  /** Index of the line with `@data`. */
  readonly dataLine: number;
  /** What follows it there. */
  readonly rest: string;
}

/**
 * Reads the lines up to `@data`.
 *
 * @param asText Names of the attributes to be kept as text; with `*`, those that are not numeric are added.
 * @param refuseAt Makes errors about the line of an index.
 */
export function arffHeader(
  lines: readonly string[],
  asText: Set<string>,
  refuseAt: (index: number) => Refuse,
): ArffHeader {
  const attributes = new Map<string, ArffAttribute>();
  let relation = "";
  for (const [index, line] of lines.entries()) {
    const refuse = refuseAt(index);
    if (wordsOf(line, refuse).done()) continue;
    const [whole, keyword] = /^\s*@(\w+)/.exec(line) ?? [""];
    const rest = line.slice(whole.length), words = wordsOf(rest, refuse);
    switch (keyword?.toLowerCase()) {
      case "relation":
        relation = words.next("").text;
        break;
      case "attribute": {
        const attribute = readAttribute(words, asText, refuse);
        if (attributes.has(attribute.name)) throw refuse(`names "${clipped(attribute.name)}" a second time`);
        attributes.set(attribute.name, attribute);
        break;
      }
      case "data":
        return { relation, attributes: [...attributes.values()], dataLine: index, rest };
      // KEEL says which attributes are inputs and outputs.
      case "input":
      case "inputs":
      case "output":
      case "outputs":
        break;
      default:
        throw refuse("must be @relation, @attribute or @data");
    }
  }
  throw new FormatError("arff", "the file", "has no @data");
}

function readAttribute(words: Words, asText: Set<string>, refuse: Refuse): ArffAttribute {
  const name = words.next("{");
  if (name.text === "" && !name.quoted || words.done()) throw refuse("must be @attribute NAME TYPE");
  if (words.peek() === "{") {
    const values = readValues(words, refuse);
    if (!words.done()) throw refuse(`goes on after the values of "${clipped(name.text)}"`);
    if (asText.has("*")) asText.add(name.text);
    return { name: name.text, values };
  }
  const { text: type } = words.next("{[(");
  switch (type.toLowerCase()) {
    case "numeric":
    case "real":
    case "integer":
      // A range, which some programs add: [0, 1].
      if (/[[(]/.test(words.peek()) && !/[\])]$/.test(words.phrase("").text)) {
        throw refuse("has a range without its end");
      }
      if (!words.done()) throw refuse(`goes on after the type of "${clipped(name.text)}"`);
      return { name: name.text };
    case "date": {
      const { text: dates } = words.done() ? { text: isoPattern } : words.phrase("");
      if (!words.done()) throw refuse(`goes on after the type of "${clipped(name.text)}"`);
      if (asText.has("*")) asText.add(name.text);
      if (asText.has(name.text)) return { name: name.text };
      if (dateReader(dates) === undefined) {
        throw refuse(
          `gives "${clipped(name.text)}" dates of the pattern ${JSON.stringify(clipped(dates))}, in which not every ` +
            'letter is known; they are read as text if "textColumns" names them',
        );
      }
      return { name: name.text, dates };
    }
    case "string":
      if (asText.has("*")) asText.add(name.text);
      if (asText.has(name.text)) return { name: name.text };
      throw refuse(
        `gives "${clipped(name.text)}" the type string; numbers, dates and nominal ones are read, ` +
          'and others as text if "textColumns" names them',
      );
    default:
      throw refuse(`gives "${clipped(name.text)}" the type ${clipped(type)}; numeric and nominal ones are read`);
  }
}

/** The values between braces: between commas, or between blanks where there are no commas. */
function readValues(words: Words, refuse: Refuse): string[] {
  const found: { text: string; quoted: boolean }[] = [];
  let commas = 0;
  words.take("{");
  while (words.peek() !== "}") {
    if (words.done()) throw refuse("opens a brace that it does not close");
    const word = words.phrase(",}");
    if (word.text === "" && !word.quoted) throw refuse("has an empty value without quotes");
    found.push(word);
    if (words.peek() === ",") {
      commas++;
      words.take(",");
      if (words.peek() === "}") throw refuse("has an empty value without quotes");
    } else if (words.peek() !== "}" && !word.quoted && !words.done()) words.take(",");
  }
  words.take("}");
  const [only] = found;
  const values = commas === 0 && found.length === 1 && !only.quoted
    ? only.text.split(/\s+/)
    : found.map(({ text }) => text);
  const known = new Set<string>();
  for (const value of values) {
    if (known.size === known.add(value).size) throw refuse(`has the value ${JSON.stringify(clipped(value))} twice`);
  }
  return values;
}
