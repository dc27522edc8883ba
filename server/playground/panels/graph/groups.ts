/** The groups of variables, as they are typed. */

import { fewGroups, otherGroup } from "../../../../pictures/mod.ts";

/**
 * The group of each variable: `name: group` with semicolons or lines between, where a name may end in `*`; the first that
 * fits counts. As many groups as there are colours for.
 *
 * @throws {Error} for what is no such list, and where it names none of the variables
 */
export function groupsOf(text: string, names: readonly string[]): string[] {
  const rules = text.split(/[;\n]/).map((rule) => rule.trim()).filter((rule) => rule !== "").map((rule) => {
    const at = rule.lastIndexOf(":"), name = rule.slice(0, at).trim(), group = rule.slice(at + 1).trim();
    if (at < 1 || group === "") throw refusal(`Groups: expected name: group, received ${rule}.`);
    return { name, group };
  });
  const fits = (rule: string, name: string) => rule.endsWith("*") ? name.startsWith(rule.slice(0, -1)) : name === rule;
  const strange = rules.find((rule) => !names.some((name) => fits(rule.name, name)));
  if (strange) throw refusal(`Groups: no variable is called ${strange.name}.`);
  return fewGroups(names.map((name) => rules.find((rule) => fits(rule.name, name))?.group ?? otherGroup));
}

/** An error that belongs to the field of the groups. */
function refusal(message: string): Error {
  return Object.assign(new Error(message), { argument: "groups" });
}
