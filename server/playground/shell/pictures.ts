/** Pictures in the page. */

import type { PictureFigure } from "../panel.ts";
import { make } from "./elements.ts";

/** Style sheets of pictures that the page has taken over. */
const adopted = new Set<string>();

/**
 * The element of an SVG document. Its style sheet becomes one of the page, as the page's policy has no place for styles
 * within elements, and is taken out before the text is parsed, which would count as a breach already.
 */
function pictureElement(text: string): SVGElement {
  const bare = text.replace(/<style>([^<]*)<\/style>/g, (_, rules: string) => {
    if (!adopted.has(rules)) {
      adopted.add(rules);
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(rules);
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    }
    return "";
  });
  const parsed = new DOMParser().parseFromString(bare, "image/svg+xml").documentElement;
  return document.importNode(parsed, true) as unknown as SVGElement;
}

/** Smaller than this share of its size, the text of a picture cannot be read: it is scrolled instead. */
const leastScale = 0.8;

const drawn = new Map<Element, { readonly figure: PictureFigure; width: number }>();
const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) fit(target);
});

/** An element that holds a picture as wide as its place. */
export function pictureFrame(figure: PictureFigure): HTMLElement {
  const frame = make("div", { class: "picture" });
  drawn.set(frame, { figure, width: 0 });
  observer.observe(frame);
  return frame;
}

/** Draws another figure in the place of one. */
export function redrawPicture(frame: HTMLElement, figure: PictureFigure): void {
  drawn.set(frame, { figure, width: 0 });
  fit(frame);
}

/** Forgets the pictures within an element that is taken away. */
export function releasePictures(within: Element): void {
  for (const frame of within.querySelectorAll(".picture")) {
    observer.unobserve(frame);
    drawn.delete(frame);
  }
}

function fit(frame: Element): void {
  const state = drawn.get(frame), width = Math.floor(frame.clientWidth);
  if (!state || width === 0 || width === state.width) return;
  state.width = width;
  const picture = pictureElement(state.figure.picture(Math.max(width, 240)));
  const natural = Number(picture.getAttribute("width")), height = Number(picture.getAttribute("height"));
  const scale = Math.max(leastScale, Math.min(1, width / natural));
  picture.setAttribute("width", String(Math.round(natural * scale)));
  picture.setAttribute("height", String(Math.round(height * scale)));
  const overflows = natural * scale > width + 1;
  frame.classList.toggle("scrolled", overflows);
  // What is scrolled must be reached by keys as well.
  if (overflows) frame.setAttribute("tabindex", "0");
  else frame.removeAttribute("tabindex");
  frame.replaceChildren(picture);
}
