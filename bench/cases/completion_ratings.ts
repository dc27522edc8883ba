import { chooseQuantized, type CompletedMatrix, completeMatrix, completeQuantized } from "../../mod.ts";
import type { Case, Cell, Target } from "../case.ts";
import { leftOut } from "../case.ts";
import { bestClock, seconds } from "../clock.ts";
import { type CompletionPeer, openCompletionNumpy } from "../peers/completion_numpy.ts";
import { libmfSplit, movieLens, type RatingSplit, valuesOf } from "../ratings.ts";
import { dataFolder, withoutData } from "../real_data.ts";

/** RMSE, and the share of values above or below the middle that are predicted so. */
interface Quality {
  readonly rmse: number;
  readonly accuracy: number;
}

/** What a contender was told by held-out entries, and how it ended. */
interface Account {
  readonly heldOut?: number;
  readonly rank?: number;
  readonly status?: string;
  readonly seconds?: number;
}

/** Settings of alternating least squares, fixed beforehand. */
const alsSettings = [[2, 1], [5, 3], [10, 10]] as const;

/** Limits of one solve. */
const limits = { backend: "wasm", timeLimitMs: 600_000 } as const;

/** Offsets of the first of the official splits that the prototype came to, and what it is to come to. */
const movieLensLimits = { offsets: 0.9548, best: 0.923, slack: 0.003 };

/** All contenders on one split. */
async function judgeAll(
  { name, shape, train, test }: RatingSplit,
  numpy: CompletionPeer | undefined,
  progress: (text: string) => void,
) {
  const values = valuesOf(train), middle = (values[0] + values.at(-1)!) / 2, rows: Cell[][] = [];
  const judge = (predicted: ArrayLike<number>): Quality => {
    let squares = 0, same = 0;
    for (let e = 0; e < predicted.length; e++) {
      squares += (predicted[e] - test.values[e]) ** 2;
      same += Number(predicted[e] > middle === test.values[e] > middle);
    }
    return { rmse: Math.sqrt(squares / predicted.length), accuracy: same / predicted.length };
  };
  const add = (solver: string, { rmse, accuracy }: Quality, { heldOut, rank, status, seconds }: Account = {}) => {
    progress(`${name}, ${solver}`);
    rows.push([solver, rmse, accuracy, heldOut ?? null, rank ?? null, status ?? null, seconds ?? null]);
    return rmse;
  };
  const observed = { shape, ...train },
    places = [test.rows, test.columns] as const,
    errors: Record<string, number> = {};
  for (const method of ["srf", "soft-impute"] as const) {
    for (const offsets of [undefined, true, false]) {
      const begun = seconds(bestClock);
      const fit: CompletedMatrix = await completeMatrix(observed, { ...limits, method, offsets, maxIterations: 3000 });
      const { rank, status, holdout } = fit, spent = seconds(bestClock) - begun;
      const found = judge(fit.predict(...places)), what = `${method}, offsets ${offsets ?? "by held-out entries"}`;
      const rmse = add(what, found, { heldOut: holdout?.error, rank, status, seconds: spent });
      if (offsets === undefined) errors[method] = rmse;
      if (offsets && method === "srf") {
        const { mean, rows, columns } = fit.offsets!;
        errors.offsets = add(
          "offsets alone",
          judge(Float64Array.from(test.rows, (i, e) => mean + rows[i] + columns[test.columns[e]])),
        );
      }
    }
  }
  // Levels are the values in order; what is predicted of a level is its value, weighed by its probability.
  const levels = { ...observed, values: train.values.map((value) => values.indexOf(value)) };
  const begun = seconds(bestClock), options = { ...limits, tolerance: 1e-4 };
  const { fit, lambda, holdout } = await chooseQuantized(levels, options), spent = seconds(bestClock) - begun;
  const expectedBy = (answer: typeof fit) => {
    const { data } = answer.predict(...places).probabilities, count = values.length;
    return Float64Array.from(test.values, (_, e) => values.reduce((sum, v, q) => sum + v * data[e * count + q], 0));
  };
  errors.quantized = add("levels, lambda by held-out entries", judge(expectedBy(fit)), {
    heldOut: holdout.errors[holdout.best],
    rank: fit.rank,
    status: fit.status,
    seconds: spent,
  });
  // So large a price that there are offsets alone.
  const alone = await completeQuantized(levels, { ...options, lambda: 10 * Math.max(lambda, holdout.lambdas[0]) });
  errors.quantizedOffsets = add("levels, offsets alone", judge(expectedBy(alone)), { status: alone.status });
  for (const [rank, ridge] of numpy ? alsSettings : []) {
    const answer = await numpy!.als(shape, train, { ...test, middle }, { rank, ridge, sweeps: 15, offsets: true });
    add(`ALS in NumPy, offsets, rank ${rank}, ridge ${ridge}`, answer, { seconds: answer.seconds });
  }
  return { rows, errors };
}

/** Ratings beside simpler predictions. */
export const completionRatings: Case = {
  question: "How well are ratings predicted, beside offsets alone and alternating least squares?",
  async run({ quick, progress }) {
    if (dataFolder === undefined) return leftOut(withoutData);
    const tables = [], targets: Target[] = [], missing: string[] = [];
    const numpy = await openCompletionNumpy();
    if (typeof numpy === "string") missing.push(numpy);
    const splits = [await libmfSplit("real_matrix"), await libmfSplit("binary_matrix")];
    const ratings = quick ? undefined : await movieLens(1);
    if (ratings) splits.push(ratings);
    else missing.push("MovieLens 100k: its licence forbids to pass it on; put `u.data` into MINIMA_DATA/ml-100k.");
    for (const split of splits) {
      const { name, shape, train, test } = split;
      const { rows, errors } = await judgeAll(split, typeof numpy === "string" ? undefined : numpy, progress);
      tables.push({
        title: `${name}: ${shape.join(" x ")}, ${train.values.length} for training, ${test.values.length} for testing`,
        columns: ["solver", "RMSE", "same side", "RMSE held out", "rank", "status", "CPU seconds"],
        rows,
      });
      const best = Math.min(errors.srf, errors["soft-impute"]);
      const beside = (what: string, value: number) =>
        targets.push({ name: `RMSE of ${what}, ${name}`, value, limit: 1.005, sense: "at most" });
      beside("the best default over that of offsets alone", best / errors.offsets);
      beside("levels over that of their offsets alone", errors.quantized / errors.quantizedOffsets);
      if (split !== ratings) continue;
      const { offsets, best: known, slack } = movieLensLimits;
      targets.push(
        { name: `RMSE of offsets alone, ${name}`, value: errors.offsets, limit: offsets + slack, sense: "at most" },
        { name: `RMSE of srf, ${name}`, value: errors.srf, limit: known + slack, sense: "at most" },
        { name: `RMSE of levels, ${name}`, value: errors.quantized, limit: known + slack, sense: "at most" },
      );
    }
    if (typeof numpy !== "string") numpy.close();
    return {
      tables,
      targets,
      notes: [
        "Widths and prices are chosen by a tenth of the training entries, never by the test file.",
        "Same side: of the middle between the least and the largest value; the held-out RMSE of levels counts levels.",
        "`real_matrix` has about three entries a row, and hardly anything of low rank to find.",
        "ALS has a ridge that is the same for all rows; its settings are fixed beforehand.",
        "Limits for MovieLens are those of a prototype whose settings were looked at on the test set.",
      ],
      missing,
    };
  },
};
