/** A form that follows from a table of options. */

import type { OptionEntries, OptionEntry } from "../../../solvers/core/options.ts";
import type { OptionForm, Values } from "../panel.ts";
import { freshId, make, sentence } from "./elements.ts";

/** Fields of a form, and what they hold. */
export interface Fields {
  readonly element: HTMLElement;
  /** The options that are set; those that are left at their defaults are left out. */
  read(): Values;
  /** The control of an option that an error names, made visible. */
  control(argument: string): HTMLElement | undefined;
}

interface OptionField {
  readonly element: HTMLElement;
  readonly control: HTMLElement;
  read(): unknown;
}

/** Kinds that no field can hold: functions, and data that come from files. */
const unseen = new Set(["callback", "signal", "matrix", "sparseMatrix", "edges", "vector", "indices"]);

/** The fields of a form: some at once, the others behind "More options". */
export function optionFields({ table, shown, without = [], begin = {}, labels = {} }: OptionForm): Fields {
  const fields = new Map<string, OptionField>();
  const add = (names: readonly string[]) =>
    names.flatMap((name) => entryFields(name, name, table[name], begin[name], labels, fields));
  const others = Object.keys(table).filter((name) =>
    !shown.includes(name) && !without.includes(name) && !unseen.has(table[name].kind)
  );
  const more = make(
    "details",
    { class: "more" },
    make("summary", {}, "More options"),
    make("div", { class: "fields" }, ...add(others)),
  );
  const element = make(
    "div",
    {},
    make("div", { class: "fields" }, ...add(shown)),
    ...others.length > 0 ? [more] : [],
  );
  return {
    element,
    read: () => readEntries(table, "", fields),
    control(argument) {
      const field = fields.get(argument);
      if (field && more.contains(field.element)) more.open = true;
      return field?.control;
    },
  };
}

/** Values by name; a group of which nothing is set is left out. */
function readEntries(table: OptionEntries, prefix: string, fields: ReadonlyMap<string, OptionField>): Values {
  const values: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(table)) {
    const path = `${prefix}${name}`;
    const value = entry.kind === "group" ? readEntries(entry.fields, `${path}.`, fields) : fields.get(path)?.read();
    const isEmpty = entry.kind === "group" && Object.keys(value as object).length === 0;
    if (value !== undefined && !isEmpty) values[name] = value;
  }
  return values;
}

function entryFields(
  name: string,
  path: string,
  entry: OptionEntry,
  begin: unknown,
  labels: Readonly<Record<string, string>>,
  into: Map<string, OptionField>,
): HTMLElement[] {
  if (unseen.has(entry.kind)) return [];
  const title = labels[path] ?? inWords(name);
  if (entry.kind === "group") {
    const parts = Object.entries(entry.fields).flatMap(([part, inner]) =>
      // What a group requires, it requires where the group is given.
      entryFields(
        part,
        `${path}.${part}`,
        { ...inner, required: undefined },
        (begin as Values | undefined)?.[part],
        labels,
        into,
      )
    );
    return [
      make(
        "fieldset",
        { class: "group" },
        make("legend", {}, title),
        make("p", { class: "hint" }, ...sentence(entry.about)),
        make("div", { class: "fields" }, ...parts),
      ),
    ];
  }
  const field = fieldOf(path, title, entry, begin);
  into.set(path, field);
  return [field.element];
}

/** Characters of a default that a field has room for. */
const longestShown = 32;

function fieldOf(
  path: string,
  title: string,
  entry: Exclude<OptionEntry, { kind: "group" }>,
  begin: unknown,
): OptionField {
  const fallback = (entry.otherwise ?? (entry.default === undefined ? "" : String(entry.default))).replaceAll("`", "");
  // A default of many words stands below the field, in which it would be cut.
  const fits = fallback.length <= longestShown, absent = fits ? fallback : "automatic";
  const unshown = fits ? "" : ` By default: ${fallback}.`;
  const id = freshId("option"), hintId = `${id}-hint`;
  const common = { id, name: path, "aria-describedby": hintId };
  const hint = make("small", { class: "hint", id: hintId }, ...sentence(entry.about + rangeOf(entry) + unshown));
  const labelled = (control: HTMLElement, ...words: readonly string[]) => {
    // What does not fit beside another field has the whole width.
    const isWide = entry.about.length > 90 || words.some((word) => word.length > 14);
    return make("div", { class: isWide ? "field long" : "field" }, make("label", { for: id }, title), control, hint);
  };
  switch (entry.kind) {
    case "flag": {
      if (entry.default === undefined) {
        const select = selectOf(
          common,
          [["", absent || "automatic"], ["true", "yes"], ["false", "no"]],
          begin,
        );
        return {
          element: labelled(select, ...textsOf(select)),
          control: select,
          read: () => select.value === "" ? undefined : select.value === "true",
        };
      }
      const box = make("input", { ...common, type: "checkbox", checked: (begin ?? entry.default) === true });
      const element = make("div", { class: "field check" }, make("label", { for: id }, box, ` ${title}`), hint);
      return { element, control: box, read: () => box.checked === entry.default ? undefined : box.checked };
    }
    case "choice": {
      const choices = entry.values.map((value): [string, string] => [String(value), String(value)]);
      const open: [string, string][] = entry.default === undefined ? [["", absent]] : [];
      const select = selectOf(common, [...open, ...choices], begin ?? entry.default);
      const read = () => {
        const value = entry.values.find((value) => String(value) === select.value);
        return value === entry.default ? undefined : value;
      };
      return { element: labelled(select, ...textsOf(select)), control: select, read };
    }
    case "number":
    case "integer": {
      const input = make("input", {
        ...common,
        type: "number",
        // Bounds that nobody reaches are not worth a word of the browser.
        min: Math.abs(entry.least) < 1e9 ? entry.least : undefined,
        max: Math.abs(entry.most) < 1e9 ? entry.most : undefined,
        step: entry.kind === "integer" ? 1 : "any",
        placeholder: absent,
        required: entry.required === true,
        value: begin === undefined ? undefined : String(begin),
      });
      return {
        element: labelled(input, input.placeholder),
        control: input,
        read: () => input.value === "" ? undefined : Number(input.value),
      };
    }
    case "text":
    case "names": {
      const input = make("input", {
        ...common,
        type: "text",
        spellcheck: "false",
        placeholder: absent,
        required: entry.required === true,
        value: begin === undefined ? undefined : String(begin),
      });
      const read = () => {
        if (entry.kind === "text") return input.value === "" ? undefined : input.value;
        const words = input.value.split(",").map((word) => word.trim()).filter((word) => word !== "");
        return words.length === 0 ? undefined : words;
      };
      return { element: labelled(input, input.placeholder), control: input, read };
    }
    default: {
      const input = make("input", {
        ...common,
        type: "text",
        inputmode: "decimal",
        spellcheck: "false",
        placeholder: absent,
        required: entry.required === true,
        value: begin === undefined ? undefined : String(begin),
        input: () =>
          input.setCustomValidity(
            numbersIn(input.value).some(Number.isNaN) ? "Numbers, with commas between them." : "",
          ),
      });
      const read = () => {
        const values = numbersIn(input.value);
        return values.length === 0 ? undefined : entry.kind === "numbers" && values.length === 1 ? values[0] : values;
      };
      return { element: labelled(input, input.placeholder), control: input, read };
    }
  }
}

function selectOf(
  attributes: Readonly<Record<string, string>>,
  choices: readonly (readonly [value: string, text: string])[],
  chosen: unknown,
): HTMLSelectElement {
  const select = make("select", attributes, ...choices.map(([value, text]) => make("option", { value }, text)));
  select.value = chosen === undefined ? choices[0][0] : String(chosen);
  return select;
}

function textsOf(select: HTMLSelectElement): string[] {
  return Array.from(select.options, ({ text }) => text);
}

function numbersIn(text: string): number[] {
  return text.split(/[\s,;]+/).filter((part) => part !== "").map(Number);
}

/** The range of a number where it is worth telling. */
function rangeOf(entry: OptionEntry): string {
  if (entry.kind !== "number" && entry.kind !== "integer") return "";
  const { least, most, above, unit } = entry;
  const measure = unit === undefined || unit === "share" ? "" : ` ${unit}`;
  if (most < 1e6) return ` ${above ? `Above ${least}, at most ${most}` : `${least} to ${most}`}${measure}.`;
  return measure && ` In${measure}.`;
}

/** A name in words: `groupSize` becomes "Group size". */
function inWords(name: string): string {
  const words = name.replace(/([a-z])([A-Z0-9])/g, "$1 $2").toLowerCase();
  return words[0].toUpperCase() + words.slice(1);
}
