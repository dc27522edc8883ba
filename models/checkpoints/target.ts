/** Where the files of a checkpoint go, and those that go along with every one. @module */

import { shown } from "../../solvers/core/shown.ts";
import { InputError } from "../../solvers/core/errors.ts";
import { type ModelFiles, readText } from "../files.ts";
import { folderStore } from "../resume.ts";

/** Where files go: a folder, or a function that is given one after the other. */
export type SaveTarget = string | ((name: string, bytes: Uint8Array) => Promise<void> | void);

/** Writes a file wholly or not at all. */
export type FileWriter = (name: string, bytes: Uint8Array) => Promise<void> | void;

/** Files of a tokenizer and of defaults that go along, where the model has them. */
const companions = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "generation_config.json"];

/**
 * Opens a target.
 *
 * @param file the file whose presence says that there is a model
 * @throws {InputError} for a folder that holds a `config.json` or that file, and so a model
 */
export async function openTarget(target: SaveTarget, file = "config.json"): Promise<FileWriter> {
  if (typeof target === "function") return target;
  if (typeof target !== "string") {
    throw new TypeError(
      `Cannot save the model: "target" must be a folder or a function (name, bytes), received ${shown(target)}.`,
    );
  }
  const store = await folderStore(target);
  for (const name of new Set(["config.json", file])) {
    if (await store.read(name)) {
      throw new InputError(
        "target",
        `Cannot save the model: the "target", folder ${target}, holds one already, ${name}.`,
      );
    }
  }
  return store.write;
}

/** Copies the tokenizer and the defaults of a model. */
export async function writeCompanions(files: ModelFiles, write: FileWriter): Promise<void> {
  for (const name of companions) {
    const content = await readText(files, name);
    if (content !== undefined) await write(name, new TextEncoder().encode(content));
  }
}

/** JSON as people read it. */
export function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");
}
