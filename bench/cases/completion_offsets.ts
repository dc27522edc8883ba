import { chooseQuantized, completeQuantized, createRandom } from "../../mod.ts";
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

/** What levels are simulated by. */
interface Simulation {
  readonly shape: readonly [rows: number, columns: number];
  readonly rank: number;
  /** Share of the entries that are seen. */
  readonly share: number;
  /** Size of the offsets. */
  readonly size: number;
}

/** Logistic noise, five levels. */
function simulated({ shape, rank, share, size }: Simulation, seed: number): Levels {
  const { normal, uniform } = createRandom(seed), [height, width] = shape;
  const draw = (count: number, scale = 1) => Float64Array.from({ length: count }, () => scale * normal());
  const left = draw(height * rank), right = draw(width * rank), own = draw(height, size), other = draw(width, size);
  const lists = () => ({ rows: [] as number[], columns: [] as number[], values: [] as number[] });
  const train = lists(), test = lists();
  for (let i = 0; i < shape[0]; i++) {
    for (let j = 0; j < shape[1]; j++) {
      const u = uniform();
      let x = own[i] + other[j];
      for (let p = 0; p < rank; p++) x += left[i * rank + p] * right[j * rank + p];
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

/** Tables of which it is asked whether they have offsets: ranks, sizes of the offsets, and seeds of each. */
const chosenRanks = [0, 1, 3], chosenSizes = [0, 0.3, 1], chosenSeeds = 4;

/** `-log P` of levels not seen, with offsets, without, and as held-out levels chose; and how often there are some. */
async function choices(seeds: number, seed: number, progress: (text: string) => void) {
  const rows: Cell[][] = [], totals = [0, 0, 0];
  let inNoise = 0;
  for (const rank of chosenRanks) {
    for (const size of chosenSizes) {
      const losses = [0, 0, 0];
      let withOffsets = 0;
      for (let k = 0; k < seeds; k++) {
        progress(`choice, rank ${rank}, offsets of size ${size}, ${k + 1} of ${seeds}`);
        const { shape, train, test } = simulated({ shape: [60, 40], rank, share: 0.4, size }, 100 * seed + k);
        for (const [way, offsets] of [true, false, undefined].entries()) {
          const { fit, ...choice } = await chooseQuantized({ shape, ...train }, {
            offsets,
            tolerance: 1e-3,
            backend: "wasm",
          });
          const { data, shape: [, levels] } = fit.predict(test.rows, test.columns).probabilities;
          let loss = 0;
          for (let e = 0; e < test.values.length; e++) loss -= Math.log(data[e * levels + test.values[e]]);
          losses[way] += loss / test.values.length / seeds;
          if (offsets === undefined && choice.offsets) withOffsets++;
        }
      }
      losses.forEach((loss, way) => totals[way] += loss / chosenRanks.length / chosenSizes.length);
      if (rank === 0 && size === 0) inNoise = withOffsets;
      rows.push([rank, size, ...losses, withOffsets / seeds]);
    }
  }
  rows.push(["all", "all", ...totals, null]);
  const targets: Target[] = [{
    name: "-log P as chosen over that of the better of always and never",
    value: totals[2] / Math.min(totals[0], totals[1]),
    limit: 1,
    sense: "at most",
  }, { name: "tables of noise alone with offsets", value: inNoise, limit: 0, sense: "at most" }];
  return { rows, targets };
}

/** The ridge of the offsets of quantized completion, and whether there are any. */
export const completionOffsets: Case = {
  question: "How strong should the ridge of the offsets of quantized completion be, and when are there any?",
  async run({ quick, seed, progress }) {
    const rows: Cell[][] = [], targets: Target[] = [], few = { shape: [400, 200], rank: 2 } as const;
    const sparse = (share: number, size: number) => simulated({ ...few, share, size }, seed);
    const all = [sparse(0.02, 1), sparse(0.02, 0.3)];
    if (!quick) all.push(sparse(0.1, 0.7));
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
    const chosen = await choices(quick ? 1 : chosenSeeds, seed, progress);
    targets.push(...chosen.targets);
    return {
      tables: [{
        title: "Errors of expected levels at entries that were not fitted, by the ridge of the offsets",
        columns: ["data", "offsetPenalty", "RMSE", "-log P", "status"],
        rows,
      }, {
        title: "60 x 40, two fifths seen: -log P of levels that were not, by what held-out levels choose",
        columns: ["rank", "size of offsets", "with offsets", "without", "as chosen", "share with offsets"],
        rows: chosen.rows,
      }],
      targets,
      notes: ["`lambda` 4, and 1 for signs; the default of `offsetPenalty` is 2; a gap of 1e-4."],
      missing: dataFolder === undefined ? [withoutData] : [],
    };
  },
};
