/** A file that is not what its format promises. */
export class FormatError extends Error {
  /** `"FormatError"`. */
  override readonly name = "FormatError";
  /** The format: `safetensors`, `npy`, `csv`, `arff`. */
  readonly format: string;
  /** The part of the file at fault: a header field, a tensor, a line. */
  readonly field: string;

  /** The message reads `Cannot read the <format> data: <field> <problem>.` */
  constructor(format: string, field: string, problem: string) {
    super(`Cannot read the ${format} data: ${field} ${problem}.`);
    this.format = format;
    this.field = field;
  }
}

/** A table of text that is none, or not the one its options say. */
export function csvError(field: string, problem: string): FormatError {
  return new FormatError("csv", field, problem);
}

/** What a file holds, as errors quote it. */
export function clipped(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

/** Names in a message, the first eight of them. */
export function listed(names: readonly string[]): string {
  return names.slice(0, 8).map((name) => clipped(name)).join(", ") + (names.length > 8 ? ", ..." : "");
}
