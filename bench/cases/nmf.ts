import { createRandom, type Matrix, matrix, nmf, parseNpy } from "../../mod.ts";
import { type Case, type Cell, leftOut, type Picture, type Target } from "../case.ts";
import { drawComponents } from "../../pictures/mod.ts";
import { bestClock, busiestThreadSeconds, seconds } from "../clock.ts";
import { openFactorization } from "../peers/factorization.ts";
import { dataFolder, withoutData } from "../real_data.ts";

/** A file of the data as a matrix. */
async function readMatrix(path: string): Promise<Matrix> {
  const { shape, data } = parseNpy(await Deno.readFile(`${dataFolder}/${path}`));
  const values = Float64Array.from(data as ArrayLike<number>);
  return matrix(shape[0], values.length / shape[0], values);
}

/** Uniform numbers: so many that threads pay for the whole call. */
function uniformMatrix(rows: number, columns: number, seed: number): Matrix {
  const { uniform } = createRandom(seed);
  return matrix(rows, columns, Float64Array.from({ length: rows * columns }, uniform));
}

const sets = [
  { name: "digits", rank: 10, iterations: 200, read: () => readMatrix("digits/images.npy") },
  { name: "Samson", rank: 3, iterations: 200, read: () => readMatrix("samson/spectra.npy") },
  {
    name: "uniform",
    rank: 10,
    iterations: 50,
    read: (seed: number) => Promise.resolve(uniformMatrix(5000, 400, seed)),
  },
];

const oneThread = { backend: "wasm", threads: 1 } as const, twoThreads = { backend: "threads", threads: 2 } as const;

/** Plain factorisation beside scikit-learn, from its own start. */
export const nmfCase: Case = {
  question: "Does nmf fit as well as scikit-learn from the same start, and how fast?",
  async run({ quick, seed, progress }) {
    if (dataFolder === undefined) return leftOut(withoutData);
    const peer = await openFactorization();
    if (typeof peer === "string") return leftOut(peer);
    const rows: Cell[][] = [], targets: Target[] = [], pictures: Picture[] = [];
    const rounds = quick ? 2 : 5;
    try {
      for (const { name, rank, iterations, read } of sets) {
        const samples = await read(seed);
        for (const dtype of ["f64", "f32"] as const) {
          progress(`${name}, ${dtype}`);
          const X = dtype === "f32" ? { ...samples, data: Float32Array.from(samples.data) } : samples;
          const { W, H } = await peer.start(X, rank);
          const initial = { H: matrix(rank, X.shape[1], H), W: matrix(X.shape[0], rank, W) };
          const cpu = async (work: () => Promise<unknown>) => {
            const begun = seconds(bestClock);
            await work();
            return seconds(bestClock) - begun;
          };
          const ours = async (settings: object, clock = cpu) => {
            const solve = () => nmf(X, { rank, initial, ...oneThread, ...settings });
            let least = Infinity, answer = await solve();
            for (let round = 0; round < rounds; round++) {
              least = Math.min(
                least,
                await clock(async () => {
                  answer = await solve();
                }),
              );
            }
            return { seconds: least, answer };
          };
          const theirs = await peer.nmf(X, rank, { W, H }, iterations, rounds);
          const alike = { maxIterations: iterations, innerIterations: 1, tolerance: 0 }, same = await ours(alike);
          const usual = await ours({});
          const alone = await ours(alike, busiestThreadSeconds);
          const shared = await ours({ ...alike, ...twoThreads }, busiestThreadSeconds);
          const again = await peer.nmf(X, rank, { W, H }, iterations, rounds),
            least = Math.min(theirs.seconds, again.seconds);
          const label = `${name} ${X.shape.join(" x ")}, rank ${rank}, ${dtype}`;
          rows.push([label, peer.name, iterations, theirs.relativeError, least * 1e3, 1]);
          for (
            const [what, { seconds, answer }] of [
              ["nmf, 1 sweep", same],
              ["nmf, 1 sweep, two threads", shared],
              ["nmf, as it is", usual],
            ] as const
          ) {
            rows.push([label, what, answer.iterations, answer.relativeError, seconds * 1e3, least / seconds]);
          }
          targets.push(
            {
              name: `${label}: relative error above scikit-learn's`,
              value: same.answer.relativeError - theirs.relativeError,
              limit: 1e-4,
              sense: "at most",
            },
            { name: `${label}: speed beside scikit-learn`, value: least / same.seconds, limit: 1, sense: "at least" },
            {
              name: `${label}: two threads, times faster than one`,
              value: alone.seconds / shared.seconds,
              limit: 1.8,
              sense: "at least",
            },
          );
          if (name === "digits" && dtype === "f64") {
            const title = "Ten parts of the digits";
            const text = drawComponents(usual.answer.components, { title, shape: [8, 8] });
            pictures.push({ file: "nmf-digits.svg", caption: "Components of 1797 digits by `nmf`.", text });
          }
        }
      }
    } finally {
      peer.close();
    }
    return {
      tables: [{
        title: "CPU milliseconds of the thread that works most, the least of several; times faster than scikit-learn",
        columns: ["data", "solver", "iterations", "relative error", "ms", "times faster"],
        rows,
      }],
      targets,
      pictures,
      notes: [
        "Both begin at scikit-learn's nndsvda factors. With one sweep they are the same algorithm, stopped after the same " +
        "number of iterations; our times hold the certificate in plain f64. scikit-learn runs on its own BLAS, one thread. " +
        "`uniform` has numbers between 0 and 1.",
        "A thread that watches for the next launch counts as one that works, so that the gain by two threads is about that " +
        "of the clock.",
      ],
    };
  },
};
