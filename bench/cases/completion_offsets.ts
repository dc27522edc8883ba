import { completeQuantized, createRandom, parseTriples } from "../../mod.ts";
import type { Case, Cell, Target } from "../case.ts";
import { dataFolder, withoutData } from "../real_data.ts";

/** Ridges of the offsets; the default is one of them. */
const penalties = [0.1, 0.3, 1, 2, 3, 5, 10], usual = 2;

interface Levels {
  readonly name: string;
  readonly lambda: number;
  readonly shape: readonly [number, number];
  readonly train: Entries;
  readonly test: Entries;
}

interface Entries {
  readonly rows: ArrayLike<number>;
  readonly columns: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/** Ratings of libmf: half stars cut into five levels, and signs. */
async function libmf(name: string, levelOf: (value: number) => number, lambda: number): Promise<Levels> {
  const read = (ending: string) => Deno.readFile(`${dataFolder}/libmf/${name}.${ending}.txt`);
  const train = parseTriples(await read("tr")), test = parseTriples(await read("te"), {}, train);
  const cut = ({ rows, columns, values }: Entries) => ({ rows, columns, values: Float64Array.from(values, levelOf) });
  return { name, lambda, shape: [test.rowNames.size, test.columnNames.size], train: cut(train), test: cut(test) };
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
  return { name: `${100 * share} % seen, offsets of size ${size}`, lambda: 4, shape, train, test };
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
        const observed = { shape, rows: [...train.rows as number[]], columns: [...train.columns as number[]] };
        const fit = await completeQuantized({ ...observed, values: Float64Array.from(train.values) }, {
          lambda,
          offsetPenalty,
          tolerance: 1e-4,
          backend: "wasm",
        });
        const { expected, probabilities } = fit.predict([...test.rows as number[]], [...test.columns as number[]]);
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
