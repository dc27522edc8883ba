import {
  BLOCK_FROM,
  BLOCK_GRAM,
  BLOCK_SAMPLES,
  BLOCK_WORDS,
  FIT_COMMON,
  FIT_DATA,
  FIT_MOVES,
  FIT_WORDS,
} from "../../contract/l0/constants.ts";
import type { TaskMovesArguments } from "../../contract.ts";
import { hostView, matrixView } from "../operands.ts";
import { type Numbers, type TaskData, TaskSearch } from "./task_search.ts";
import type { Support } from "./task_support.ts";

/** Local search for the supports of several tasks, fit by fit. */
export function taskMoves(operands: TaskMovesArguments): number {
  const { tasks, features } = operands, capacity = operands.coefficients.columns;
  const { values: fits } = matrixView(operands.fits), { values: coefficients } = matrixView(operands.coefficients);
  const supports = hostView(operands.supports), counts = hostView(operands.counts);
  let made = 0;
  for (let fit = 0; fit < operands.fits.rows; fit++) {
    const words = fits.subarray(fit * FIT_WORDS, (fit + 1) * FIT_WORDS) as Float64Array;
    if (words[FIT_MOVES] <= 0) continue;
    const data = Array.from({ length: tasks }, (_, k) => taskData(operands, words[FIT_DATA] * tasks + k));
    const chosen = data.map((_, k): Support => {
      const at = fit * tasks + k, from = at * capacity, to = from + counts[at];
      return { features: Array.from(supports.subarray(from, to)), values: Array.from(coefficients.subarray(from, to)) };
    });
    const before = words[FIT_MOVES];
    const search = new TaskSearch(data, words, features, chosen);
    if (words[FIT_COMMON]) search.searchCommon();
    else search.searchEach();
    made += before - words[FIT_MOVES];
    chosen.forEach((support, k) => {
      const at = fit * tasks + k;
      counts[at] = support.features.length;
      supports.set(support.features, at * capacity);
      coefficients.set(support.values, at * capacity);
    });
  }
  return made;
}

function taskData(operands: TaskMovesArguments, at: number): TaskData {
  const { features } = operands, blocks = hostView(operands.blocks), block = at * BLOCK_WORDS;
  const of = ({ values }: { values: Numbers & { subarray(from: number, to: number): Numbers } }) =>
    values.subarray(at * features, (at + 1) * features);
  const samples = hostView(operands.samples), gram = hostView(operands.gram), known = blocks[block + BLOCK_GRAM];
  return {
    linear: of(matrixView(operands.linear)),
    diagonal: of(matrixView(operands.diagonal)),
    row(feature) {
      if (known > 0) return gram.subarray(known - 1 + feature * features, known - 1 + (feature + 1) * features);
      const row = new Float64Array(features);
      for (let i = 0; i < blocks[block + BLOCK_SAMPLES]; i++) {
        const from = blocks[block + BLOCK_FROM] + i * features;
        for (let j = 0; j < features; j++) row[j] += samples[from + feature] * samples[from + j];
      }
      return row;
    },
  };
}
