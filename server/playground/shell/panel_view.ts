/** One panel in the page: its form, its progress, and its results, which say when they are old. */

import type { Panel } from "../panel.ts";
import { type Reply, type Request, sourceKey } from "../protocol.ts";
import { make, sentence } from "./elements.ts";
import { optionFields } from "./option_form.ts";
import { folderButton } from "./folder.ts";
import { findingsElements } from "./results.ts";
import { releasePictures } from "./pictures.ts";
import { type RoleFields, roleFields } from "./role_form.ts";
import { sourceFields } from "./source_form.ts";

/** A request without the name of its panel. */
type Ask = (request: Request extends infer R ? R extends { panel: string } ? Omit<R, "panel"> : never : never) => void;

/** A panel in the page. */
export interface PanelView {
  readonly element: HTMLElement;
  /** Takes what the worker says. */
  receive(reply: Reply): void;
}

type Reason = { readonly message: string; readonly argument?: string };

/** Builds a panel; `ask` sends its requests to the worker. */
export function panelView(name: string, panel: Panel<unknown>, ask: Ask): PanelView {
  const source = sourceFields(panel, open), options = optionFields(panel.options);
  const roles = make("div", { class: "role-place" });
  const run = make("button", { type: "submit", class: "run" }, panel.action);
  const cancel = make(
    "button",
    { type: "button", class: "cancel", hidden: true, click: () => ask({ kind: "cancel" }) },
    "Cancel",
  );
  const bar = make("progress", { max: 1, value: 0, "aria-label": "Progress" }), stage = make("p", { role: "status" });
  const progress = make("div", { class: "progress", hidden: true }, bar, stage);
  const problem = make("p", { class: "problem", role: "alert", hidden: true });
  const before = make("p", { class: "before" }, ...sentence(panel.before));
  const old = make(
    "p",
    { class: "old-note", role: "status", hidden: true },
    "These results are of what was set before; ",
    make("strong", {}, panel.action.toLowerCase()),
    " again to see those of what is set now.",
  );
  const answer = make("div", { class: "answer" }), downloads = make("p", { class: "downloads" });
  const results = make(
    "section",
    { class: "results", "aria-label": "Results", tabindex: "-1" },
    before,
    old,
    answer,
    downloads,
  );
  const form = make(
    "form",
    { "aria-label": "What to solve", submit, input: compare, change: compare },
    make("p", { class: "about" }, ...sentence(panel.about)),
    make("fieldset", {}, make("legend", {}, "Data"), source.element, roles),
    make("fieldset", {}, make("legend", {}, "Options"), options.element),
    make("div", { class: "actions" }, run, cancel),
    progress,
    problem,
  );
  const element = make("div", { class: "panel", id: `panel-${name}` }, form, results);

  let picked: { readonly key: string; readonly fields: RoleFields } | undefined;
  /** Why the chosen source cannot be read. */
  let unread: Reason | undefined;
  /** What the results belong to, and what is being solved. */
  let shown: string | undefined, asked: string | undefined;
  let urls: string[] = [];
  open();
  return { element, receive };

  /** Looks into the chosen source. */
  function open(): void {
    problem.hidden = true;
    const chosen = source.read();
    roles.replaceChildren();
    picked = unread = undefined;
    const inputs = [...source.element.querySelectorAll("input")];
    if (chosen && inputs.every((input) => input.checkValidity())) ask({ kind: "open", source: chosen });
  }

  function submit(event: Event): void {
    event.preventDefault();
    const chosen = source.read();
    if (!chosen) return fail({ message: "Choose a file first." });
    if (!picked || picked.key !== sourceKey(chosen)) {
      return fail(unread ?? { message: "The data are still being read." });
    }
    const missing = picked.fields.missing();
    if (missing !== undefined) return fail({ message: missing });
    problem.hidden = true;
    progress.hidden = cancel.hidden = false;
    run.disabled = true;
    bar.removeAttribute("value");
    stage.textContent = "";
    asked = state();
    releaseDownloads();
    ask({ kind: "solve", source: chosen, roles: picked.fields.read(), options: options.read() });
  }

  function receive(reply: Reply): void {
    switch (reply.kind) {
      case "fields": {
        const chosen = source.read(), key = sourceKey(reply.source);
        if (!chosen || sourceKey(chosen) !== key) return;
        picked = { key, fields: roleFields(panel.roles, reply.fields) };
        roles.replaceChildren(
          ...reply.remarks.map((remark) => make("p", { class: "hint" }, remark)),
          picked.fields.element,
        );
        // An example made for the roles leaves nothing to choose.
        roles.hidden = chosen.kind === "example" &&
          Object.keys(panel.roles).every((role) => reply.fields.some(({ name }) => name === role));
        return compare();
      }
      case "progress":
        bar.value = reply.fraction;
        stage.textContent = reply.stage;
        return;
      case "answer":
        shown = asked;
        before.hidden = true;
        releasePictures(answer);
        answer.replaceChildren(...findingsElements(panel.draw(reply.answer)));
        return compare();
      case "done":
        idle();
        for (const { name, blob } of reply.files) {
          const url = URL.createObjectURL(blob);
          urls.push(url);
          downloads.append(make("a", { href: url, download: name.replace(/^.*\//, "") }, `Download ${name}`), " ");
        }
        if (reply.files.length > 1) downloads.append(...folderButton(reply.files, (message) => fail({ message })));
        results.focus({ preventScroll: true });
        // In a narrow page they are below the form.
        if (results.getBoundingClientRect().top > 0.7 * innerHeight) results.scrollIntoView();
        return;
      case "cancelled":
        return idle();
      case "problem":
        if (reply.of === "open") unread = reply;
        return fail(reply);
    }
  }

  function idle(): void {
    progress.hidden = cancel.hidden = true;
    run.disabled = false;
  }

  function fail({ message, argument }: Reason): void {
    idle();
    problem.textContent = message;
    problem.hidden = false;
    const control = argument === undefined ? undefined : options.control(argument);
    if (!control) return;
    control.setAttribute("aria-invalid", "true");
    control.focus();
    control.addEventListener("input", () => control.removeAttribute("aria-invalid"), { once: true });
  }

  /** All that an answer depends on. */
  function state(): string {
    const chosen = source.read();
    return JSON.stringify([chosen && sourceKey(chosen), picked?.fields.read(), options.read()]);
  }

  /** Marks results that are of other inputs than those that stand in the form. */
  function compare(): void {
    const isOld = shown !== undefined && state() !== shown;
    results.classList.toggle("old", isOld);
    old.hidden = !isOld;
  }

  function releaseDownloads(): void {
    for (const url of urls) URL.revokeObjectURL(url);
    urls = [];
    downloads.replaceChildren();
  }
}
