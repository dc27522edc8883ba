/** What the tests ask of SVG documents. */

import assert from "node:assert/strict";

/** An element in the order of the document: its attributes, and the text directly inside it. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  text: string;
}

/**
 * The elements of a document; fails where it is not well-formed: tags that do not match, bare `&` or `<`, attributes
 * twice.
 */
function parseXml(text: string): Element[] {
  const found: Element[] = [], open: Element[] = [];
  const token = /<(\/?)([A-Za-z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  let end = 0;
  for (const match of text.matchAll(token)) {
    end = match.index + match[0].length;
    const [, closing, name, attributes, empty, content] = match;
    if (content !== undefined) {
      assert.doesNotMatch(content, /&(?!(?:amp|lt|gt|quot);)/);
      if (open.length > 0) open.at(-1)!.text += content;
      else assert.equal(content.trim(), "");
    } else if (closing) assert.equal(open.pop()?.name, name);
    else {
      assert.ok(found.length === 0 || open.length > 0, "one root");
      const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value] as const);
      const element = { name, attributes: Object.fromEntries(pairs), text: "" };
      assert.equal(Object.keys(element.attributes).length, pairs.length);
      for (const [, value] of pairs) assert.doesNotMatch(value, /&(?!(?:amp|lt|gt|quot);)/);
      found.push(element);
      if (!empty) open.push(element);
    }
  }
  assert.equal(end, text.length, `not XML: ${text.slice(end, end + 80)}`);
  assert.deepEqual(open, []);
  return found;
}

/** What holds for every picture: well-formed, a title, a view box, no NaN or infinity, text inside the view. */
export function checkPicture(picture: string): Element[] {
  const elements = parseXml(picture), [root] = elements;
  assert.equal(root.name, "svg");
  assert.equal(elements[1].name, "title");
  assert.doesNotMatch(picture, /NaN|Infinity|undefined|null/);
  const [left, top, width, height] = root.attributes.viewBox.split(" ").map(Number);
  assert.deepEqual([root.attributes.width, root.attributes.height], [String(width), String(height)]);
  for (const { name, attributes, text } of elements) {
    if (name !== "text") continue;
    // Six tenths of the size is about the mean width of a letter; a turned label grows up from where it is.
    const moved = /translate\((\S+) (\S+)\)/.exec(attributes.transform ?? "");
    const x = Number(attributes.x) + Number(moved?.[1] ?? 0), y = Number(attributes.y) + Number(moved?.[2] ?? 0);
    const length = 0.6 * 12 * text.replace(/&\w+;/g, "_").length;
    const before = { middle: length / 2, end: length }[attributes["text-anchor"]] ?? 0;
    const [from, to] = moved ? [y - length + before, y + before] : [x - before, x - before + length];
    const [start, size] = moved ? [top, height] : [left, width];
    assert.ok(from >= start - 1 && to <= start + size + 1, `"${text}" from ${from} to ${to} of ${start}, ${size}`);
    assert.ok(y >= top && y <= top + height && x >= left && x <= left + width, text);
  }
  return elements;
}
