/** Real data in the folder that `MINIMA_DATA` names. */

import process from "node:process";
import { parseCsv, type Table } from "../mod.ts";

/** The folder, where there is one. */
export const dataFolder: string | undefined = process.env.MINIMA_DATA;

/** Why a case that needs real data is left out. */
export const withoutData = "MINIMA_DATA names no folder with the data.";

/** Reads a CSV or TSV table. */
export async function readTable(path: string, textColumns: readonly string[] = []): Promise<Table> {
  return parseCsv(await Deno.readFile(`${dataFolder}/${path}`), { textColumns });
}
