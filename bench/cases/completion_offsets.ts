import { completeQuantized, createRandom } from "../../mod.ts";
import type { Case, Cell, Target } from "../case.ts";
import { libmfSplit, type Ratings, type RatingSplit } from "../ratings.ts";
import { dataFolder, withoutData } from "../real_data.ts";

/** Ridges of the offsets; the default is one of them. */
const penalties = [0.1, 0.3, 1, 2, 3, 5, 10], usual = 2;

interface Levels extends RatingSplit {
  readonly lambda: number;
}

/** Ratings of libmf: half stars cut into five levels, and signs. */
async function libmf(
  name: "real_matrix" | "binary_matrix",
  levelOf: (value: number) => number,
  lambda: number,
): Promise<Levels> {
  const { train, test, ...split } = await libmfSplit(name);
  const cut = (ratings: Ratings) => ({ ...ratings, values: ratings.values.map(levelOf) });
  return { ...split, lambda, train: cut(train), test: cut(test) };
}

/** Few ratings a row: rank 2, offsets of a size, logistic noise, five levels. */
function simulated(share: number, size: number, seed: number): Levels {
  const { normal, uniform } = createRandom(seed), shape = [400, 200] as const;
  const draw = (count: number, scale = 1) => Float64Array.from({ length: count }, () => scale * normal());
  const left = draw(800), right = draw(400), own = draw(400, size), other = draw(200, size);
  const lists = () => ({ rows: [] as number[], columns: [] as number[], values: [] as number[] });
  const train = lists(), test = lists();
  for (let i = 0; i < shape[0]; i++) {
    for (let j = 0; j < shape[1]; j++) {
      const u = uniform(), x = own[i] + other[j] + left[2 * i] * right[2 * j] + left[2 * i + 1] * right[2 * j + 1];
      const latent = x + Math.log(u / (1 - u)), to = uniform() < share ? train : test;
      to.rows.push(i);
      to.columns.push(j);
      to.values.push([-1.5, -0.5, 0.5, 1.5].filter((boundary) => latent > boundary).length);
    }
  }
  const packed = ({ rows, columns, values }: typeof train): Ratings => ({
    rows: Uint32Array.from(rows),
    columns: Uint32Array.from(columns),
    values: Float64Array.from(values),
  });
  const name = `${100 * share} % seen, offsets of size ${size}`;
  return { name, lambda: 4, shape, train: packed(train), test: packed(test) };
}

/** The ridge of the offsets of quantized completion. */
export const completionOffsets: Case = {
  question: "How strong should the ridge of the offsets of quantized completion be where ratings are few?",
  async run({ quick, seed, progress }) {
    const rows: Cell[][] = [], targets: Target[] = [], all = [simulated(0.02, 1, seed), simulated(0.02, 0.3, seed)];
    if (!quick) all.push(simulated(0.1, 0.7, seed));
    if (dataFolder !== undefined) {
      all.push(await libmf("real_matrix", (value) => Math.min(4, Math.max(0, Math.floor(value) - 1)), 4));
      all.push(await libmf("binary_matrix", (value) => Number(value > 0), 1));
    }
    for (const { name, lambda, shape, train, test } of all) {
      const errors: number[] = [];
      for (const offsetPenalty of penalties) {
        progress(`${name}, ${offsetPenalty}`);
        const fit = await completeQuantized({ shape, ...train }, {
          lambda,
          offsetPenalty,
          tolerance: 1e-4,
          backend: "wasm",
        });
        const { expected, probabilities } = fit.predict(test.rows, test.columns);
        let squares = 0, loss = 0;
        expected.forEach((value, k) => {
          squares += (value - test.values[k]) ** 2;
          loss -= Math.log(probabilities.data[k * probabilities.shape[1] + test.values[k]]);
        });
        errors.push(Math.sqrt(squares / expected.length));
        rows.push([name, offsetPenalty, errors.at(-1)!, loss / expected.length, fit.status]);
      }
      const own = errors[penalties.indexOf(usual)];
      targets.push({
        name: `error with the default over that of a ridge of 0.1, ${name}`,
        value: own / errors[0],
        limit: 1,
        sense: "at most",
      });
      targets.push({
        name: `error with the default over the least of all, ${name}`,
        value: own / Math.min(...errors),
        limit: 1.03,
        sense: "at most",
      });
    }
    return {
      tables: [{
        title: "Errors of expected levels at entries that were not fitted, by the ridge of the offsets",
        columns: ["data", "offsetPenalty", "RMSE", "-log P", "status"],
        rows,
      }],
      targets,
      notes: ["`lambda` 4, and 1 for signs; the default of `offsetPenalty` is 2; a gap of 1e-4."],
      missing: dataFolder === undefined ? [withoutData] : [],
    };
  },
};
