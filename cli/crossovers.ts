/** Crossovers in a file: what `minima doctor --calibrate --save` writes and the other commands read. */

import { readFile } from "node:fs/promises";
import type { Crossovers } from "../mod.ts";
import { attempt, FileError } from "./files.ts";

/** The environment variable that names the file. */
export const crossoversVariable = "MINIMA_CROSSOVERS";

const names = ["threads", "webgpu"] as const;

/** The text of the file: JSON, where `null` stands for never. */
export function serializeCrossovers(crossovers: Crossovers): string {
  const { threads, webgpu } = crossovers;
  return JSON.stringify({ threads: finite(threads), webgpu: finite(webgpu) }, null, 2) + "\n";
}

/** Reads the text of such a file; `source` is its name in errors. @throws {FileError} */
export function parseCrossovers(text: string, source: string): Partial<Crossovers> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    content = undefined;
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new FileError(`Cannot use ${source}: expected a JSON object with "threads" and "webgpu".`);
  }
  for (const [name, value] of Object.entries(content)) {
    if (!(names as readonly string[]).includes(name)) {
      throw new FileError(`Cannot use ${source}: expected "threads" and "webgpu", received "${name}".`);
    }
    if (value !== null && !(typeof value === "number" && value >= 0)) {
      throw new FileError(
        `Cannot use ${source}: expected a number of operations or null for "${name}", received ${
          JSON.stringify(value)
        }.`,
      );
    }
  }
  return Object.fromEntries(Object.entries(content).map(([name, value]) => [name, value ?? Infinity]));
}

/** The crossovers in the file that the environment variable names. */
export async function readCrossovers(path: string): Promise<Partial<Crossovers>> {
  const source = `${path} (named by ${crossoversVariable})`;
  return parseCrossovers(await attempt(source, () => readFile(path, "utf8")), source);
}

function finite(value: number): number | null {
  return value === Infinity ? null : Math.round(value);
}
