/** HTML from templates, in which all text is escaped. @module */

/** Text that is HTML already. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** A template of HTML: what it fills in is escaped, unless it is HTML itself; lists are joined, nothing is left out. */
export function html(parts: TemplateStringsArray, ...values: readonly unknown[]): Html {
  return new Html(parts.map((part, i) => part + (i < values.length ? shown(values[i]) : "")).join(""));
}

/** A sentence in which what stands between backticks is code. */
export function prose(text: unknown): Html {
  const pieces = String(text ?? "").split("`");
  return html`${pieces.map((piece, i) => i % 2 === 1 ? html`<code>${piece}</code>` : piece)}`;
}

function shown(value: unknown): string {
  if (value === undefined) return "";
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return value.map(shown).join("");
  return String(value).replace(/[&<>"']/g, (character) => escapes[character]);
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
