/** Labels by MC-1 and by ridge regression on features filled with zeros, in NumPy on one thread. */

import { openPeer } from "./peer.ts";
import { startPython, withArrayFiles } from "./python.ts";

/** Scores of labels, and the CPU time they took. */
export interface Scores {
  readonly seconds: number;
  readonly scores: readonly number[];
}

/** Standardised features and labels of 1 and -1, NaN where they are not known. */
export interface PartlyKnown {
  readonly features: Float64Array;
  readonly labels: Float64Array;
  readonly items: number;
  readonly width: number;
  readonly count: number;
}

/** The peers. */
export interface TransductionPeer {
  readonly name: string;
  /** MC-1; the price has the least error at the features of which `held` is 1. */
  mc1(known: PartlyKnown, held: Float64Array): Promise<Scores>;
  ridge(known: PartlyKnown, penalty: number): Promise<Scores>;
  close(): void;
}

/** Opens them; the reason where they are missing. */
export function openTransductionNumpy(): Promise<TransductionPeer | string> {
  return openPeer("NumPy", async () => {
    const python = startPython("transduction_numpy.py");
    const { version } = await python.ask<{ version: string }>({ do: "library" });
    return {
      name: `numpy ${version}`,
      mc1: ({ features, labels, items, width, count }, held) =>
        withArrayFiles({ features, labels, held }, (paths) =>
          python.ask({
            do: "mc1",
            ...paths,
            items,
            width,
            count,
            decay: 0.6,
            least: 1e-6,
            tolerance: 1e-3,
            inner: 30,
          })),
      ridge: ({ features, labels, items, width, count }, penalty) =>
        withArrayFiles(
          { features, labels },
          (paths) => python.ask({ do: "ridge", ...paths, items, width, count, penalty }),
        ),
      close: () => python.close(),
    };
  });
}
