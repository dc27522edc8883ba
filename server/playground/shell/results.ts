/** What was found, as elements. */

import type { Figure, Findings, TableFigure } from "../panel.ts";
import { make, sentence } from "./elements.ts";
import { movedElement } from "./moved.ts";
import { pictureFrame } from "./pictures.ts";

/** The elements of findings. */
export function findingsElements({ summary, figures, moved, remarks = [] }: Findings): HTMLElement[] {
  return [
    make("div", { class: "summary" }, ...summary.map((text) => make("p", {}, ...sentence(text)))),
    ...remarks.length > 0
      ? [make("ul", { class: "remarks" }, ...remarks.map((text) => make("li", {}, ...sentence(text))))]
      : [],
    ...moved ? [movedElement(moved, figureElement)] : [],
    make("div", { class: "figures" }, ...figures.map(figureElement)),
  ];
}

function figureElement(figure: Figure): HTMLElement {
  const about = figure.about === undefined ? [] : [make("p", { class: "hint" }, ...sentence(figure.about))];
  if ("picture" in figure) {
    return make("figure", { class: figure.wide ? "wide" : undefined }, pictureFrame(figure), ...about);
  }
  if ("texts" in figure) {
    const texts = figure.texts.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)]);
    return make("figure", { class: "wide" }, make("figcaption", {}, figure.title), make("dl", {}, ...texts), ...about);
  }
  return make(
    "figure",
    { class: figure.bars || figure.head.length > 3 ? "wide" : undefined },
    make("figcaption", {}, figure.title),
    make("div", { class: "scrolled", tabindex: "0", role: "region", "aria-label": figure.title }, tableElement(figure)),
    ...about,
  );
}

function tableElement({ head, rows, bars, best }: TableFigure): HTMLTableElement {
  const withBar = (cells: HTMLElement[], bar: HTMLElement) => bars ? [cells[0], bar, ...cells.slice(1)] : cells;
  const heading = withBar(
    head.map((title) => make("th", { scope: "col" }, title)),
    make("td", { class: "bar", "aria-hidden": "true" }),
  );
  const body = rows.map((cells, i) => {
    const made = cells.map((text, j) => j === 0 ? make("th", { scope: "row" }, text) : make("td", {}, text));
    // A meter would do, but browsers differ in how it can be coloured.
    const bar = make("td", { class: "bar", "aria-hidden": "true" }, barElement(bars?.[i] ?? 0));
    return make("tr", { class: i === best ? "best" : undefined }, ...withBar(made, bar));
  });
  return make("table", {}, make("thead", {}, make("tr", {}, ...heading)), make("tbody", {}, ...body));
}

function barElement(share: number): SVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg"), rect = document.createElementNS(namespace, "rect");
  for (const [name, value] of Object.entries({ width: `${100 * share}%`, height: "100%", rx: 3 })) {
    rect.setAttribute(name, String(value));
  }
  svg.append(rect);
  return svg;
}
