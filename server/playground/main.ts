/** The page: a panel for each system, of which one is seen, and a worker that solves for all of them. */

import { panels } from "./panels/mod.ts";
import type { Reply, Request } from "./protocol.ts";
import { make } from "./shell/elements.ts";
import { type PanelView, panelView } from "./shell/panel_view.ts";

const place = document.getElementById("panel")!, tabs = document.getElementById("tabs")!;
const views = new Map<string, PanelView>();
const links = new Map(
  Object.entries(panels).map(([name, { title }]) => [name, make("a", { href: `#${name}` }, title)]),
);
tabs.append(...links.values());

let worker: Worker | undefined;

function startWorker(): Worker {
  const started = new Worker("/worker.js", { type: "module" });
  started.addEventListener("message", ({ data }: MessageEvent<Reply>) => views.get(data.panel)?.receive(data));
  started.addEventListener("error", (event) => {
    // The next request starts another.
    if (worker === started) worker = undefined;
    started.terminate();
    const message = event.message || "The worker could not start, or ran out of memory.";
    for (const [panel, view] of views) view.receive({ panel, kind: "problem", of: "solve", message });
  });
  return started;
}

function ask(request: Request): void {
  (worker ??= startWorker()).postMessage(request);
}

async function show(): Promise<void> {
  const wanted = location.hash.slice(1), name = Object.hasOwn(panels, wanted) ? wanted : Object.keys(panels)[0];
  for (const [other, link] of links) {
    if (other === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `Minima: ${panels[name].title.toLowerCase()}`;
  try {
    const { panel } = await panels[name].panel();
    if (!views.has(name)) {
      views.set(
        name,
        panelView(name, panel, (request) => ask({ panel: name, ...request } as Request)),
      );
    }
    place.replaceChildren(views.get(name)!.element);
  } catch (error) {
    console.error(error);
    const message = "This panel could not be loaded: the service may have changed since. Load the page again.";
    place.replaceChildren(make("p", { class: "problem", role: "alert" }, message));
  }
}

addEventListener("hashchange", show);
await show();
