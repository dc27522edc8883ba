/** What the adapters of other libraries offer to the cases. */

import type { FloatDtype } from "../../kernels/contract.ts";

/** The typed arrays of the two float types. */
export type FloatArray = Float32Array | Float64Array;

/** Another library that multiplies matrices. */
export interface GemmPeer {
  /** Package and version. */
  readonly name: string;
  /** How it runs here: backend, threads. */
  readonly setting: string;
  /** It runs in another process, and `run` of a product answers with the CPU seconds it took. @default false */
  readonly selfTimed?: boolean;
  readonly dtypes: readonly FloatDtype[];
  /** Takes two square row-major matrices over. */
  prepare(a: FloatArray, b: FloatArray, size: number): Promise<PreparedProduct>;
  close(): void;
}

/** A product that is ready to be computed again and again. */
export interface PreparedProduct {
  /** Computes the product. */
  run(): unknown;
  /** Element (0, 0) of the product, to see that the right thing is measured. */
  corner(): Promise<number>;
}

/**
 * Opens a peer by `open`; where that fails, `name: reason` in one line. A machine that lacks a peer measures the
 * others, and says what it left out.
 */
export async function openPeer<Peer>(name: string, open: () => Promise<Peer>): Promise<Peer | string> {
  try {
    return await open();
  } catch (error) {
    return `${name}: ${(error instanceof Error ? error.message : String(error)).trim().split("\n").at(-1)}`;
  }
}

/** What was opened, and the reasons of what was not. */
export function sortOut<Peer extends object>(opened: readonly (Peer | string)[]): { found: Peer[]; missing: string[] } {
  return {
    found: opened.filter((peer) => typeof peer !== "string"),
    missing: opened.filter((peer) => typeof peer === "string"),
  };
}

/**
 * Imports a package of `bench/package.json`. The name is a variable so that type checks pass where the peers are not
 * installed.
 *
 * @throws {Error} when it is not installed
 */
export async function importPeer<Module>(name: string): Promise<Module> {
  try {
    return await import(name) as Module;
  } catch (cause) {
    throw new Error(`Cannot import the peer "${name}": run \`npm ci\` in bench/ first.`, { cause });
  }
}

/** Version of an installed peer. */
export async function peerVersion(name: string): Promise<string> {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(await Deno.readTextFile(manifest)) as { version: string }).version;
}
