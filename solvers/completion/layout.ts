/** How the matrix of a completion is held, by its size. @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import type { Pause } from "../spectral/operands.ts";
import type { Entries } from "./entries.ts";
import { denseFilled, deviceFilled, sparseFilled } from "./filled.ts";
import { createGramIterate } from "./gram_iterate.ts";
import type { Iterate } from "./iterate.ts";
import { createSubspaceIterate } from "./subspace_iterate.ts";

/** How a matrix is held. */
export type Representation = "gram" | "dense" | "sparse";

/** Up to this many columns a decomposition of the Gram matrix costs no more than iteration of a subspace. */
const smallSide = 160;

/** Most elements of a matrix that is held whole. */
const mostElements = 1 << 24;

/** Share of observed entries from which products with the whole matrix are faster than with the entries. */
const denseShare = 0.04;

/** Largest rank where there is no limit, and the matrix is not decomposed whole. */
const defaultLimit = 50;

/** Vectors of a subspace beside those of the rank. */
const oversampling = 5;

/** How to hold a matrix, and the most singular values to keep. */
export interface Layout {
  readonly representation: Representation;
  readonly rankLimit: number;
}

/** The largest rank of which a matrix has no more degrees of freedom, `r (rows + columns - r)`, than entries. */
function determinedRank([rows, columns]: readonly [number, number], entries: number): number {
  const half = (rows + columns) / 2;
  return Math.max(1, Math.floor(half - Math.sqrt(Math.max(0, half * half - entries))));
}

/** Chooses a layout by shape, number of entries and the limit of the caller. */
export function layoutOf(shape: readonly [number, number], entries: number, rankLimit?: number): Layout {
  const side = Math.min(...shape), elements = shape[0] * shape[1];
  const limit = Math.min(side, rankLimit ?? Math.min(defaultLimit, determinedRank(shape, entries)));
  if (elements <= mostElements && (side <= smallSide || 4 * (limit + oversampling) > side)) {
    return { representation: "gram", rankLimit: Math.min(side, rankLimit ?? side) };
  }
  const dense = elements <= mostElements && entries > denseShare * elements;
  return { representation: dense ? "dense" : "sparse", rankLimit: limit };
}

/** Kernels that a device must have for the products of a matrix that is held whole. */
export const neededKernels = ["gemm", "sparseFill"] as const;

/** Operations of one step, by rough count. */
export function stepFlops([rows, columns]: readonly [number, number], entries: number, layout: Layout): number {
  const { representation, rankLimit } = layout, side = Math.min(rows, columns);
  const width = Math.min(side, rankLimit + oversampling), basis = 12 * (rows + columns) * width * width;
  if (representation === "gram") return 3 * rows * columns * side + 15 * side ** 3;
  return basis + (representation === "dense" ? 6 * rows * columns : 8 * entries) * width;
}

/** The matrix filled with the entries, and zeros between them. */
export async function createIterate(
  workspace: Workspace,
  entries: Entries,
  layout: Layout,
  seed: number,
  pause: Pause,
): Promise<Iterate> {
  const { representation, rankLimit } = layout, { host } = workspace;
  if (representation === "gram") return await createGramIterate(host, entries, rankLimit, pause);
  const width = Math.min(...entries.shape, rankLimit + oversampling);
  const filled = representation === "sparse"
    ? await sparseFilled(host, entries, width, pause)
    : workspace === host
    ? await denseFilled(host, entries, pause)
    : await deviceFilled(workspace, entries, width, pause);
  return createSubspaceIterate(host, filled, { rankLimit, width, seed });
}
