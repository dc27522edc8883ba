/**
 * Writes the option tables of the documentation: in every README of a solver, what stands between
 * `<!-- options <function> -->` and `<!-- end -->` is made from the table `<function>Options` of the library. With
 * `<!-- options <function> beyond <other> -->` it lists what the other function does not take alike.
 */

import * as library from "../mod.ts";
import type { NumberRange, OptionEntries, OptionEntry } from "../solvers/core/options.ts";
import { sourceFiles } from "./sources.ts";

const marked = /(<!-- options (\w+)(?: beyond (\w+))? -->)\n[\s\S]*?<!-- end -->/g;

const changed: string[] = [];
const documents = ["solvers", "formats", "models"].flatMap(sourceFiles).filter((file) => file.endsWith(".md"));
for (const path of documents) {
  const text = await Deno.readTextFile(path);
  const made = await formatted(
    text.replace(marked, (_, marker, name, other) => {
      const known = other === undefined ? {} : tableOf(other, path);
      const entries = Object.entries(tableOf(name, path)).filter(([option, entry]) => entry !== known[option]);
      return `${marker}\n\n${optionTable(entries)}\n<!-- end -->`;
    }),
  );
  if (made === text) continue;
  await Deno.writeTextFile(path, made);
  changed.push(path);
}
console.log(changed.length > 0 ? `option tables: ${changed.join(", ")}` : "option tables: fresh");

function tableOf(name: string, path: string): OptionEntries {
  const table = (library as Record<string, unknown>)[`${name}Options`];
  if (table === undefined) throw new Error(`${path}: the library has no table ${name}Options.`);
  return table as OptionEntries;
}

function optionTable(entries: readonly (readonly [name: string, entry: OptionEntry])[]): string {
  const rows = entries.flatMap(([name, entry]) => rowsOf(name, entry));
  const lines = [["Option", "Values", "Default", "Meaning"], ["---", "---", "---", "---"], ...rows];
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`).join("");
}

function rowsOf(name: string, entry: OptionEntry): string[][] {
  const row = [`\`${name}\``, valuesOf(entry), defaultOf(entry), entry.about];
  if (entry.kind !== "group") return [row];
  return [row, ...Object.entries(entry.fields).flatMap(([field, inner]) => rowsOf(`${name}.${field}`, inner))];
}

function valuesOf(entry: OptionEntry): string {
  switch (entry.kind) {
    case "number":
    case "integer": {
      const kind = entry.kind === "integer" ? "whole number" : "number";
      const unit = entry.unit === "ms" ? ", in ms" : "";
      return `${kind}, ${rangeOf(entry)}${entry.infinite ? ", or `Infinity`" : ""}${unit}`;
    }
    case "choice":
      return entry.values.map((value) => `\`${JSON.stringify(value)}\``).join(", ");
    case "text":
      return "text";
    case "names":
      return "names";
    case "flag":
      return "`true`, `false`";
    case "list":
      return `numbers, ${rangeOf(entry)}`;
    case "numbers":
      return `a number or a vector, ${rangeOf(entry)}`;
    case "vector":
      return `a vector, ${rangeOf(entry)}`;
    case "indices":
      return "indices";
    case "edges":
      return "pairs of indices";
    case "matrix":
      return "a matrix";
    case "sparseMatrix":
      return "a sparse matrix";
    case "group":
      return "an object";
    case "signal":
      return "an `AbortSignal`";
    case "callback":
      return "a function";
  }
}

function rangeOf({ least, most, above }: NumberRange): string {
  return above ? `above ${least}, at most ${shown(most)}` : `${least} to ${shown(most)}`;
}

/** Large powers of ten by their exponent. */
function shown(value: number): string {
  const exponent = Math.round(Math.log10(value));
  return value >= 1e6 && value === 10 ** exponent ? `1e${exponent}` : String(value).replace("+", "");
}

function defaultOf(entry: OptionEntry): string {
  if (entry.required) return "required";
  if (entry.otherwise !== undefined) return entry.otherwise;
  if (entry.default === undefined) return "";
  return `\`${typeof entry.default === "number" ? entry.default : JSON.stringify(entry.default)}\``;
}

/** As `deno fmt` has it, so that the two never disagree. */
async function formatted(text: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout } = await child.output();
  if (!success) throw new Error("deno fmt failed.");
  return new TextDecoder().decode(stdout);
}
