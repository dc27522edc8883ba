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
