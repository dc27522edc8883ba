/** Where the data come from: an example or a file. */

import type { Panel, Values } from "../panel.ts";
import type { Source } from "../protocol.ts";
import { freshId, make, sentence } from "./elements.ts";
import { type Fields, optionFields } from "./option_form.ts";

/** The choice of a source. */
export interface SourceFields {
  readonly element: HTMLElement;
  /** Undefined as long as there is no file. */
  read(): Source | undefined;
}

/** Examples and files of a panel; `changed` is called when another source is chosen. */
export function sourceFields({ examples, files }: Panel<unknown>, changed: () => void): SourceFields {
  const group = freshId("source");
  const parts = new Map<string, { readonly element: HTMLElement; readonly values?: Fields }>();
  for (const { name, about, options } of examples) {
    const values = options && optionFields({ table: options, shown: Object.keys(options) });
    parts.set(name, {
      element: make("div", {}, make("p", { class: "hint" }, ...sentence(about)), ...values ? [values.element] : []),
      values,
    });
  }
  const upload = make("input", { type: "file", name: "upload", accept: files.accept, multiple: files.many });
  const stays = files.many ? "They stay in this page." : "It stays in this page.";
  const drop = make("label", { class: "drop" }, `${files.about}. ${stays}`, upload);
  const folder = make("input", {
    type: "file",
    name: "folder",
    webkitdirectory: true,
    change: () => upload.value = "",
  });
  upload.addEventListener("change", () => folder.value = "");
  const reading = files.reading && optionFields(files.reading);
  parts.set("file", {
    element: make(
      "div",
      {},
      drop,
      ...files.many ? [make("label", { class: "drop" }, "Or a folder that holds them.", folder)] : [],
      ...reading ? [make("details", { class: "more" }, make("summary", {}, "How it is written"), reading.element)] : [],
    ),
    values: reading,
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      const given = (event as DragEvent).dataTransfer?.files;
      if (kind !== "drop" || !given?.length) return;
      upload.files = given;
      upload.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  let chosen = examples[0]?.name ?? "file";
  const show = () => {
    for (const [name, { element }] of parts) {
      element.hidden = name !== chosen;
      // Fields that are out of sight must not keep the form from being sent.
      for (const field of element.querySelectorAll("input, select")) {
        (field as HTMLInputElement).disabled = element.hidden;
      }
    }
  };
  const titles = [
    ...examples.map(({ name, title }) => [name, title] as const),
    ["file", files.many ? "Your files" : "Your file"] as const,
  ];
  const choice = make(
    "div",
    { class: "choice", role: "radiogroup", "aria-label": "Where the data come from" },
    ...titles.map(([name, title]) =>
      make(
        "label",
        {},
        make("input", { type: "radio", name: group, value: name, checked: name === chosen }),
        make("span", {}, title),
      )
    ),
  );
  show();
  const element = make(
    "div",
    {
      change: ({ target }) => {
        const { name, value } = target as HTMLInputElement;
        if (name === group) {
          chosen = value;
          show();
        }
        changed();
      },
    },
    choice,
    ...Array.from(parts.values(), ({ element }) => element),
  );
  return {
    element,
    read() {
      if (chosen !== "file") {
        return { kind: "example", name: chosen, options: parts.get(chosen)!.values?.read() ?? ({} as Values) };
      }
      const given = [...upload.files ?? [], ...folder.files ?? []];
      return given.length > 0 ? { kind: "files", files: given, options: reading?.read() ?? {} } : undefined;
    },
  };
}
