import { serializeCsv } from "../../../../formats/mod.ts";
import { transduce, type TransduceOptions } from "../../../../solvers/completion/mod.ts";
import { matrix } from "../../../../solvers/core/matrix.ts";
import { matrixOf, readTable, type TableContent } from "../../contents/table.ts";
import type { Chosen, PanelSolver } from "../../solver.ts";
import { ranAs } from "../words.ts";
import { withNames } from "../../../../solvers/core/names.ts";
import type { TransductionAnswer } from "./answer.ts";
import { partlyKnown } from "./example.ts";

/** Items that are drawn at most. */
const mostItems = 60;

/** Predicts labels by features. */
export const solver: PanelSolver<TableContent, TransductionAnswer, TransduceOptions> = {
  read: readTable,
  examples: { factors: partlyKnown },
  async solve(data, options, run) {
    const began = performance.now(), { content, roles } = data;
    // What is a label is no feature, whatever is chosen.
    const others = roles.features.filter((name) => !roles.labels.includes(name));
    if (others.length === 0) throw new Error("Every feature that is chosen is a label: choose others.");
    const { names, matrix: features } = matrixOf({ content, roles: { ...roles, features: others } }, "features");
    const { names: labels, columns, ones } = labelsOf(data), items = data.content.rows, count = labels.length;
    const known = matrix(items, count);
    columns.forEach((column, l) => column.forEach((value, i) => known.data[i * count + l] = value));
    const fit = await transduce({ features, labels: known }, { ...options, ...run.watch(0, 1) });
    const { scores, probabilities, holdout, rank, width, status, remarks } = fit, shown = Math.min(items, mostItems);
    run.show({
      items,
      features: names.length,
      labels,
      predicted: known.data.filter(Number.isNaN).length,
      counts: columns.map((column, l) => {
        const seen = column.filter((value) => !Number.isNaN(value)), own = seen.length;
        const found = Array.from(column.keys()).filter((i) => Number.isNaN(column[i]));
        return {
          known: own,
          share: seen.filter((value) => value > 0).length / own,
          predictedShare: found.filter((i) => fit.labels[i * count + l] > 0).length / found.length,
        };
      }),
      rank,
      width,
      heldOut: holdout,
      shown: {
        items: shown,
        known: Float64Array.from(known.data.subarray(0, shown * count)),
        found: Float64Array.from((probabilities ?? scores).data.subarray(0, shown * count)),
        calibrated: probabilities !== undefined,
      },
      status,
      remarks: remarks.map((remark) => withNames(remark, { feature: names, label: labels })),
      ran: ranAs(fit, performance.now() - began),
    });
    const parts = probabilities ? 3 : 2, written = matrix(items, parts * count);
    for (let i = 0; i < items; i++) {
      for (let l = 0; l < count; l++) {
        const at = i * count + l, to = i * parts * count + l, [low, high] = ones[l];
        written.data[to] = fit.labels[at] > 0 ? high : low;
        written.data[to + count] = scores.data[at];
        if (probabilities) written.data[to + 2 * count] = probabilities.data[at];
      }
    }
    const head = [labels, labels.map((name) => `${name} score`), labels.map((name) => `${name} probability`)];
    return [{ name: "labels.csv", content: serializeCsv({ columns: head.slice(0, parts).flat(), matrix: written }) }];
  },
};

/** Labels as 1 and -1, NaN where they are missing; and what stands for them in the file. */
function labelsOf({ content, roles }: Chosen<TableContent>) {
  const ones: [low: number, high: number][] = [];
  const columns = roles.labels.map((name) => {
    const numbers = content.numbers.get(name) ?? numbersOf(content.texts.get(name)!);
    const values = [...new Set(numbers)].filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
    const right = values.every((value) => [0, 1].includes(value)) || values.every((value) => Math.abs(value) === 1);
    if (!right) {
      throw new Error(`${name} is no label: it has ${values.slice(0, 3).join(", ")}; a label is 0 or 1, or -1 or 1.`);
    }
    ones.push([values.includes(-1) ? -1 : 0, 1]);
    return numbers.map((value) => Number.isNaN(value) ? NaN : value > 0 ? 1 : -1);
  });
  return { names: roles.labels, columns, ones };
}

/** Words that are numbers, as nominal attributes of ARFF are; ? and blanks are missing. */
function numbersOf(words: readonly string[]): Float64Array {
  return Float64Array.from(words, (word) => word === "" || word === "?" ? NaN : Number(word));
}
