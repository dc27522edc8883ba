/** Findings that follow sliders. */

import type { Figure, MovedFindings } from "../panel.ts";
import { freshId, make, sentence } from "./elements.ts";
import { redrawPicture, releasePictures } from "./pictures.ts";

/** Sliders, and what follows of them: drawn again with the next frame after a move. */
export function movedElement(
  { sliders, at }: MovedFindings,
  figureElement: (figure: Figure) => HTMLElement,
): HTMLElement {
  const values: Record<string, number> = {};
  const fields = Object.entries(sliders).map(([name, { title, values: places, begin, text }]) => {
    const id = freshId("slider"), output = make("output", { for: id });
    const input = make("input", { id, name, type: "range", min: 0, max: places.length - 1, step: 1, value: begin });
    const read = () => {
      values[name] = places[Number(input.value)];
      output.textContent = text(values[name]);
      // The place says nothing to those who hear it.
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.addEventListener("input", () => {
      read();
      schedule();
    });
    read();
    return make("div", { class: "field" }, make("label", { for: id }, title, " ", output), input);
  });

  const first = at(values), summary = make("div", { class: "summary" });
  const figures = make("div", { class: "figures" }, ...first.figures.map(figureElement));
  tell(first.summary);
  let scheduled = false;

  function tell(sentences: readonly string[]): void {
    summary.replaceChildren(...sentences.map((text) => make("p", {}, ...sentence(text))));
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      const next = at(values);
      tell(next.summary);
      next.figures.forEach((figure, i) => {
        const before = figures.children[i];
        if ("picture" in figure) redrawPicture(before.querySelector<HTMLElement>(".picture")!, figure);
        else {
          releasePictures(before);
          before.replaceWith(figureElement(figure));
        }
      });
    });
  }

  return make(
    "section",
    { class: "moved", "aria-label": "Moved by hand" },
    make("div", { class: "sliders" }, ...fields),
    summary,
    figures,
  );
}
