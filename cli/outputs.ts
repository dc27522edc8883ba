/** Files that a command writes: never one that it reads, never one that is there unless asked to, whole or not at all. */

import {
  access,
  chmod,
  constants,
  link,
  lstat,
  open,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { UsageError } from "./command.ts";
import { attempt, FileError } from "./files.ts";

/** A file to write, by the flag that names it. */
export interface Output {
  readonly flag: string;
  readonly path: string;
}

/**
 * Checks, before anything is computed, that outputs can be written and harm nothing.
 *
 * @param inputs Everything on the command line that may be a file to read.
 * @param force Whether files that are there may be overwritten.
 * @throws {UsageError} for an output that is an input, by whatever path or link, and for two that are one file
 * @throws {FileError} for one that is there, and for a folder that is not there or cannot be written to
 */
export async function checkOutputs(
  inputs: readonly string[],
  outputs: readonly Output[],
  force: boolean,
): Promise<void> {
  const taken = new Map<string, string>();
  for (const path of inputs) {
    for (const key of await identities(path)) taken.set(key, path);
  }
  for (const { flag, path } of outputs) {
    if (path === "-") throw new UsageError(`Option --${flag} needs a file, received "-".`);
    const target = await targetOf(path), found = await stat(target).catch(() => undefined);
    if (found?.isDirectory()) throw new FileError(`Cannot write ${path}: it is a folder.`);
    if (found && !found.isFile()) continue;
    for (const key of await identities(path)) {
      const other = taken.get(key);
      if (other !== undefined) {
        const which = other === path ? path : `${path}, by another name ${other}`;
        throw new UsageError(`Option --${flag} would overwrite ${which}: it is an input, or another output.`);
      }
    }
    for (const key of await identities(path)) taken.set(key, path);
    if (found && !force) throw new FileError(`Cannot write ${path}: it is there already; --force overwrites it.`);
    await attempt(dirname(path), () => access(dirname(target), constants.W_OK));
  }
}

/**
 * Writes a file at once or not at all: what was there stays until the new one is complete. Links are followed, so that
 * they stay links; what is no plain file, such as `/dev/null`, is written to.
 *
 * @param force Whether a file that is there is overwritten.
 */
export async function writeWhole(
  path: string,
  content: Uint8Array | string,
  { force = false }: { readonly force?: boolean } = {},
): Promise<void> {
  const target = await targetOf(path), found = await stat(target).catch(() => undefined);
  if (found && !found.isFile()) return await attempt(path, () => writeFile(target, content));
  const name = basename(target).slice(0, 100);
  const partial = join(dirname(target), `.${name}.${crypto.randomUUID().slice(0, 8)}.partial`);
  try {
    await attempt(path, () => writeNew(partial, content));
    if (found) await attempt(path, () => chmod(partial, found.mode));
    await attempt(path, () => force ? rename(partial, target) : takePlace(partial, target));
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function writeNew(path: string, content: Uint8Array | string): Promise<void> {
  const handle = await open(path, "wx");
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Renames a file, unless one of the new name is there: a link fails where `rename` would overwrite. */
async function takePlace(partial: string, target: string): Promise<void> {
  try {
    await link(partial, target);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "EEXIST" || await lstat(target).then(() => true, () => false)) {
      throw new FileError(`Cannot write ${target}: it is there already; --force overwrites it.`);
    }
    // Some file systems have no links.
    return await rename(partial, target);
  }
  await rm(partial);
}

/** Where a path leads: links are followed, the last one even to a file that is not there. */
async function targetOf(path: string, depth = 0): Promise<string> {
  const found = await realpath(path).catch(() => undefined);
  if (found !== undefined) return found;
  const leadsTo = depth < 40 ? await readlink(path).catch(() => undefined) : undefined;
  if (leadsTo !== undefined) return await targetOf(resolve(dirname(path), leadsTo), depth + 1);
  const folder = await realpath(dirname(path)).catch(() => dirname(resolve(path)));
  return join(folder, basename(path));
}

/** What tells a file from others: where its path leads, and its number on its device, which hard links share. */
async function identities(path: string): Promise<string[]> {
  const target = await targetOf(path);
  const found = await stat(target, { bigint: true }).catch(() => undefined);
  return [`path ${target}`, ...found?.isFile() && found.ino ? [`file ${found.dev}:${found.ino}`] : []];
}
