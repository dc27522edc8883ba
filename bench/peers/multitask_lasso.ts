/** Lassos of scikit-learn, tuned by cross-validation; see `multitask_lasso.py`. */

import { fromRows, type Matrix } from "../../mod.ts";
import { openPeer } from "./peer.ts";
import { startPython, withArrayFiles } from "./python.ts";

/** A fit by the peer. */
export interface LassoFit {
  /** CPU seconds, tuning included. */
  readonly seconds: number;
  /** [features, tasks] */
  readonly coefficients: Matrix;
  readonly intercepts: Float64Array;
}

/** The peer. */
export interface MultiTaskLasso {
  readonly name: string;
  fit(model: "multi-task lasso" | "lasso", X: Matrix, Y: Matrix, folds: number): Promise<LassoFit>;
  close(): void;
}

/** Opens the peer; the reason where the interpreter has no such package. */
export function openMultiTaskLasso(): Promise<MultiTaskLasso | string> {
  return openPeer("scikit-learn", async () => {
    const python = startPython("multitask_lasso.py");
    try {
      const { version } = await python.ask<{ version: string }>({ do: "prepare" });
      return {
        name: `scikit-learn ${version}`,
        async fit(model, X, Y, folds) {
          const [samples, features] = X.shape, tasks = Y.shape[1];
          const arrays = { X: Float64Array.from(X.data), Y: Float64Array.from(Y.data) };
          const answer = await withArrayFiles(
            arrays,
            (paths) =>
              python.ask<{ seconds: number; coefficients: number[][]; intercepts: number[] }>({
                do: "fit",
                model,
                ...paths,
                samples,
                features,
                tasks,
                folds,
              }),
          );
          return {
            seconds: answer.seconds,
            coefficients: fromRows(answer.coefficients),
            intercepts: Float64Array.from(answer.intercepts),
          };
        },
        close: () => python.close(),
      };
    } catch (error) {
      python.close();
      throw error;
    }
  });
}
