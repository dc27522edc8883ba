import { describe, it } from "node:test";
import assert from "node:assert/strict";
import * as library from "../../mod.ts";
import type { OptionEntries, OptionEntry } from "../../solvers/core/options.ts";
import { sourceFiles } from "../../scripts/sources.ts";

/** A property of an interface, as its source has it. */
interface Member {
  readonly doc: string;
  readonly type: string;
}

interface Declaration {
  readonly parents: readonly string[];
  readonly members: ReadonlyMap<string, Member>;
}

/** The interfaces of a source text, with the docstrings of their properties. */
function interfacesOf(text: string): Map<string, Declaration> {
  const found = new Map<string, Declaration>();
  for (
    const [, name, parents = "", body] of text.matchAll(/interface (\w+)(?: extends ([^{]+?))? \{\n([\s\S]*?)\n\}/g)
  ) {
    const members = [...body.matchAll(/(?:\/\*\*([\s\S]*?)\*\/\s*)?readonly (\w+)\??:\s*([^;]+);/g)]
      .map(([, doc = "", member, type]): [string, Member] => [member, { doc: textOf(doc), type }]);
    found.set(name, { parents: parents.split(/,\s*(?![^<]*>)/).filter(Boolean), members: new Map(members) });
  }
  return found;
}

function textOf(comment: string): string {
  return comment.replace(/^\s*\* ?/gm, "").replace(/\s+/g, " ").trim();
}

/** All properties of an interface, its own over inherited ones. */
function membersOf(name: string, declarations: ReadonlyMap<string, Declaration>): Map<string, Member> {
  const declaration = declarations.get(name);
  assert.ok(declaration, `there is no interface ${name}`);
  const members = new Map<string, Member>();
  for (const parent of declaration.parents) {
    const [, utility, base, keys] = /^(?:(Omit|Pick)<)?(\w+)(?:,\s*([^>]+)>)?$/.exec(parent.trim())!;
    const named = [...(keys ?? "").matchAll(/"(\w+)"/g)].map(([, key]) => key);
    for (const [key, member] of membersOf(base, declarations)) {
      if (utility === undefined || named.includes(key) === (utility === "Pick")) members.set(key, member);
    }
  }
  for (const [key, member] of declaration.members) members.set(key, member);
  return members;
}

/** Where a table and the docstrings of its interface say different things. */
function differences(table: OptionEntries, name: string, declarations: ReadonlyMap<string, Declaration>): string[] {
  const members = membersOf(name, declarations), remarks: string[] = [];
  for (const key of members.keys()) if (!(key in table)) remarks.push(`${name}.${key} is not in its table`);
  for (const [key, entry] of Object.entries(table)) {
    const member = members.get(key);
    if (!member) {
      remarks.push(`${key} is in the table of ${name}, but not in the interface`);
      continue;
    }
    const [about, documented] = member.doc.split("@default ");
    if (about.trim() === "") remarks.push(`${name}.${key} has no docstring`);
    if (documented?.trim() !== defaultOf(entry)) {
      remarks.push(`${name}.${key} has @default ${documented}, and in its table ${defaultOf(entry)}`);
    }
    if (entry.kind === "group") remarks.push(...differences(entry.fields, member.type, declarations));
  }
  return remarks;
}

function defaultOf({ default: value, otherwise }: OptionEntry): string | undefined {
  return otherwise ?? (typeof value === "number" ? String(value) : JSON.stringify(value));
}

describe("tables of options", () => {
  const sources = [...sourceFiles("solvers"), ...sourceFiles("formats"), ...sourceFiles("models")]
    .filter((path) => path.endsWith(".ts")).map((path) => Deno.readTextFileSync(path));
  const declarations = new Map(sources.flatMap((text) => [...interfacesOf(text)]));
  /** Name of the table and of its interface. */
  const tables = sources.flatMap((text) => [...text.matchAll(/^export const (\w+): OptionTable<\s*(\w+)\b(?!<)/gm)])
    .map(([, table, name]) => ({ table, name }))
    .filter(({ table }) => table in library);

  it("are those of every solver and reader", () => {
    const exported = Object.keys(library).filter((name) => name.endsWith("Options"));
    assert.deepEqual(tables.map(({ table }) => table).sort(), exported.sort());
    assert.ok(exported.length >= 8, exported.join());
  });

  for (const { table, name } of tables) {
    it(`say what the docstrings of ${name} say, ${table}`, () => {
      const entries = (library as unknown as Record<string, OptionEntries>)[table];
      assert.deepEqual(differences(entries, name, declarations), []);
    });

    it(`have a sentence for every option, ${table}`, () => {
      const all = Object.values((library as unknown as Record<string, OptionEntries>)[table]);
      for (const { about } of all) assert.match(about, /^[A-Z`].*\.$/);
    });
  }

  it("that differ from the docstrings are found", () => {
    const entries: OptionEntries = {
      same: { kind: "flag", default: true, about: "One." },
      other: { kind: "number", least: 0, most: 1, default: 0.5, about: "Two." },
      bare: { kind: "flag", otherwise: "by size", about: "Three." },
      extra: { kind: "flag", default: true, about: "Four." },
    };
    const declared = interfacesOf(`
interface Base {
  /** Inherited. @default true */
  readonly same?: boolean;
  /** Inherited, and left out. */
  readonly dropped?: boolean;
}
export interface Fake extends Omit<Base, "dropped"> {
  /** Half. @default 0.25 */
  readonly other?: number;
  readonly bare?: boolean;
  /** Not in the table. */
  readonly missing?: number;
}
`);
    assert.deepEqual(differences(entries, "Fake", declared), [
      "Fake.missing is not in its table",
      "Fake.other has @default 0.25, and in its table 0.5",
      "Fake.bare has no docstring",
      "Fake.bare has @default undefined, and in its table by size",
      "extra is in the table of Fake, but not in the interface",
    ]);
  });
});
