/**
 * SVG as text: elements are strings, built by pure functions, so that pictures need no DOM.
 *
 * Colours are classes that set `color`; shapes take it as `currentColor`. The style sheet of a document defines the
 * classes for light and, by `prefers-color-scheme`, for dark, without CSS variables, which viewers outside browsers
 * lack.
 */

/** Attributes by name; an undefined one is left out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** What a colour is for, on light and on dark; the colours of series are told apart by the colour-blind. */
const colours = {
  ink: ["#1f2328", "#e6e8eb"],
  /** For text on strong colours. */
  paper: ["#ffffff", "#16191d"],
  muted: ["#5c636b", "#a3abb4"],
  grid: ["#dfe2e6", "#363c43"],
  positive: ["#2166ac", "#5aa9e6"],
  negative: ["#c8501e", "#f08a5d"],
  "series-0": ["#2166ac", "#5aa9e6"],
  "series-1": ["#c8501e", "#f08a5d"],
  "series-2": ["#1b7f5c", "#4cc49a"],
  "series-3": ["#8a4fa3", "#c790dd"],
  "series-4": ["#8c6d00", "#d9b73e"],
  "series-5": ["#a8325e", "#ee86a9"],
} as const;

/** Names of the colours. */
export type Colour = keyof typeof colours;

/** Number of colours that tell series apart. */
const seriesColours = Object.keys(colours).filter((name) => name.startsWith("series-")).length;

/** The colour of a series; those of later ones come again. */
export function seriesColour(index: number): Colour {
  return `series-${index % seriesColours}` as Colour;
}

/** Space around pictures, and between lines of text. */
export const margin = 16;

/** Size of the text, and the share of it that a letter is wide at most on average. */
export const fontSize = 12;
const letterWidth = 0.62;
/** From one line of text to the next. */
export const lineHeight = 1.6 * fontSize;

/** A width that the text does not exceed, but for unusually wide letters: no font is there to measure. */
export function textWidth(text: string): number {
  let letters = 0;
  // From U+2E80 on, letters of East Asia are squares.
  for (const letter of text) letters += letter.codePointAt(0)! >= 0x2e80 ? 1 / letterWidth : 1;
  return letterWidth * fontSize * letters;
}

/** One decimal: below that, engines may differ. */
function places(value: number): number {
  return Math.round(value * 10) / 10 + 0;
}

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/**
 * Text for SVG and XML, in an element or an attribute. Control characters, which XML has no way to write, are left out.
 */
export function escapeXml(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
    .replace(/[&<>"]/g, (symbol) => escapes[symbol]);
}

/** An element; numbers are rounded to a decimal, children are markup already. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? places(value) : escapeXml(value!)}"`).join("");
  return children.length === 0 ? `<${name}${given}/>` : `<${name}${given}>${children.join("")}</${name}>`;
}

/** A line of text whose middle in height is at `y`; what it says in full, where it is shortened. */
export function label(text: string, x: number, y: number, attributes: Attributes = {}, whole?: string): string {
  const told = whole === undefined ? [] : [tooltip(whole)];
  return element("text", { x, y: y + 0.35 * fontSize, ...attributes }, ...told, escapeXml(text));
}

/** Text that is no wider than `width`: its middle gives way, as names differ at their beginnings and ends. */
export function shortened(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  const letters = [...text];
  for (let kept = letters.length - 1; kept > 2; kept--) {
    const ends = Math.floor(kept / 2),
      short = `${letters.slice(0, kept - ends).join("")}…${letters.slice(-ends).join("")}`;
    if (textWidth(short) <= width) return short;
  }
  return "…";
}

/** A title in as many lines as its words need within `width`, and the height that it takes, with the margin above. */
export function heading(title: string, left: number, width: number): { items: string[]; height: number } {
  const lines = [""];
  for (const word of title.split(" ")) {
    const longer = lines.at(-1) === "" ? word : `${lines.at(-1)} ${word}`;
    // Letters of titles are bold.
    if (lines.at(-1) === "" || 1.06 * textWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  const items = lines.map((line, i) => label(line, left, margin + i * lineHeight, { "font-weight": "600" }));
  return { items, height: margin + (lines.length - 0.4) * lineHeight };
}

/** What a viewer tells when a shape is pointed at. */
export function tooltip(text: string): string {
  return element("title", {}, escapeXml(text));
}

/** A whole picture: where it begins and how large it is, and what it is called and says to those who do not see it. */
export interface Frame {
  readonly left?: number;
  readonly top?: number;
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly description?: string;
}

/** The text of a standalone SVG document, to be inlined in pages as well. */
export function svgDocument(
  { left = 0, top = 0, width, height, title, description }: Frame,
  children: readonly string[],
): string {
  const size = { width: Math.ceil(width), height: Math.ceil(height) };
  const root = element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      class: "minima-picture",
      ...size,
      viewBox: [places(left), places(top), size.width, size.height].join(" "),
      role: "img",
      "aria-label": description === undefined ? title : `${title}: ${description}`,
      "font-family": "system-ui, 'DejaVu Sans', Helvetica, Arial, sans-serif",
      "font-size": fontSize,
      fill: "currentColor",
    },
    "\n",
    [
      tooltip(title),
      ...description === undefined ? [] : [element("desc", {}, escapeXml(description))],
      element("style", {}, styleSheet),
      ...children,
    ].join("\n"),
    "\n",
  );
  return `${root}\n`;
}

// A document of its own scales with its window; within a page, sizes are the page's.
const styleSheet = ":root.minima-picture{max-width:100%;height:auto}" + [0, 1].map((theme) => {
  const rules = [
    `.minima-picture{color:${colours.ink[theme]};background:${colours.paper[theme]}}`,
    ...Object.entries(colours).map(([name, values]) => `.minima-picture .${name}{color:${values[theme]}}`),
  ].join("");
  return theme === 0 ? rules : `@media (prefers-color-scheme:dark){${rules}}`;
}).join("");
