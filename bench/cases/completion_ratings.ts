import { type CompletedMatrix, completeMatrix, parseTriples } from "../../mod.ts";
import type { Case, Cell, Target } from "../case.ts";
import { leftOut } from "../case.ts";
import { bestClock, seconds } from "../clock.ts";
import { openCompletionNumpy, type Triples } from "../peers/completion_numpy.ts";
import { dataFolder, withoutData } from "../real_data.ts";

/** Files of `MINIMA_DATA/libmf`; and of MovieLens, where the user has put `u.data` into `MINIMA_DATA/ml-100k`. */
const files = ["real_matrix", "binary_matrix"] as const;

interface Split {
  readonly name: string;
  readonly shape: readonly [number, number];
  readonly train: Triples;
  readonly test: Triples;
}

async function libmf(name: (typeof files)[number]): Promise<Split> {
  const read = (ending: string) => Deno.readFile(`${dataFolder}/libmf/${name}.${ending}.txt`);
  const train = parseTriples(await read("tr")), test = parseTriples(await read("te"), {}, train);
  return { name: `libmf ${name}`, shape: [test.rowNames.size, test.columnNames.size], train, test };
}

/** The first of the official splits: the first 20,000 lines of the file are its test set. */
async function movieLens(): Promise<Split | undefined> {
  const bytes = await Deno.readFile(`${dataFolder}/ml-100k/u.data`).catch(() => undefined);
  if (bytes === undefined) return undefined;
  const all = parseTriples(bytes);
  const part = (from: number, to?: number): Triples => ({
    rows: all.rows.slice(from, to),
    columns: all.columns.slice(from, to),
    values: all.values.slice(from, to),
  });
  return { name: "MovieLens 100k, u1", shape: all.shape, train: part(20_000), test: part(0, 20_000) };
}

/** Ratings beside simpler predictions. */
export const completionRatings: Case = {
  question: "How well are ratings predicted, beside offsets alone and alternating least squares?",
  async run({ quick, progress }) {
    if (dataFolder === undefined) return leftOut(withoutData);
    const tables = [], targets: Target[] = [], missing: string[] = [];
    const numpy = await openCompletionNumpy();
    if (typeof numpy === "string") missing.push(numpy);
    const ratings = await movieLens();
    if (ratings === undefined) {
      missing.push("MovieLens 100k: its licence forbids to pass it on; put `u.data` into MINIMA_DATA/ml-100k.");
    }
    for (
      const { name, shape, train, test } of [
        ...await Promise.all(files.map(libmf)),
        ...ratings && !quick ? [ratings] : [],
      ]
    ) {
      const rows: Cell[][] = [];
      const judge = (predicted: ArrayLike<number>) => {
        let squares = 0, signs = 0;
        for (let e = 0; e < predicted.length; e++) {
          squares += (predicted[e] - test.values[e]) ** 2;
          signs += Number(Math.sign(predicted[e]) === Math.sign(test.values[e]));
        }
        return { rmse: Math.sqrt(squares / predicted.length), accuracy: signs / predicted.length };
      };
      const add = (
        solver: string,
        { rmse, accuracy }: { rmse: number; accuracy: number },
        spent: number | null,
        fit?: CompletedMatrix,
      ) =>
        rows.push([solver, rmse, accuracy, fit?.holdout?.error ?? null, fit?.rank ?? null, fit?.status ?? null, spent]);
      const observed = {
        shape,
        rows: Uint32Array.from(train.rows),
        columns: Uint32Array.from(train.columns),
        values: Float64Array.from(train.values),
      };
      const places = [Uint32Array.from(test.rows), Uint32Array.from(test.columns)] as const;
      let best = Infinity, alone = Infinity;
      for (const method of ["srf", "soft-impute"] as const) {
        for (const offsets of [undefined, true, false]) {
          progress(`${name}, ${method}, offsets ${offsets ?? "by held-out entries"}`);
          const begun = seconds(bestClock);
          const fit = await completeMatrix(observed, {
            method,
            offsets,
            backend: "wasm",
            maxIterations: 3000,
            timeLimitMs: 120_000,
          });
          const spent = seconds(bestClock) - begun, found = judge(fit.predict(...places));
          add(`${method}, offsets ${offsets ?? "by held-out entries"}`, found, spent, fit);
          if (offsets === undefined) best = Math.min(best, found.rmse);
          if (fit.offsets && alone === Infinity) {
            const { mean, rows, columns } = fit.offsets;
            const simple = judge(Float64Array.from(places[0], (row, e) => mean + rows[row] + columns[places[1][e]]));
            add("offsets alone", simple, null);
            alone = simple.rmse;
          }
        }
      }
      for (const [rank, ridge] of typeof numpy === "string" ? [] : [[2, 1], [5, 3], [10, 10]]) {
        progress(`${name}, alternating least squares, rank ${rank}`);
        const answer = await (numpy as Exclude<typeof numpy, string>).als(shape, train, test, {
          rank,
          ridge,
          sweeps: 15,
          offsets: true,
        });
        add(`ALS in NumPy, offsets, rank ${rank}, ridge ${ridge}`, answer, answer.seconds);
      }
      tables.push({
        title: `${name}: ${shape.join(" x ")}, ${train.values.length} for training, ${test.values.length} for testing`,
        columns: ["solver", "RMSE", "same sign", "RMSE held out", "rank", "status", "CPU seconds"],
        rows,
      });
      targets.push({
        name: `RMSE of the best default over that of offsets alone, ${name}`,
        value: best / alone,
        limit: 1.005,
        sense: "at most",
      });
    }
    if (typeof numpy !== "string") numpy.close();
    return {
      tables,
      targets,
      notes: [
        "Widths and prices are chosen by a tenth of the training entries, never by the test file.",
        "The files of libmf have about two entries a row or one: there is hardly anything of low rank to find.",
        "ALS has a ridge that is the same for all rows; its settings are fixed beforehand.",
      ],
      missing,
    };
  },
};
