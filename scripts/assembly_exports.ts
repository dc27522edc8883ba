/**
 * The entry of a family's module, derived from its AssemblyScript files. It exports:
 * - every exported function whose name ends in the element types that it works on, as `cholesky_f64`;
 * - for every generic function below a line `// exported for f32, f64`, one function for each of those types, under its
 *   own name or another one (`// exported as axpy for f32, f64`). `f32_f64` stands for two type parameters. Comments may
 *   stand between the line and the function.
 *
 * A launch that splits passes `begin, end, scratch`: functions that need no scratch leave it out, and are given it here.
 */

import { readdir, readFile } from "node:fs/promises";

const assembly = "kernels/wasm/assembly";

const typed = /^export function (\w+(?:_f32|_f64))\(/gm;
const markers = /^[ \t]*\/\/[ \t]*exported\b.*$/gm;
const marker = /^\/\/ exported (?:as (\w+) )?for (f(?:32|64)(?:_f(?:32|64))*(?:, f(?:32|64)(?:_f(?:32|64))*)*)$/;
const comments = /\/\*[\s\S]*?\*\/|\/\/.*$/gm;
const generic = /^\s*export\s+function\s+(\w+)\s*<([^>(]*)>\s*\(([^)]*)\)\s*:\s*(\w+)\s*\{/;
const typeParameter = /^(\w+)(?:\s+extends\s+\w+)?$/;
const parameter = /^(\w+)\s*:\s*(\w+)$/;

/** A generic function, and what it is exported as. */
interface Generic {
  /** The name of its exports, before their types. */
  readonly name: string;
  /** The types of each export, as `f32` or `f32_f64`. */
  readonly types: readonly string[];
  /** Its own name. */
  readonly own: string;
  readonly typeParameters: readonly string[];
  readonly parameters: readonly { readonly label: string; readonly type: string }[];
  readonly result: string;
}

/** What a file of AssemblyScript exports from the module of its family. */
export interface AssemblyExports {
  /** Functions with their types in their names. */
  readonly typed: readonly string[];
  /** Generic functions that are marked. */
  readonly generics: readonly Generic[];
}

/**
 * Reads the exports off a file's text.
 *
 * @param path The file, for errors.
 * @throws {Error} naming file and line of a marker that is misspelt, or has no generic function below it
 */
export function exportsOf(text: string, path: string): AssemblyExports {
  return {
    typed: [...text.matchAll(typed)].map(([, name]) => name),
    generics: [...text.matchAll(markers)].map(({ 0: line, index }) => {
      try {
        return readGeneric(line, text.slice(index + line.length));
      } catch (error) {
        const number = text.slice(0, index).split("\n").length;
        throw new Error(`${path}:${number}: cannot use "${line.trim()}": ${(error as Error).message}`);
      }
    }),
  };
}

function readGeneric(line: string, below: string): Generic {
  const marked = marker.exec(line);
  if (!marked) throw new Error("expected // exported for f32, f64, or // exported as NAME for f32, f64.");
  const signature = generic.exec(below.replace(comments, ""));
  if (!signature) {
    throw new Error("expected export function NAME<T>(...): TYPE { below it, with comments between at most.");
  }
  const [, own, typeList, list, result] = signature;
  const typeParameters = partsOf(typeList).map((part) => matched(part, typeParameter)[1]);
  const types = marked[2].split(", ");
  const surplus = types.find((given) => given.split("_").length > typeParameters.length);
  if (surplus !== undefined) throw new Error(`${own} has ${typeParameters.length} type parameters, ${surplus} more.`);
  const parameters = partsOf(list).map((part) => {
    const [, label, type] = matched(part, parameter);
    return { label, type };
  });
  return { name: marked[1] ?? own, types, own, typeParameters, parameters, result };
}

function partsOf(list: string): string[] {
  return list.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

function matched(part: string, pattern: RegExp): RegExpExecArray {
  const found = pattern.exec(part);
  if (!found) throw new Error(`expected plain types and no defaults, received ${part}.`);
  return found;
}

/** The families: the folders of AssemblyScript. */
export async function findFamilies(): Promise<string[]> {
  const found = await readdir(assembly, { withFileTypes: true });
  return found.filter((entry) => entry.isDirectory()).map(({ name }) => name).sort();
}

/** Source text of the family's entry, for a file in a folder from which `root` leads to the repository. */
export async function entryOf(family: string, root: string): Promise<string> {
  const lines: string[] = [], functions: string[] = [];
  for (const file of (await readdir(`${assembly}/${family}`)).sort()) {
    const source = `${assembly}/${family}/${file}`;
    const path = JSON.stringify(`${root}/${source.replace(/\.ts$/, "")}`);
    const { typed, generics } = exportsOf(await readFile(source, "utf8"), source);
    if (typed.length > 0) lines.push(`export { ${typed.join(", ")} } from ${path};`);
    const imported = [...new Set(generics.map(({ own }) => own))];
    if (imported.length > 0) lines.push(`import { ${imported.join(", ")} } from ${path};`);
    functions.push(...generics.flatMap((generic) => generic.types.map((types) => forward(generic, types))));
  }
  return [
    "// Generated by `deno task build` from the files of the family.",
    ...lines,
    ...functions,
    "/** The first byte of memory that the module leaves free. */",
    "export function heapBase(): usize { return __heap_base; }",
    "",
  ].join("\n");
}

/** The text of the export of a generic function for some types. */
function forward({ name, own, typeParameters, parameters, result }: Generic, types: string): string {
  const given = types.split("_");
  const chosen = typeParameters.map((_, i) => given[i] ?? given[0]);
  const typeOf = (type: string) => chosen[typeParameters.indexOf(type)] ?? type;
  const declared = parameters.map(({ label, type }) => `${label}: ${typeOf(type)}`);
  if (parameters.at(-1)?.label === "end") declared.push("_scratch: usize");
  const call = `${own}<${chosen.join(", ")}>(${parameters.map(({ label }) => label).join(", ")})`;
  return `export function ${name}_${types}(${declared.join(", ")}): ${typeOf(result)} { ` +
    `${result === "void" ? "" : "return "}${call}; }`;
}
