/** Losses for the caller's own optimisation: what they offer, and how their calls take turns. @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import { OptionError, ShapeError } from "../core/errors.ts";
import type { Vector } from "../core/matrix.ts";
import { choice } from "../core/options.ts";

/** A loss over samples in memory of its own: `gradient` is what `sam` takes, with `product` what `sharpness` takes. */
export interface LossModel {
  /** Number of the parameters. */
  readonly size: number;
  /** Where each tensor of the parameters begins. */
  readonly segments: Uint32Array;
  /** Parameters to begin with, in the precision of the samples. */
  initial(seed?: number): Vector;
  /** Writes the gradient of the mean loss over the samples of `batch`, null for all, to `out`; returns the loss. */
  gradient(parameters: Vector, batch: Uint32Array | null, out: Vector): Promise<number>;
  /** Writes the Hessian of the mean loss over all samples, times `vector`, to `out`. */
  product(parameters: Vector, vector: Vector, out: Vector): Promise<void>;
  /** Frees its memory; idempotent. */
  release(): void;
}

/** Where losses of the caller run. */
export const lossBackend = choice(["auto", "reference", "wasm"], { default: "auto", about: "Where to run." });

/** A model whose vectors are checked, and which one call at a time uses. */
export function modelOf(
  workspace: Workspace,
  size: number,
  segments: Uint32Array,
  { initial, gradient, product }: Pick<LossModel, "gradient" | "product"> & { initial: (seed: number) => Vector },
): LossModel {
  let released = false, turn: Promise<unknown> = Promise.resolve();
  const checked = (vectors: readonly [string, Vector][]) => {
    if (released) throw new Error("Cannot use the loss: it has been released.");
    for (const [name, value] of vectors) {
      if (value?.length === size) continue;
      throw new ShapeError(name, `Cannot use the loss: "${name}" has ${value?.length} elements, expected ${size}.`);
    }
  };
  /** Calls share arrays, and take turns. */
  const inTurn = <T>(call: () => Promise<T>): Promise<T> => {
    const result = turn.then(call);
    turn = result.catch(() => {});
    return result;
  };
  return {
    size,
    segments,
    initial: (seed = 0) => initial(seed),
    async gradient(parameters, batch, out) {
      checked([["parameters", parameters], ["out", out]]);
      return await inTurn(() => gradient(parameters, batch, out));
    },
    async product(parameters, vector, out) {
      checked([["parameters", parameters], ["vector", vector], ["out", out]]);
      await inTurn(() => product(parameters, vector, out));
    },
    release() {
      released = true;
      turn.then(() => workspace.release());
    },
  };
}

/** @throws {OptionError} for samples that are not there */
export function checkSamples(batch: Uint32Array, rows: number): void {
  const at = batch.findIndex((sample) => sample >= rows);
  if (at < 0 && batch.length > 0 && batch.length <= rows) return;
  const what = at >= 0 ? `sample ${batch[at]}` : `${batch.length} samples`;
  throw new OptionError("batch", `Cannot use "batch": expected 1 to ${rows} samples below ${rows}, received ${what}.`);
}
