import { type FileHandle, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import {
  FormatError,
  type Matrix,
  parseNpy,
  type RandomAccess,
  readSafetensorsHeader,
  readSafetensorsTensor,
  toMatrix,
} from "../mod.ts";

/** A file of matrices that stays open, so that each is read when it is needed. */
export interface MatrixFile {
  readonly path: string;
  /** Names of the tensors of rank 2; one empty name in a format that holds a single array. */
  readonly names: readonly string[];
  read(name: string): Promise<Matrix>;
  close(): Promise<void>;
}

/** Opens a `.safetensors` or `.npy` file. */
export async function openMatrices(path: string): Promise<MatrixFile> {
  if (path.endsWith(".npy")) {
    const tensor = await attempt(path, async () => parseNpy(await readFile(path)));
    const matrix = await attempt(path, () => Promise.resolve(toMatrix(tensor)));
    return { path, names: [""], read: () => Promise.resolve(matrix), close: () => Promise.resolve() };
  }
  const handle = await attempt(path, () => open(path, "r"));
  try {
    const source: RandomAccess = {
      size: (await handle.stat()).size,
      read: (offset, length) => readRange(handle, offset, length),
    };
    const header = await attempt(path, () => readSafetensorsHeader(source));
    return {
      path,
      names: [...header.entries].filter(([, { shape }]) => shape.length === 2).map(([name]) => name),
      read: (name) => attempt(path, async () => toMatrix(await readSafetensorsTensor(source, header, name), name)),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Separates `FILE.safetensors:NAME`; the name is undefined where none is given. */
export function splitTensorName(argument: string): [path: string, name: string | undefined] {
  const [, path, name] = /^(.*\.safetensors):(.+)$/.exec(argument) ?? [];
  return path ? [path, name] : [argument, undefined];
}

/** Writes a file at once or not at all: what was there stays until the new one is complete. */
export async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  const partial = `${path}.partial`;
  try {
    await attempt(path, () => writeFile(partial, content));
    await attempt(path, () => rename(partial, path));
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function readRange(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) throw new FormatError("safetensors", "the file", "became shorter while it was read");
    done += bytesRead;
  }
  return bytes;
}

const causes: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
  ENOSPC: "no space left",
};

/** Does something with a file; an error then begins with the file's path. */
export async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (code && causes[code]) throw new FileError(`Cannot open ${path}: ${causes[code]}.`);
    if (error instanceof Error) error.message = `${path}: ${message}`;
    throw error;
  }
}

/** A file that cannot be opened or written. */
export class FileError extends Error {
  override readonly name = "FileError";
}
