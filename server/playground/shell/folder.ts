/** Saving several files at once, where the browser lets a page write to a folder. */

import type { Reply } from "../protocol.ts";
import { make } from "./elements.ts";

type Files = (Reply & { kind: "done" })["files"];

/** What is used of the File System Access API, which types of browsers do not know yet. */
interface Folder {
  getDirectoryHandle(name: string, options: { create: true }): Promise<Folder>;
  getFileHandle(name: string, options: { create: true }): Promise<{ createWritable(): Promise<WritableStream> }>;
}

/** A button that writes files to a folder of the user's choice, each by its path; none where browsers cannot. */
export function folderButton(files: Files, fail: (message: string) => void): HTMLElement[] {
  const pick = (globalThis as { showDirectoryPicker?: (options: { mode: "readwrite" }) => Promise<Folder> })
    .showDirectoryPicker;
  if (!pick) return [];
  const told = make("output", {});
  async function save(): Promise<void> {
    try {
      const folder = await pick!.call(globalThis, { mode: "readwrite" });
      for (const [at, { name, blob }] of files.entries()) {
        told.textContent = ` ${at + 1} of ${files.length}: ${name}`;
        const path = name.split("/"), last = path.pop()!;
        let place = folder;
        for (const part of path) place = await place.getDirectoryHandle(part, { create: true });
        await blob.stream().pipeTo(await (await place.getFileHandle(last, { create: true })).createWritable());
      }
      told.textContent = ` ${files.length} files are saved.`;
    } catch (error) {
      told.textContent = "";
      if ((error as Error).name !== "AbortError") fail(`The files could not be saved: ${(error as Error).message}`);
    }
  }
  return [make("button", { type: "button", click: () => void save() }, "Save all to a folder"), told];
}
