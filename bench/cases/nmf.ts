import { type Matrix, matrix, nmf, parseNpy } from "../../mod.ts";
import { type Case, type Cell, leftOut, type Picture, type Target } from "../case.ts";
import { drawComponents } from "../../pictures/mod.ts";
import { bestClock, seconds } from "../clock.ts";
import { openFactorization } from "../peers/factorization.ts";
import { dataFolder, withoutData } from "../real_data.ts";

/** A file of the data as a matrix in this precision. */
async function readMatrix(path: string, dtype: "f32" | "f64"): Promise<Matrix> {
  const { shape, data } = parseNpy(await Deno.readFile(`${dataFolder}/${path}`));
  const values = Array.from(data as ArrayLike<number>), columns = values.length / shape[0];
  return matrix(shape[0], columns, dtype === "f32" ? Float32Array.from(values) : Float64Array.from(values));
}

const sets = [
  { name: "digits", path: "digits/images.npy", rank: 10 },
  { name: "Samson", path: "samson/spectra.npy", rank: 3 },
] as const;

/** Plain factorisation beside scikit-learn, from its own start. */
export const nmfCase: Case = {
  question: "Does nmf fit as well as scikit-learn from the same start, and how fast?",
  async run({ quick, progress }) {
    if (dataFolder === undefined) return leftOut(withoutData);
    const peer = await openFactorization();
    if (typeof peer === "string") return leftOut(peer);
    const rows: Cell[][] = [], targets: Target[] = [], pictures: Picture[] = [];
    const iterations = 200, rounds = quick ? 2 : 5;
    try {
      for (const { name, path, rank } of sets) {
        for (const dtype of ["f64", "f32"] as const) {
          progress(`${name}, ${dtype}`);
          const X = await readMatrix(path, dtype), { W, H } = await peer.start(X, rank);
          const initial = { H: matrix(rank, X.shape[1], H), W: matrix(X.shape[0], rank, W) };
          const ours = async (settings: object) => {
            let least = Infinity, answer = await nmf(X, { rank, initial, backend: "wasm", threads: 1, ...settings });
            for (let round = 0; round < rounds; round++) {
              const begun = seconds(bestClock);
              answer = await nmf(X, { rank, initial, backend: "wasm", threads: 1, ...settings });
              least = Math.min(least, seconds(bestClock) - begun);
            }
            return { seconds: least, answer };
          };
          const theirs = await peer.nmf(X, rank, { W, H }, iterations, rounds);
          const same = await ours({ maxIterations: iterations, innerIterations: 1, tolerance: 0 });
          const usual = await ours({});
          const again = await peer.nmf(X, rank, { W, H }, iterations, rounds),
            least = Math.min(theirs.seconds, again.seconds);
          const label = `${name} ${X.shape.join(" x ")}, rank ${rank}, ${dtype}`;
          rows.push([label, peer.name, iterations, theirs.relativeError, least * 1e3, 1]);
          for (const [what, { seconds, answer }] of [["nmf, 1 sweep", same], ["nmf, as it is", usual]] as const) {
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
        title: "CPU milliseconds on one thread, the least of several; times faster than scikit-learn",
        columns: ["data", "solver", "iterations", "relative error", "ms", "times faster"],
        rows,
      }],
      targets,
      pictures,
      notes: [
        "Both begin at scikit-learn's nndsvda factors. With one sweep they are the same algorithm, stopped after the same " +
        "number of iterations; our times hold the certificate in plain f64. scikit-learn runs on its own BLAS, one thread.",
      ],
    };
  },
};
