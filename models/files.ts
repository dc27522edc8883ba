/** Where the files of a model come from: a folder, files in memory or picked in a page, the Hugging Face hub. @module */

import { shown } from "../solvers/core/shown.ts";
import { FormatError } from "../formats/errors.ts";
import type { RandomAccess } from "../formats/safetensors.ts";

/** What is needed of the package `@huggingface/hub`. */
export interface HubClient {
  /** A file of a repository, whose parts are read when they are asked for; null where there is none. */
  downloadFile(request: {
    readonly repo: string;
    readonly path: string;
    readonly revision?: string;
    readonly accessToken?: string;
    readonly fetch?: typeof fetch;
  }): Promise<Blob | null>;
}

/** A model on the Hugging Face hub; needs the package `@huggingface/hub`. */
export interface HubModel {
  /** `owner/name`. */
  readonly hub: string;
  /** Branch, tag or commit. @default "main" */
  readonly revision?: string;
  /** For models that are not public. */
  readonly accessToken?: string;
  /** What makes the requests. @default the runtime's fetch */
  readonly fetch?: typeof fetch;
  /** The package, for pages and bundlers, which must see its import. @default `import("@huggingface/hub")` */
  readonly client?: HubClient;
}

/** What a model is loaded from: the path of a folder, files by name, picked files, or a name on the hub. */
export type ModelSource =
  | string
  | ReadonlyMap<string, Blob | Uint8Array>
  | Iterable<File>
  | HubModel;

/** Files by name, opened when they are needed. */
export interface ModelFiles {
  /** What the files are called together, for errors. */
  readonly place: string;
  /** Every name, where they can be listed. */
  readonly names?: readonly string[];
  /** Undefined where there is no such file. */
  open(name: string): Promise<RandomAccess | undefined>;
}

/** The files of a source. */
export async function filesOf(source: ModelSource): Promise<ModelFiles> {
  if (typeof source === "string") return await folderFiles(source);
  if (source instanceof Map) return namedFiles(source);
  if (typeof source === "object" && source !== null && "hub" in source) return await hubFiles(source);
  if (typeof source === "object" && source !== null && Symbol.iterator in source) {
    const files = [...source as Iterable<File>];
    if (files.every((file) => file instanceof Blob)) return namedFiles(new Map(files.map((file) => [file.name, file])));
  }
  throw new TypeError(
    `Cannot load the model: "source" must be a folder, files or { hub: "owner/name" }, received ${shown(source)}.`,
  );
}

/** The text of a file, or undefined where it is not there. */
export async function readText(files: ModelFiles, name: string): Promise<string | undefined> {
  const file = await files.open(name);
  if (!file) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.read(0, file.size));
  } catch (error) {
    if (error instanceof TypeError) throw new FormatError("model", name, "is not UTF-8");
    throw error;
  }
}

function namedFiles(files: ReadonlyMap<string, Blob | Uint8Array>): ModelFiles {
  return {
    place: "the files",
    names: [...files.keys()],
    open(name) {
      const file = files.get(name);
      if (file === undefined) return Promise.resolve(undefined);
      return Promise.resolve(file instanceof Uint8Array ? bytesAccess(file) : blobAccess(file));
    },
  };
}

function bytesAccess(bytes: Uint8Array): RandomAccess {
  return {
    size: bytes.length,
    // A copy: what is read may be held longer than the file.
    read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)),
  };
}

function blobAccess(blob: Blob): RandomAccess {
  return {
    size: blob.size,
    read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  };
}

/** Files are opened for each read, so that none stays open. A path may also be that of one file `.gguf`. */
async function folderFiles(path: string): Promise<ModelFiles> {
  // Not in pages: the name is kept from bundlers.
  const [fileSystem, paths] = ["node:fs/promises", "node:path"];
  const { open, readdir, stat } = await import(/* @vite-ignore */ fileSystem) as typeof import("node:fs/promises");
  const { basename, dirname, join } = await import(/* @vite-ignore */ paths) as typeof import("node:path");
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new FormatError("model", path, "does not exist");
  const single = found.isFile() && /\.gguf$/i.test(path);
  if (!found.isDirectory() && !single) throw new FormatError("model", path, "is no folder");
  const folder = single ? dirname(path) : path;
  return {
    place: path,
    names: single ? [basename(path)] : await readdir(folder),
    async open(name) {
      const path = join(folder, name), file = await stat(path).catch(() => undefined);
      if (!file) return undefined;
      return {
        size: file.size,
        async read(offset, length) {
          const bytes = new Uint8Array(length), handle = await open(path, "r");
          try {
            for (let done = 0; done < length;) {
              const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
              if (bytesRead === 0) throw new FormatError("model", path, "became shorter while it was read");
              done += bytesRead;
            }
          } finally {
            await handle.close();
          }
          return bytes;
        },
      };
    },
  };
}

/** The name is kept from bundlers: the package has parts for Node that they cannot take, and few need it. */
async function hubClient(): Promise<HubClient> {
  const name = "@huggingface/hub";
  try {
    return await import(/* webpackIgnore: true */ /* @vite-ignore */ name);
  } catch (cause) {
    throw new Error('Cannot reach the hub: the package "@huggingface/hub" is needed and is not installed.', { cause });
  }
}

async function hubFiles({ hub, revision, accessToken, fetch, client: given }: HubModel): Promise<ModelFiles> {
  if (!/^[\w.-]+\/[\w.-]+$/.test(hub)) {
    throw new TypeError(`Cannot load the model: expected "hub" as owner/name, received ${shown(hub)}.`);
  }
  const client = given ?? await hubClient();
  return {
    place: hub,
    async open(path) {
      const options = {
        repo: hub,
        path,
        ...revision && { revision },
        ...accessToken && { accessToken },
        ...fetch && { fetch },
      };
      const blob = await client.downloadFile(options);
      return blob ? blobAccess(blob) : undefined;
    },
  };
}
