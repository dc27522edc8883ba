import { completeMatrix, completeQuantized, memoryUsage } from "../../mod.ts";
import type { Case, Cell, Target } from "../case.ts";
import { bestClock, seconds } from "../clock.ts";
import { lowRankDesign, sampledError } from "../low_rank.ts";
import { openCompletionNumpy } from "../peers/completion_numpy.ts";

/** Steps at each width of a schedule that ours and NumPy's share. */
const steps = 2;

/** Turns of one thread and two where a solve takes less than a second or two; one where there are more entries. */
const turns = 5, manyEntries = 500_000;

/** Large matrices: shape, share observed, rank kept. */
const large = [
  { shape: [5_000, 2_000], share: 0.01, rank: 20 },
  { shape: [10_000, 2_000], share: 0.01, rank: 20 },
  { shape: [10_000, 2_000], share: 0.02, rank: 20 },
  { shape: [10_000, 2_000], share: 0.04, rank: 20 },
  { shape: [100_000, 20_000], share: 0.0005, rank: 20 },
  { shape: [100_000, 20_000], share: 0.001, rank: 20 },
] as const;

/** Time and memory of matrix completion. */
export const completionSpeed: Case = {
  question: "How long does a completion take, beside a full SVD each step, and how does it grow with the entries?",
  async run({ quick, seed, progress }) {
    const targets: Target[] = [], missing: string[] = [], race: Cell[][] = [], growth: Cell[][] = [];
    const size = quick ? 200 : 1000, rank = 10, design = lowRankDesign([size, size], rank, 0.3, seed);
    const numpy = await openCompletionNumpy();
    const decay = 0.7;
    const options = { holdout: 0, widthDecay: decay, innerIterations: steps, leastWidth: 0.02, tolerance: 0 } as const;
    progress(`${size} x ${size}, one thread`);
    const begun = seconds(bestClock);
    const fit = await completeMatrix(design.observed, { ...options, backend: "wasm" });
    const ours = seconds(bestClock) - begun, error = sampledError(design, fit.predict);
    race.push(["minima, 1 thread", ours, fit.iterations, error]);
    if (typeof numpy === "string") missing.push(numpy);
    else {
      progress(`${size} x ${size}, ${numpy.name}`);
      const whole = new Float64Array(size * size), mask = new Float64Array(size * size);
      for (let at = 0; at < whole.length; at++) whole[at] = design.at(Math.floor(at / size), at % size);
      design.observed.rows.forEach((row, e) => mask[row * size + design.observed.columns[e]] = 1);
      // The widths that ours had: from four times the largest singular value down to the last one.
      const largest = fit.width! / options.leastWidth, widths: number[] = [];
      for (let width = 4 * largest;; width *= decay) {
        widths.push(Math.max(width, options.leastWidth * largest));
        if (width <= options.leastWidth * largest) break;
      }
      const answer = await numpy.svdLoop(whole, mask, [size, size], widths, widths.map(() => steps));
      race.push([numpy.name, answer.seconds, steps * widths.length, answer.relative]);
      targets.push({
        name: `CPU time of a full SVD each step over ours, ${size} x ${size}`,
        value: answer.seconds / ours,
        limit: 2,
        sense: "at least",
      });
      targets.push({
        name: "difference of the relative errors",
        value: Math.abs(answer.relative - error),
        limit: 1e-3,
        sense: "at most",
      });
      numpy.close();
    }
    /** Least wall-clock milliseconds of one thread and of two, which take turns. */
    const inTurns = async (rounds: number, work: (threads: number) => Promise<unknown>) => {
      const least = [Infinity, Infinity];
      for (let turn = 0; turn < 2 * rounds; turn++) {
        const threads = 1 + turn % 2, from = performance.now();
        progress(`wall clock, ${threads} threads`);
        await work(threads);
        least[turn % 2] = Math.min(least[turn % 2], performance.now() - from);
      }
      return least;
    };
    const threaded = (threads: number) => ({ ...options, backend: threads > 1 ? "threads" : "wasm", threads } as const);
    await completeMatrix(design.observed, { ...threaded(2), maxIterations: 2 });
    const [one, two] = await inTurns(turns, (threads) => completeMatrix(design.observed, threaded(threads)));
    race.push(["minima, 2 threads, wall clock", two / 1e3, fit.iterations, error]);
    targets.push({
      name: `wall clock of one thread over two, ${size} x ${size}`,
      value: one / two,
      limit: 1.7,
      sense: "at least",
    });
    const perStep: { entries: number; time: number; family: string }[] = [];
    for (const { shape, share, rank } of quick ? large.slice(0, 2) : large) {
      const count = 30, sparse = lowRankDesign(shape, rank, share, seed, 0.1), entries = sparse.observed.values.length;
      progress(`${shape.join(" x ")}, ${share}`);
      const fixed = { holdout: 0, rankLimit: rank, maxIterations: count, tolerance: 0 } as const;
      const started = seconds(bestClock);
      const answer = await completeMatrix(sparse.observed, { ...fixed, backend: "wasm" });
      const spent = seconds(bestClock) - started, { reserved } = memoryUsage();
      const [single, pair] = await inTurns(
        entries < manyEntries ? turns : 1,
        (threads) => completeMatrix(sparse.observed, { ...fixed, backend: threads > 1 ? "threads" : "wasm", threads }),
      );
      growth.push([
        shape.join(" x "),
        entries,
        answer.iterations,
        spent,
        spent / count * 1e3,
        reserved / 2 ** 20,
        single / pair,
      ]);
      perStep.push({ entries, time: spent, family: shape.join() });
      if (share === 0.01 && shape[0] === 10_000 || share === 0.001) {
        targets.push({
          name: `wall clock of one thread over two, ${shape.join(" x ")}`,
          value: single / pair,
          limit: 1.7,
          sense: "at least",
        });
      }
    }
    const sweeps: Cell[][] = [];
    for (const { shape, share, rank } of quick ? large.slice(0, 2) : large) {
      const count = 10, { observed } = lowRankDesign(shape, rank, share, seed, 0.1);
      const entries = observed.values.length, family = `${shape.join()}, levels`;
      progress(`${shape.join(" x ")}, ${share}, levels`);
      // Five levels of about the same frequency, cut at multiples of the standard deviation.
      const cuts = [-0.84, -0.25, 0.25, 0.84].map((cut) => cut * Math.sqrt(rank));
      const values = observed.values.map((value) => cuts.filter((cut) => value > cut).length);
      const fixed = { lambda: 4, boundaries: [-1.4, -0.4, 0.4, 1.4], rank: 10, maxIterations: count } as const;
      const started = seconds(bestClock);
      const answer = await completeQuantized({ ...observed, values }, {
        ...fixed,
        method: "alternating",
        backend: "wasm",
      });
      const spent = seconds(bestClock) - started, { reserved } = memoryUsage();
      sweeps.push([shape.join(" x "), entries, answer.iterations, spent, answer.gap, reserved / 2 ** 20]);
      perStep.push({ entries, time: spent, family });
    }
    for (const family of new Set(perStep.map(({ family }) => family))) {
      const points = perStep.filter((point) => point.family === family);
      if (points.length < 2) continue;
      const [first, last] = [points[0], points.at(-1)!];
      const exponent = Math.log(last.time / first.time) / Math.log(last.entries / first.entries);
      targets.push({
        name: `exponent of the time in the entries, ${family.replace(",", " x ")}`,
        value: exponent,
        limit: 1.1,
        sense: "at most",
      });
    }
    return {
      tables: [
        {
          title: `${size} x ${size}, rank ${rank}, 30 % observed: a whole solve at the same widths`,
          columns: ["solver", "seconds", "steps", "relative error"],
          rows: race,
        },
        {
          title: "Large matrices, rank 20 kept, a fixed number of steps on one thread",
          columns: [
            "shape",
            "entries",
            "steps",
            "CPU seconds",
            "CPU ms a step",
            "MiB of WASM memory",
            "wall clock, 1 thread over 2",
          ],
          rows: growth,
        },
        {
          title: "Large matrices of levels, rank 10, ten sweeps and the certificate on one thread",
          columns: ["shape", "entries", "sweeps", "CPU seconds", "gap", "MiB of WASM memory"],
          rows: sweeps,
        },
      ],
      targets,
      notes: [
        "By the clock, one thread and two take turns, and the least of five counts; of one with more than 500,000 entries.",
        "CPU time of one thread; f64. Widths fall by .7 from four times the largest singular value to .02 of it, two steps each.",
        "Ours keeps the 50 largest singular values (`rankLimit` at its default), NumPy decomposes the whole matrix.",
        "At 1 % of 10,000 x 2,000 rank 20 has more degrees of freedom than there are entries: this is about time alone.",
      ],
      missing,
    };
  },
};
