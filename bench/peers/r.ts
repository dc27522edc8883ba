/** Scripts in R. */

import process from "node:process";

/**
 * Runs a script of this folder with the `Rscript` in `MINIMA_RSCRIPT` or `/usr/bin/Rscript`, and gives what it wrote.
 *
 * @throws {Error} where it is missing or the script fails
 */
export async function runR(script: string, ...args: string[]): Promise<string> {
  const program = process.env.MINIMA_RSCRIPT ?? "/usr/bin/Rscript";
  const path = new URL(script, import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [path, ...args] }).output();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`);
  return new TextDecoder().decode(stdout).trim();
}
