/** Placeholder. @module */
import type { Workspace } from "../../kernels/engine/mod.ts";
import type { ArchetypalTerms, Blocks } from "./blocks.ts";
import type { DescentEnd } from "./descent.ts";
import type { Run } from "../core/run.ts";
export function improveBySwaps(
  _w: Workspace,
  _b: Blocks,
  _t: ArchetypalTerms,
  end: DescentEnd,
  _o: { run: Run; trace: number[]; descend: () => Promise<DescentEnd>; steps: number; rounding: number },
): Promise<DescentEnd> {
  return Promise.resolve(end);
}
