/** Elements of the page, made by one function. */

type Listener = (event: Event) => void;
type Attribute = string | number | boolean | undefined | Listener;

/** An element; `true` is an attribute without a value, `false` and undefined none, a function a listener. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** A sentence with what stands between backticks as code. */
export function sentence(text: string): Node[] {
  return text.split("`").map((part, i) => i % 2 === 1 ? make("code", {}, part) : document.createTextNode(part));
}

let ids = 0;

/** An id that no element has yet. */
export function freshId(prefix: string): string {
  return `${prefix}-${++ids}`;
}
