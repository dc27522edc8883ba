/** Which columns or tensors are used for what. */

import type { Field, Role } from "../panel.ts";
import { freshId, make } from "./elements.ts";

/** The choice of fields for roles. */
export interface RoleFields {
  readonly element: HTMLElement;
  /** Names of fields by role. */
  read(): Readonly<Record<string, readonly string[]>>;
  /** What is still to be chosen, in words. */
  missing(): string | undefined;
}

/** More fields than this are found by typing. */
const filterFrom = 12;

/** Pickers for the roles of a panel, over the fields of a source. */
export function roleFields(roles: Readonly<Record<string, Role>>, fields: readonly Field[]): RoleFields {
  const taken: string[] = [], pickers = new Map<string, Picker>();
  for (const [name, role] of Object.entries(roles)) {
    const { kinds = ["numbers", "tensor"] } = role;
    const offered = fields.filter(({ kind }) => kinds.includes(kind));
    const free = offered.filter((field) => !taken.includes(field.name)).map((field) => field.name);
    const chosen = role.choose?.(offered, taken) ??
      (role.optional ? [] : role.many ? offered.map(({ name }) => name) : free.slice(0, 1));
    if (!role.many) taken.push(...chosen);
    pickers.set(name, role.many ? manyPicker(name, role, offered, chosen) : onePicker(name, role, offered, chosen));
  }
  // A field that is the only one of its role is not among those of a role of many.
  const apart = () => {
    const single = new Set(Object.entries(roles).flatMap(([name, { many }]) => many ? [] : pickers.get(name)!.read()));
    for (const picker of pickers.values()) picker.exclude?.(single);
  };
  apart();
  const element = make(
    "div",
    { class: "roles", change: apart },
    ...Array.from(pickers.values(), ({ element }) => element),
  );
  return {
    element,
    read: () => Object.fromEntries(Array.from(pickers, ([name, picker]) => [name, picker.read()])),
    missing() {
      for (const [name, { optional, title, many }] of Object.entries(roles)) {
        if (optional || pickers.get(name)!.read().length > 0) continue;
        return `${title}: choose ${many ? "one or more" : "one"} first.`;
      }
      return undefined;
    },
  };
}

interface Picker {
  readonly element: HTMLElement;
  read(): readonly string[];
  exclude?(names: ReadonlySet<string>): void;
}

function onePicker(
  name: string,
  { title, optional }: Role,
  fields: readonly Field[],
  chosen: readonly string[],
): Picker {
  const id = freshId("role");
  const at = fields.findIndex((field) => field.name === chosen[0]);
  const none = optional
    ? [make("option", { value: "" }, "none")]
    : at < 0
    ? [make("option", { value: "" }, "choose")]
    : [];
  const select = make(
    "select",
    { id, name },
    ...none,
    ...fields.map((field, i) =>
      make("option", { value: i }, field.about ? `${field.name} (${field.about})` : field.name)
    ),
  );
  select.value = at < 0 ? "" : String(at);
  // Names are shown whole below, however long: a closed select cuts them.
  const whole = make("output", { class: "whole", for: id });
  const show = () =>
    whole.textContent = fields[Number(select.value)]?.name.length > 24 && select.value !== ""
      ? fields[Number(select.value)].name
      : "";
  select.addEventListener("change", show);
  show();
  return {
    element: make("div", { class: "field" }, make("label", { for: id }, title), select, whole),
    read: () => select.value === "" ? [] : [fields[Number(select.value)].name],
  };
}

function manyPicker(name: string, { title }: Role, fields: readonly Field[], chosen: readonly string[]): Picker {
  const boxes = fields.map((field) => {
    const box = make("input", { type: "checkbox", name, checked: chosen.includes(field.name) });
    const about = field.about === undefined ? [] : [make("small", {}, field.about)];
    return { field, box, element: make("label", { class: "pick" }, box, make("span", {}, field.name, " ", ...about)) };
  });
  const count = make("output", {});
  const read = () => boxes.filter(({ box }) => box.checked && !box.disabled).map(({ field }) => field.name);
  const tell = () => count.textContent = `${read().length} of ${boxes.filter(({ box }) => !box.disabled).length}`;
  const visible = () => boxes.filter(({ element, box }) => !element.hidden && !box.disabled);
  const set = (checked: boolean) => () => {
    for (const { box } of visible()) box.checked = checked;
    list.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const filter = make("input", {
    type: "search",
    placeholder: "Find by name",
    "aria-label": `Find among ${title.toLowerCase()}`,
    input: () => {
      const sought = filter.value.toLowerCase();
      for (const { field, element } of boxes) element.hidden = !field.name.toLowerCase().includes(sought);
    },
  });
  const list = make("div", { class: "picks", change: tell }, ...boxes.map(({ element }) => element));
  const element = make(
    "fieldset",
    { class: "many" },
    make("legend", {}, title, " ", count),
    ...fields.length > filterFrom ? [filter] : [],
    make(
      "div",
      { class: "small-actions" },
      make("button", { type: "button", click: set(true) }, "All"),
      make("button", { type: "button", click: set(false) }, "None"),
    ),
    list,
  );
  return {
    element,
    read,
    exclude(names) {
      for (const { field, box } of boxes) box.disabled = names.has(field.name);
      tell();
    },
  };
}
