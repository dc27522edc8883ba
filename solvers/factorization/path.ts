import { createRandom } from "../core/random.ts";
import { likeVector, type Matrix, matrix, type SparseMatrix } from "../core/matrix.ts";
import { addScaled, plainDot } from "../core/plain_sums.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { OptionError } from "../core/errors.ts";
import { startRun } from "../core/run.ts";
import { type ArchetypalNmf, factorArchetypes } from "./archetypal.ts";
import { checkRank, checkSamples, isSparse, type Samples } from "./data.ts";
import { archetypalNmfPathOptions, type ArchetypalPathOptions } from "./options.ts";
import { projectOntoArchetypes } from "./project.ts";
import { robustness } from "./robustness.ts";
import { compressedRows } from "./sparse_products.ts";

const action = "follow a path of factorisations";

/** One point of a path. */
export interface ArchetypalPathPoint extends ArchetypalNmf {
  /** Archetypes of the point. */
  readonly rank: number;
  /** Price of the archetypal term at the point. */
  readonly lambda: number;
  /**
   * Sum of the squared distances of the samples that were held out to the hull of the archetypes, over their sum of
   * squares; absent where none were.
   */
  readonly validationError?: number;
  /**
   * Mean squared distance of the archetypes to those of a further start, as a share of the archetypes' mean square, the
   * larger of both directions and the mean of all starts: 0 where all starts find the same. Absent without further starts.
   */
  readonly instability?: number;
}

/**
 * Archetypal factorisations over numbers of archetypes and prices, each told with what speaks for it: how well its
 * archetypes reach samples that it has not seen, and how far archetypes move with the start.
 *
 * Archetypes are fitted to the samples that are not held out. Along the prices of a rank each fit starts at the one before.
 * Time limit and progress are those of the whole path.
 *
 * @param X Samples as rows [samples, features], not negative, dense or sparse.
 * @returns Points by rank, and by price from the largest, as they are found.
 * @throws as {@linkcode archetypalNmf}
 *
 * @example
 * ```ts
 * import { archetypalNmfPath, createRandom, matrix } from "@minima/minima";
 * const { uniform } = createRandom(1), X = matrix(60, 2);
 * const corners = [[0, 1], [1, 0], [3, 3]];
 * for (let i = 0; i < 60; i++) {
 *   const shares = corners.map(() => -Math.log(1 - uniform())), sum = shares[0] + shares[1] + shares[2];
 *   for (let j = 0; j < 2; j++) X.data[2 * i + j] = corners.reduce((x, corner, t) => x + corner[j] * shares[t] / sum, 0);
 * }
 * const errors = [];
 * for await (const point of archetypalNmfPath(X, { ranks: [1, 2, 3] })) errors.push(point.validationError!);
 * if (!(errors[0] > 2 * errors[1] && errors[1] > 2 * errors[2])) throw new Error("three corners");
 * ```
 */
export async function* archetypalNmfPath(
  X: Matrix | SparseMatrix,
  options: ArchetypalPathOptions,
): AsyncGenerator<ArchetypalPathPoint, void> {
  const resolved = resolveOptions(archetypalNmfPathOptions, options, "a path of factorisations");
  const { ranks, lambdas, density, holdout, stabilityStarts, timeLimitMs, ...shared } = resolved;
  const run = startRun(resolved), { rows, columns } = checkSamples(X, action);
  const { kept, held } = split(X, rows, holdout, resolved.seed);
  const whole = ranks.find((rank) => !Number.isSafeInteger(rank));
  if (whole !== undefined) {
    throw new OptionError("ranks", `Cannot use "ranks": expected whole numbers, received ${whole}.`);
  }
  for (const rank of ranks) checkRank(rank, kept.shape[0]);
  const heldSquares = held ? squares(held) : 0;
  const points = ranks.length * lambdas.length, ordered = lambdas.toSorted((a, b) => b - a);
  let done = 0;
  for (const rank of ranks) {
    let before: ArchetypalNmf | undefined;
    for (const lambda of ordered) {
      const fit = async (seed: number, start?: Matrix) =>
        await factorArchetypes(kept, {
          ...shared,
          rank,
          lambda,
          seed,
          initial: seed === shared.seed ? shared.initial : "random",
          nonzeros: density < 1 ? Math.max(1, Math.floor(density * rank * columns)) : undefined,
          timeLimitMs: Math.max(0, timeLimitMs - run.elapsedMs()),
          continuation: start ? undefined : shared.continuation,
          onProgress: shared.onProgress && ((event) =>
            shared.onProgress!({
              ...event,
              fraction: (done + event.fraction) / points,
              elapsedMs: run.elapsedMs(),
            })),
        }, start && { H: start });
      const found = await fit(shared.seed, before?.archetypes);
      const others: ArchetypalNmf[] = [];
      for (let turn = 1; turn <= stabilityStarts; turn++) others.push(await fit((shared.seed + turn) >>> 0));
      let validationError: number | undefined;
      if (held) {
        const { backend, threads, signal } = shared;
        const weights = await projectOntoArchetypes(held, found.archetypes, { backend, threads, signal });
        validationError = heldSquares > 0 ? residual(held, weights, found.archetypes) / heldSquares : 0;
      }
      yield {
        ...found,
        rank,
        lambda,
        ...validationError !== undefined && { validationError },
        ...others.length > 0 && {
          instability: others.reduce((sum, other) => sum + distance(found, other), 0) / others.length,
        },
      };
      done++;
      before = found;
      if (found.status === "time-limit") return;
    }
  }
}

/** Samples that are kept, and held out by the seed. */
function split(X: Samples, rows: number, share: number, seed: number): { kept: Samples; held?: Samples } {
  const count = Math.min(rows - 1, Math.round(share * rows));
  if (count === 0) return { kept: X };
  const order = Array.from({ length: rows }, (_, i) => i), random = createRandom(seed);
  for (let i = rows - 1; i > 0; i--) {
    const other = random.integer(i + 1);
    [order[i], order[other]] = [order[other], order[i]];
  }
  const take = (places: number[]) => rowsOf(X, places.sort((a, b) => a - b));
  return { kept: take(order.slice(count)), held: take(order.slice(0, count)) };
}

function rowsOf(X: Samples, places: readonly number[]): Samples {
  if (isSparse(X)) return sparseRows(X.format === "csr" ? X : compressedRows(X), places);
  const { data, shape: [, columns] } = X, result = likeVector(data, places.length * columns);
  places.forEach((place, i) => result.set(data.subarray(place * columns, (place + 1) * columns), i * columns));
  return matrix(places.length, columns, result);
}

function sparseRows(
  { shape: [, columns], indptr, indices, data }: SparseMatrix,
  places: readonly number[],
): SparseMatrix {
  const starts = new Uint32Array(places.length + 1);
  places.forEach((place, i) => starts[i + 1] = starts[i] + indptr[place + 1] - indptr[place]);
  const own = likeVector(data, starts[places.length]), at = new Uint32Array(own.length);
  places.forEach((place, i) => {
    own.set(data.subarray(indptr[place], indptr[place + 1]), starts[i]);
    at.set(indices.subarray(indptr[place], indptr[place + 1]), starts[i]);
  });
  return { format: "csr", shape: [places.length, columns], indptr: starts, indices: at, data: own };
}

function squares({ data }: { readonly data: ArrayLike<number> }): number {
  let sum = 0;
  for (let at = 0; at < data.length; at++) sum += data[at] * data[at];
  return sum;
}

function residual(X: Samples, weights: Matrix, archetypes: Matrix): number {
  const [rows, columns] = X.shape, [rank] = archetypes.shape, line = new Float64Array(columns);
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    if (isSparse(X)) {
      line.fill(0);
      for (let e = X.indptr[i]; e < X.indptr[i + 1]; e++) line[X.indices[e]] += X.data[e];
    } else line.set(X.data.subarray(i * columns, (i + 1) * columns));
    for (let t = 0; t < rank; t++) addScaled(line, -weights.data[i * rank + t], archetypes.data, t * columns);
    sum += plainDot(line, line);
  }
  return sum;
}

function distance({ archetypes: one }: ArchetypalNmf, { archetypes: other }: ArchetypalNmf): number {
  const { weak, strong } = robustness(one, other), size = squares(one);
  return size > 0 ? Math.max(weak, strong) / size : 0;
}
