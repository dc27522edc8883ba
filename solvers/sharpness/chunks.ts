/**
 * Micro-batches whose gradients are held together, and the operands of the kernels that work on them. They are made once
 * and frozen, so that a step makes no garbage: see `kernels/engine/wasm_backend.ts`.
 *
 * @module
 */

import type { Completion, FloatDtype, KernelArguments, MatrixOperand, VectorOperand } from "../../kernels/contract.ts";
import { PER_SEGMENT } from "../../kernels/contract/training/constants.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";

/** Most bytes of gradients and perturbed parameters that are held at a time, unless threads need more. */
const chunkBytes = 16 << 20;

/** Gives the gradients of micro-batches. */
export interface GradientSource {
  /**
   * What writes the gradients of micro-batches `first` to `first + gradients.rows` to the rows, and their mean losses: it
   * is called again and again, with other parameters and batches in the arrays.
   *
   * @param points One row for all micro-batches, or one for each.
   */
  evaluation(
    points: MatrixOperand,
    first: number,
    gradients: MatrixOperand,
    losses: VectorOperand,
  ): () => Completion<unknown>;
  /**
   * What writes the gradients where one step of ascent leads, the losses and norms before it and the losses after it, where
   * that takes less than two evaluations.
   */
  ascent?(
    point: MatrixOperand,
    first: number,
    gradients: MatrixOperand,
    ascent: Ascent,
  ): (() => Completion) | undefined;
}

/** One step of ascent, and what is noted of it. */
export interface Ascent extends Pick<KernelArguments<"perturb">, "norm" | "rho" | "epsilon" | "norms"> {
  readonly losses: VectorOperand;
  readonly perturbedLosses: VectorOperand;
}

/** Micro-batches `first` to `first + rows`. */
export interface Chunk {
  readonly first: number;
  readonly rows: number;
  /** Does all that follows but the sum, where the source can. */
  readonly whole?: () => Completion;
  /** Leave losses and gradients at the parameters, and at the perturbed ones. */
  readonly before: () => Completion<unknown>;
  readonly after: () => Completion<unknown>;
  /** The first ascent, and those that follow it, where parameters are perturbed. */
  readonly ascent?: KernelArguments<"perturb">;
  readonly furtherAscent?: KernelArguments<"perturb">;
  /** The gradient of each micro-batch. */
  readonly gradients: readonly KernelArguments<"nrm2">[];
  /** Add the decay to the gradients, at the parameters and at the perturbed ones, and take away the first. */
  readonly decay: readonly KernelArguments<"axpy">[];
  readonly perturbedDecay: readonly KernelArguments<"axpy">[];
  readonly withoutDecay: readonly KernelArguments<"axpy">[];
  readonly sum: KernelArguments<"pairwiseSum">;
}

/** What numbers of a micro-batch are noted, one after the other for all of a chunk. */
export const LOSS = 0, NORM = 1, PERTURBED_LOSS = 2, FURTHER_NORM = 3, NUMBERS = 4;

/** What chunks are cut for. */
export interface ChunkShape {
  readonly dtype: FloatDtype;
  readonly size: number;
  /** Most micro-batches of a step. */
  readonly microBatches: number;
  /** How parameters are perturbed; nothing where they are not. */
  readonly perturbation?: Pick<
    KernelArguments<"perturb">,
    "segments" | "norm" | "rho" | "epsilon" | "eta" | "scaled" | "share"
  >;
  /** Perturbations go in several steps. */
  readonly inSteps: boolean;
  /** Weight decay that is part of the loss. */
  readonly decay: number;
}

/** The chunks of a step, over arrays of their own. */
export interface Chunks {
  /** Most micro-batches of one. */
  readonly most: number;
  /** The chunks of so many micro-batches. */
  of(count: number): readonly Chunk[];
  /** What each micro-batch of a chunk counts. */
  readonly shares: VectorOperand;
  /** `NUMBERS` for each micro-batch of a chunk, `most` of each kind. */
  readonly numbers: VectorOperand;
  /** Sums of chunks, where there are several; they are summed as chunks are. */
  readonly partials?: MatrixOperand;
  /** The sum of all. */
  readonly sum: VectorOperand;
  /** Perturbations that are taken in several steps. */
  readonly offsets?: MatrixOperand;
}

/** The largest power of two that is at most `most`, and no larger than `needed` asks for. */
function powerOfTwo(needed: number, most: number): number {
  let power = 1;
  while (power < needed && 2 * power <= most) power *= 2;
  return power;
}

/** Arrays for the gradients at `parameters`. */
export function createChunks(
  workspace: Workspace,
  parameters: VectorOperand,
  { dtype, size, microBatches, perturbation, inSteps, decay }: ChunkShape,
  source: GradientSource,
): Chunks {
  const fits = Math.floor(chunkBytes / (2 * size * (dtype === "f32" ? 4 : 8)));
  const most = powerOfTwo(microBatches, Math.max(fits, 2 ** Math.ceil(Math.log2(workspace.plan.threads))));
  const rowsFor = (label: string, rows: number): MatrixOperand => {
    return { array: workspace.allocate(dtype, rows * size, label), rows, columns: size };
  };
  const numbersFor = (label: string, length: number): VectorOperand => {
    return { array: workspace.allocate(workspace.widest, length, label), length };
  };
  const point: MatrixOperand = { array: parameters.array, rows: 1, columns: size };
  const gradients = rowsFor("gradients", most);
  let perturbed: MatrixOperand | undefined;
  const perturbedRows = () => perturbed ??= perturbation ? rowsFor("perturbed parameters", most) : gradients;
  const offsets = perturbation && inSteps ? rowsFor("perturbations", most) : undefined;
  const partials = microBatches > most ? rowsFor("partial sums", Math.ceil(microBatches / most)) : undefined;
  const shares = numbersFor("shares", most), numbers = numbersFor("losses and norms", NUMBERS * most);
  const cuts = new Map<number, readonly Chunk[]>();

  /** Whether a step may be taken by one call. */
  const atOnce = perturbation !== undefined && perturbation.norm !== PER_SEGMENT && perturbation.eta === undefined &&
    !inSteps && decay === 0 && workspace.host === workspace;

  function chunkAt(first: number, rows: number): Chunk {
    const own = { ...gradients, rows };
    const noted = (kind: number): VectorOperand => ({ array: numbers.array, offset: kind * most, length: rows });
    const rowOf = ({ array }: MatrixOperand, i: number): VectorOperand => ({ array, offset: i * size, length: size });
    const each = <T>(make: (row: number) => T) => Array.from({ length: rows }, (_, i) => Object.freeze(make(i)));
    const added = (alpha: number, x: (row: number) => VectorOperand) =>
      decay === 0 ? [] : each((i) => ({ alpha, x: x(i), y: rowOf(own, i) }));
    const whole = atOnce && perturbation
      ? source.ascent?.(point, first, own, {
        norm: perturbation.norm,
        rho: perturbation.rho,
        epsilon: perturbation.epsilon,
        norms: noted(NORM),
        losses: noted(LOSS),
        perturbedLosses: noted(PERTURBED_LOSS),
      })
      : undefined;
    const moved = whole ? own : { ...perturbedRows(), rows };
    const ascent = (norms: VectorOperand) =>
      perturbation && Object.freeze({
        ...perturbation,
        parameters,
        gradients: own,
        perturbed: moved,
        norms,
        offsets: offsets && { ...offsets, rows },
      });
    return {
      first,
      rows,
      whole,
      before: source.evaluation(point, first, own, noted(LOSS)),
      after: source.evaluation(moved, first, own, noted(PERTURBED_LOSS)),
      ascent: whole ? undefined : ascent(noted(NORM)),
      furtherAscent: whole ? undefined : ascent(noted(FURTHER_NORM)),
      gradients: each((i) => ({ x: rowOf(own, i) })),
      decay: added(decay, () => parameters),
      perturbedDecay: added(decay, (i) => rowOf(moved, i)),
      withoutDecay: added(-decay, () => parameters),
      sum: Object.freeze({
        terms: own,
        shares: { ...shares, length: rows },
        sum: partials && rowOf(partials, first / most),
      }),
    };
  }

  return {
    most,
    shares,
    numbers,
    partials,
    offsets,
    sum: { array: (partials ?? gradients).array, length: size },
    of(count) {
      const known = cuts.get(count);
      if (known) return known;
      const starts = Array.from({ length: Math.ceil(count / most) }, (_, at) => at * most);
      const cut = starts.map((first) => chunkAt(first, Math.min(most, count - first)));
      cuts.set(count, cut);
      return cut;
    },
  };
}
