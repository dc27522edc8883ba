/** Dates as text, by the patterns of Java's `SimpleDateFormat` that ARFF files name. */

/** Weka's pattern where a file names none. */
export const isoPattern = "yyyy-MM-dd'T'HH:mm:ss";

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

interface Parts {
  year: number;
  /** From 0. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  millisecond: number;
  afternoon?: boolean;
  /** Minutes ahead of UTC. */
  zone: number;
}

interface Field {
  readonly source: string;
  take(parts: Parts, text: string): void;
}

const number = (name: "day" | "hour" | "minute" | "second" | "millisecond", digits = 2): Field => ({
  source: `\\d{1,${digits}}`,
  take: (parts, text) => parts[name] = Number(text),
});

/** Letters of a pattern, by what they mean when they stand `count` times. */
const letters: { readonly [letter: string]: (count: number) => Field } = {
  // Two digits are 1969 to 2068, as POSIX has it.
  y: (count) => ({
    source: count === 2 ? "\\d{2}" : "\\d{1,4}",
    take: (parts, text) => parts.year = Number(text) + (count === 2 ? Number(text) < 69 ? 2000 : 1900 : 0),
  }),
  M: (count) =>
    count >= 3
      ? { source: "[A-Za-z]+", take: (parts, text) => parts.month = months.indexOf(text.slice(0, 3).toLowerCase()) }
      : { source: "\\d{1,2}", take: (parts, text) => parts.month = Number(text) - 1 },
  d: () => number("day"),
  H: () => number("hour"),
  h: () => ({ source: "0?[1-9]|1[0-2]", take: (parts, text) => parts.hour = Number(text) % 12 }),
  m: () => number("minute"),
  s: () => number("second"),
  S: () => number("millisecond", 3),
  a: () => ({ source: "[AaPp][Mm]", take: (parts, text) => parts.afternoon = /^p/i.test(text) }),
  E: () => ({ source: "[A-Za-z]+", take() {} }),
  z: () => zone,
  Z: () => zone,
  X: () => zone,
};

const zone: Field = {
  source: "Z|UTC|GMT|[+-]\\d{2}(?::?\\d{2})?",
  take(parts, text) {
    const [, sign, hours, minutes = "0"] = /^([+-])(\d{2}):?(\d{2})?$/.exec(text) ?? [];
    if (sign) parts.zone = (sign === "-" ? -1 : 1) * (60 * Number(hours) + Number(minutes));
  },
};

/**
 * A reader of dates: milliseconds since 1970-01-01 in UTC, which also holds where the text names no zone; NaN for what is
 * no date of the pattern. Undefined for a pattern with letters that are not known.
 */
export function dateReader(pattern: string): ((text: string) => number) | undefined {
  const fields: Field[] = [];
  let source = "";
  for (const [piece, quoted, run] of pattern.matchAll(/'((?:[^']|'')*)'|([A-Za-z])\2*|[^]/g)) {
    if (quoted !== undefined) source += escaped(quoted === "" ? "'" : quoted.replaceAll("''", "'"));
    else if (run === undefined) source += escaped(piece);
    else if (!(run in letters)) return undefined;
    else {
      const field = letters[run](piece.length);
      fields.push(field);
      source += `(${field.source})`;
    }
  }
  const expression = new RegExp(`^${source}$`);
  return (text) => {
    const found = expression.exec(text.trim());
    if (!found) return NaN;
    const parts: Parts = { year: 1970, month: 0, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0, zone: 0 };
    fields.forEach((field, i) => field.take(parts, found[i + 1]));
    return timeOf(parts);
  };
}

/** NaN for the 30th of February, and the like. */
function timeOf({ year, month, day, hour, minute, second, millisecond, afternoon = false, zone }: Parts): number {
  if (month < 0 || hour > 23 || minute > 59 || second > 59) return NaN;
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return NaN;
  date.setUTCHours(afternoon && hour < 12 ? hour + 12 : hour, minute, second, millisecond);
  return date.getTime() - 60_000 * zone;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
