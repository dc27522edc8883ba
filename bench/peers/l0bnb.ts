/** Exact best-subset regression by its authors' Python package; see `best_subset_l0bnb.py`. */

import type { RegressionDesign } from "../designs.ts";
import { openPeer } from "./peer.ts";
import { startPython, withArrayFiles } from "./python.ts";

/** What is asked for. */
export interface L0bnbRequest {
  readonly lambda0: number;
  readonly lambda2: number;
  readonly bigM: number;
  /** Relative gap to stop at. */
  readonly gap: number;
  /** Most wall-clock seconds. */
  readonly seconds: number;
  /** The first incumbent: its nonzero coefficients. */
  readonly start?: { readonly support: readonly number[]; readonly values: readonly number[] };
}

/** What came, the objective computed afresh from the coefficients. */
export interface L0bnbAnswer {
  /** CPU seconds. */
  readonly seconds: number;
  readonly objective: number;
  readonly gap: number;
  readonly nodes: number;
  readonly support: readonly number[];
}

/** The peer on one design. */
export interface L0bnb {
  readonly name: string;
  solve(request: L0bnbRequest): Promise<L0bnbAnswer>;
  close(): void;
}

/** Opens the peer, its kernels compiled; the reason where the interpreter has no such package. */
export function openL0bnb({ X, y }: Pick<RegressionDesign, "X" | "y">): Promise<L0bnb | string> {
  return openPeer("l0bnb", async () => {
    const python = startPython("best_subset_l0bnb.py"), [samples, features] = X.shape;
    try {
      const { index, version } = await withArrayFiles(
        { X: X.data as Float64Array, y },
        (paths) => python.ask<{ index: number; version: string }>({ do: "prepare", ...paths, samples, features }),
      );
      const solve = (request: L0bnbRequest) => python.ask<L0bnbAnswer>({ do: "solve", index, ...request });
      await solve({ lambda0: 0.1, lambda2: 0.1, bigM: 1, gap: 0.5, seconds: 1 });
      return { name: `l0bnb ${version} (Python)`, solve, close: () => python.close() };
    } catch (error) {
      python.close();
      throw error;
    }
  });
}
