/**
 * Real data for tests: the folder that the environment variable `MINIMA_DATA` names. Where it is not set, and in pages
 * and workers, the tests that need it are skipped, with this as their reason.
 *
 * ```ts
 * it("reads the digits", needsData("digits"), async () => {
 *   const images = await readData("digits/images.npy");
 * });
 * ```
 */

const folder = (globalThis as { process?: { env?: Record<string, string> } }).process?.env?.MINIMA_DATA;

/** Options for a test or a suite that needs the data set of this name. */
export function needsData(set: string): { readonly skip: string | false } {
  return { skip: folder ? false : `needs the data set "${set}", and MINIMA_DATA is not set` };
}

/** Path of a file or folder of the data. */
export function dataPath(path: string): string {
  return `${folder}/${path}`;
}

/** The bytes of a file. */
export async function readData(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const { readFile } = await import("node:fs/promises");
  return new Uint8Array(await readFile(dataPath(path)));
}

/** A file as text. */
export async function readDataText(path: string): Promise<string> {
  return new TextDecoder().decode(await readData(path));
}
