import { type FileHandle, open, readFile } from "node:fs/promises";
import process from "node:process";
import {
  FormatError,
  type Matrix,
  parseNpy,
  parseSafetensors,
  type RandomAccess,
  readSafetensorsHeader,
  readSafetensorsTensor,
  type SafetensorsEntry,
  type SafetensorsHeader,
  ShapeError,
  type Tensor,
  toMatrix,
} from "../mod.ts";
import { elementBits } from "../formats/tensor.ts";
import { available } from "./suggest.ts";

/** A file of matrices that stays open, so that each is read when it is needed. */
export interface MatrixFile {
  readonly path: string;
  /** Names of the tensors of rank 2; one empty name in a format that holds a single array. */
  readonly names: readonly string[];
  /** What is known of a matrix before it is read. @throws {FileError} for one that is not there */
  describe(name: string): MatrixDescription;
  read(name: string): Promise<Matrix>;
  close(): Promise<void>;
}

/** Size of a matrix in a file. */
export interface MatrixDescription {
  readonly shape: readonly [rows: number, columns: number];
  /** Width of an element there. */
  readonly bits: number;
}

/** The header of a safetensors file. */
export async function openTensors(path: string): Promise<SafetensorsHeader> {
  const handle = await attempt(path, () => open(path, "r"));
  try {
    const source: RandomAccess = {
      size: (await handle.stat()).size,
      read: (offset, length) => readRange(handle, offset, length),
    };
    return await attempt(path, () => readSafetensorsHeader(source));
  } finally {
    await handle.close();
  }
}

/** Opens a `.safetensors` or `.npy` file; `-` is the standard input. */
export async function openMatrices(path: string): Promise<MatrixFile> {
  if (path === "-") {
    const bytes = await readInput(path);
    return isNpy(bytes) ? arrayFile(path, bytes) : await attempt(path, () => Promise.resolve(tensorFile(path, bytes)));
  }
  if (/\.npy$/i.test(path)) return await arrayFile(path, await readInput(path));
  const handle = await attempt(path, () => open(path, "r"));
  try {
    const source: RandomAccess = {
      size: (await handle.stat()).size,
      read: (offset, length) => readRange(handle, offset, length),
    };
    const header = await attempt(path, () => readSafetensorsHeader(source));
    return {
      ...listing(path, header.entries),
      read: (name) => attempt(path, async () => toMatrix(await readSafetensorsTensor(source, header, name), name)),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function arrayFile(path: string, bytes: Uint8Array): Promise<MatrixFile> {
  const { dtype, ...array } = await attempt(path, () => Promise.resolve(parseNpy(bytes)));
  const matrix = await attempt(path, () => Promise.resolve(toMatrix({ dtype, ...array })));
  return {
    path,
    names: [""],
    describe: () => ({ shape: matrix.shape, bits: elementBits(dtype) }),
    read: () => Promise.resolve(matrix),
    close: () => Promise.resolve(),
  };
}

function tensorFile(path: string, bytes: Uint8Array): MatrixFile {
  const { tensors } = parseSafetensors(bytes);
  return {
    ...listing(path, tensors),
    read: (name) => attempt(path, () => Promise.resolve(toMatrix(tensors.get(name)!, name))),
    close: () => Promise.resolve(),
  };
}

function listing(
  path: string,
  entries: ReadonlyMap<string, Pick<Tensor | SafetensorsEntry, "shape" | "dtype">>,
): Pick<MatrixFile, "path" | "names" | "describe"> {
  return {
    path,
    names: [...entries].filter(([, { shape }]) => shape.length === 2).map(([name]) => name),
    describe(name) {
      const entry = entries.get(name);
      if (!entry) throw new FileError(`${path}: tensor "${name}" is missing${available(name, [...entries.keys()])}`);
      const [rows, columns, ...further] = entry.shape;
      if (columns === undefined || further.length > 0) {
        throw new ShapeError(name, `${path}: tensor "${name}" has the shape [${entry.shape}]; a matrix is needed.`);
      }
      return { shape: [rows, columns], bits: elementBits(entry.dtype) };
    },
  };
}

/** Whether bytes begin as an npy file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return bytes[0] === 0x93 && new TextDecoder().decode(bytes.slice(1, 6)) === "NUMPY";
}

/** Separates `FILE.safetensors:NAME`, `-:NAME` too; the name is undefined where none is given. */
export function splitTensorName(argument: string): [path: string, name: string | undefined] {
  const [, path, name] = /^(.*\.safetensors|-):(.+)$/i.exec(argument) ?? [];
  return path ? [path, name] : [argument, undefined];
}

/**
 * The bytes of a file, or with `-` what comes from the standard input until its end.
 *
 * @param signal Ends the wait for the standard input.
 */
export async function readInput(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  if (path !== "-") return await attempt(path, () => readFile(path));
  const chunks: Uint8Array[] = [];
  const stop = () => void process.stdin.destroy(signal!.reason);
  signal?.addEventListener("abort", stop);
  try {
    for await (const chunk of process.stdin) chunks.push(chunk);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
  signal?.throwIfAborted();
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
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
  ENOTDIR: "a part of its path is no folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "it is on a file system that cannot be written to",
  EISDIR: "it is a folder",
  ENOSPC: "no space left",
  ENAMETOOLONG: "its name is too long",
  ELOOP: "its links lead in a circle",
  ERR_FS_FILE_TOO_LARGE: "it has more than 2 GiB, the most that is read at once",
};

/** Name of an input in messages. */
export function inputName(path: string): string {
  return path === "-" ? "standard input" : path;
}

/** Does something with a file; an error then begins with the file's path. */
export async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    const verb = code === "ENOSPC" ? "write" : "open";
    if (code && causes[code]) throw new FileError(`Cannot ${verb} ${path}: ${causes[code]}.`);
    if (error instanceof Error && !(error instanceof FileError)) error.message = `${inputName(path)}: ${message}`;
    throw error;
  }
}

/** A file that cannot be opened or written. */
export class FileError extends Error {
  override readonly name = "FileError";
}
