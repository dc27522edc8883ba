/** Factorisations in Python; see `factorization.py`. */

import type { Matrix } from "../../mod.ts";
import { openPeer } from "./peer.ts";
import { startPython, withArrayFiles } from "./python.ts";

/** A problem of archetypes: from the first samples, thresholded, equal weights, and the samples as hull weights. */
export interface ArchetypalProblem {
  readonly rank: number;
  readonly lambda: number;
  readonly nonzeros: number;
  readonly iterations: number;
}

/** Factors to start from. */
export interface PeerStart {
  readonly W: Float32Array | Float64Array;
  readonly H: Float32Array | Float64Array;
}

/** The peer. */
export interface FactorizationPeer {
  readonly name: string;
  /** The start of scikit-learn. */
  start(X: Matrix, rank: number): Promise<PeerStart>;
  /** Its NMF from a start, after so many iterations: CPU seconds, the least of some rounds, and the relative error. */
  nmf(X: Matrix, rank: number, start: PeerStart, iterations: number, rounds: number): Promise<{
    readonly seconds: number;
    readonly relativeError: number;
  }>;
  /** The authors' algorithm in NumPy: objectives, and CPU seconds when each was reached. */
  authors(X: Matrix, problem: ArchetypalProblem): Promise<{ readonly trace: number[]; readonly seconds: number[] }>;
  /** The algorithm of this library in NumPy. */
  same(X: Matrix, problem: ArchetypalProblem, steps: number): Promise<{ readonly trace: number[] }>;
  close(): void;
}

const numpyType = (X: Matrix) => X.data instanceof Float32Array ? "float32" : "float64";

/** Opens the peer; the reason where the interpreter has no scikit-learn. */
export function openFactorization(): Promise<FactorizationPeer | string> {
  return openPeer("scikit-learn", async () => {
    const python = startPython("factorization.py");
    try {
      const tiny: Matrix = { data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] };
      const { version } = await begin(tiny, 1);
      return {
        name: `scikit-learn ${version}`,
        async start(X, rank) {
          const { W, H } = await begin(X, rank);
          return { W, H };
        },
        nmf: (X, rank, { W, H }, iterations, rounds) =>
          withArrayFiles(
            { X: X.data, W, H },
            (paths) =>
              python.ask({ do: "nmf", ...paths, rows: X.shape[0], dtype: numpyType(X), rank, iterations, rounds }),
          ),
        authors: (X, { lambda, nonzeros, ...rest }) =>
          withArrayFiles(
            { X: X.data },
            (paths) =>
              python.ask({ do: "authors", ...paths, rows: X.shape[0], price: lambda, keep: nonzeros, ...rest }),
          ),
        same: (X, { lambda, nonzeros, ...rest }, steps) =>
          withArrayFiles(
            { X: X.data },
            (paths) =>
              python.ask({ do: "same", ...paths, rows: X.shape[0], price: lambda, keep: nonzeros, steps, ...rest }),
          ),
        close: () => python.close(),
      };
    } catch (error) {
      python.close();
      throw error;
    }

    async function begin(X: Matrix, rank: number) {
      const like = (length: number) =>
        X.data instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
      return await withArrayFiles(
        { X: X.data, W: like(X.shape[0] * rank), H: like(rank * X.shape[1]) },
        async (paths) => {
          const { version } = await python.ask<{ version: string }>({
            do: "start",
            ...paths,
            rows: X.shape[0],
            dtype: numpyType(X),
            rank,
          });
          const read = async (path: string) => {
            const { buffer } = await Deno.readFile(path);
            return X.data instanceof Float32Array ? new Float32Array(buffer) : new Float64Array(buffer);
          };
          return { version, W: await read(paths.W), H: await read(paths.H) };
        },
      );
    }
  });
}
