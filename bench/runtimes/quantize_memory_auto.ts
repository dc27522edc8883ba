/** Program: {@linkcode measure} for method "auto"; in its own process, for a peak is a peak of the whole process. */

import type { ProgramInput } from "./bundle.ts";
import { type LayerMemory, measure } from "./quantize_memory.ts";

/** The program. */
export function main(input: ProgramInput): Promise<LayerMemory> {
  return measure("auto", input);
}
