/** Matrix completion in NumPy on one thread: a full SVD each step, and alternating ridge regressions. */

import type { Ratings } from "../ratings.ts";
import { openPeer } from "./peer.ts";
import { startPython, withArrayFiles } from "./python.ts";

/** Completion by NumPy. */
export interface CompletionPeer {
  readonly name: string;
  /** Smoothed rank steps at these widths; CPU seconds, and the relative error of the whole matrix. */
  svdLoop(
    whole: Float64Array,
    mask: Float64Array,
    shape: readonly [number, number],
    widths: readonly number[],
    steps: readonly number[],
  ): Promise<{ seconds: number; relative: number }>;
  /** Alternating least squares with a ridge; `accuracy` is the share of values on the right side of `middle`. */
  als(
    shape: readonly [number, number],
    train: Ratings,
    test: Ratings & { readonly middle: number },
    options: { rank: number; ridge: number; sweeps: number; offsets: boolean },
  ): Promise<{ seconds: number; rmse: number; accuracy: number }>;
  close(): void;
}

/** Opens the peer; the reason where it is missing. */
export function openCompletionNumpy(): Promise<CompletionPeer | string> {
  return openPeer("NumPy", async () => {
    const python = startPython("completion_numpy.py");
    const { version } = await python.ask<{ version: string }>({ do: "library" });
    return {
      name: `numpy ${version}`,
      svdLoop: (whole, mask, [rows, columns], widths, steps) =>
        withArrayFiles({ whole, mask }, (paths) => python.ask({ do: "solve", ...paths, rows, columns, widths, steps })),
      als(shape, train, test, options) {
        const lists = {
          rows: Float64Array.from(train.rows),
          columns: Float64Array.from(train.columns),
          values: Float64Array.from(train.values),
          test_rows: Float64Array.from(test.rows),
          test_columns: Float64Array.from(test.columns),
          test_values: Float64Array.from(test.values),
        };
        return withArrayFiles(
          lists,
          (paths) => python.ask({ do: "als", ...paths, shape, middle: test.middle, ...options }),
        );
      },
      close: () => python.close(),
    };
  });
}
