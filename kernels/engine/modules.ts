/** Where the compiled kernels come from. */

import { BackendError } from "./errors.ts";
import type { Build, KernelFamily } from "./family.ts";

/** The two builds of a family's kernels, compiled. */
export interface FamilyModules {
  /** Plain 128-bit SIMD: the same bits in every engine. */
  readonly simd: WebAssembly.Module;
  /** With fused multiply-add. */
  readonly relaxed?: WebAssembly.Module;
}

/** Compiled kernels by family: `{ dense: { simd, relaxed }, l0: { simd, relaxed } }`. */
export interface KernelModules {
  /** The builds of one family, by its name. */
  readonly [family: string]: FamilyModules;
}

const given = new Map<string, FamilyModules>();

/** Uses modules that the host compiled, where run-time compilation is forbidden; other families keep theirs. */
export function provideModules(modules: KernelModules): void {
  for (const [family, builds] of Object.entries(modules)) given.set(family, builds);
}

/**
 * One build of a family: as given by the host, else from the bytes that travel with the library.
 *
 * @throws {BackendError} where it was not given and cannot be compiled
 */
export async function loadModule({ name, modules }: KernelFamily, build: Build): Promise<WebAssembly.Module> {
  const provided = given.get(name)?.[build] ?? given.get(name)?.simd;
  if (provided) return provided;
  try {
    const { compressed } = await modules[build]();
    return await WebAssembly.compile(await inflate(decodeBase64(compressed)));
  } catch (error) {
    const names = given.size === 0 ? "no family" : [...given.keys()].join(", ");
    throw new BackendError(
      `Cannot load the kernels of the family ${name}: ${(error as Error).message.replace(/\.$/, "")}. ` +
        `Where run-time compilation is forbidden, init({ modules }) must give every family in use; it gave ${names}.`,
      { cause: error },
    );
  }
}

/** Whether the host gave modules, and which builds of them all. */
export function providedBuilds(): { simd: boolean; relaxed: boolean } | undefined {
  if (given.size === 0) return undefined;
  return { simd: true, relaxed: [...given.values()].every(({ relaxed }) => relaxed !== undefined) };
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** What was compressed in the zlib format. Read by hand: Node 20 loads its whole HTTP client for a `Response`. */
async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const { readable, writable } = new DecompressionStream("deflate");
  const writer = writable.getWriter(), reader = readable.getReader();
  const parts: Uint8Array[] = [];
  async function collect(): Promise<void> {
    for (let part = await reader.read(); !part.done; part = await reader.read()) parts.push(part.value);
  }
  await Promise.all([writer.write(bytes), writer.close(), collect()]);
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
