import type { Matrix } from "../core/matrix.ts";
import { gptq } from "./gptq.ts";
import type { Status } from "../core/result.ts";
import type { Approximation, Method, Outcome, Problem } from "./problem.ts";
import { quanteaseStart } from "./quantease_start.ts";
import { roundToNearest } from "./rounding.ts";
import type { ResolvedOptions } from "./options.ts";

/** Columns up to which every way of every method is tried on all inputs, up to which every method, and up to which on some. */
const columnsOfEveryWay = 32, columnsOfEveryMethod = 256, columnsOfSome = 1024;

/** Starts and orders of QuantEase, the first where it is tried, the others where every way is. */
const waysOfQuantEase = (["weights", "rtn", "gptq"] as const).flatMap((initial) =>
  [false, true].map((activationOrder) => ({ initial, activationOrder }))
);

/** Least share of the columns that the effective dimension of a flat spectrum is, and most of it where a mean rules. */
const flatShare = 0.1, ruledDimension = 1.5;

/** Passes of QuantEase where it is tried: as many as it takes by default, or fewer on wide layers, where few rows need it. */
const passesOfQuantEase = (columns: number) => columns <= 640 ? 25 : 10;

/** What passes of QuantEase cost of as many dense ones: some are sparse, and rows are done one after the other. */
const shareOfQuantEase = 0.6;

/** Dense passes that the starts beside the first take, by rough count. */
export function passesOfAlternatives(rows: number, gram: Matrix): number {
  const [columns] = gram.shape, ways = columns <= columnsOfEveryWay ? waysOfQuantEase.length : 1;
  const each = shareOfQuantEase * passesOfQuantEase(columns) + 1;
  return 1.5 + columns / (6 * rows) + (triesEveryMethod(gram) ? ways * each + 1 : 0);
}

/**
 * Whether all methods are tried on inputs with this Gram matrix: where they are few, where they have little in common, and
 * where they have nearly all, such as a mean of many deviations. Elsewhere hardly a row is left to any but GPTQ.
 */
function triesEveryMethod(gram: Matrix): boolean {
  const [columns] = gram.shape;
  if (columns <= columnsOfEveryMethod || columns > columnsOfSome) return columns <= columnsOfEveryMethod;
  const dimension = effectiveDimension(gram);
  return dimension >= flatShare * columns || dimension <= ruledDimension;
}

/** `p^2 / ||R||^2` of the correlations `R`, the ratio of the squared sum of their eigenvalues and the sum of squares. */
function effectiveDimension({ data, shape: [columns] }: Matrix): number {
  const roots = Float64Array.from({ length: columns }, (_, j) => Math.sqrt(data[j * (columns + 1)]));
  let squares = 0;
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < columns; j++) {
      if (roots[i] > 0 && roots[j] > 0) squares += (data[i * columns + j] / roots[i] / roots[j]) ** 2;
    }
  }
  return columns ** 2 / Math.max(squares, 1);
}

/**
 * Several starts of "auto", from which each row takes its best: GPTQ in activation order and in the order of the layer,
 * and on small layers the codes of every other method. Where inputs have a large common mean, descent hardly leaves its
 * start, and which order is the better one is a matter of the row.
 */
export async function manyStarts(problem: Problem, start: Approximation): Promise<Outcome> {
  const { columns, options, rows } = problem, first = await gptq(problem, start), alternatives: Uint8Array[] = [];
  const outcome = (status: Status): Outcome => ({ ...first, reached: { ...first.reached, alternatives }, status });
  if (first.status === "time-limit") return first;
  const tried = async (changed: Partial<ResolvedOptions>, method: Method, from?: Uint8Array): Promise<boolean> => {
    const given = { ...start, codes: from ? from.slice() : new Uint8Array(start.codes.length) };
    const { status, reached } = await method({ ...problem, options: { ...options, ...changed } }, given);
    if (reached.codedRows === rows) alternatives.push(reached.codes);
    return status !== "time-limit";
  };
  if (!await tried({ activationOrder: !options.activationOrder }, gptq)) return outcome("time-limit");
  if (!triesEveryMethod(problem.gram)) return outcome(first.status);
  const rtn = roundToNearest(problem, { ...start, codes: new Uint8Array(start.codes.length) }).codes;
  alternatives.push(rtn);
  const [other] = alternatives, iterations = passesOfQuantEase(columns);
  for (const way of columns <= columnsOfEveryWay ? waysOfQuantEase : waysOfQuantEase.slice(0, 1)) {
    const from = {
      weights: undefined,
      rtn,
      gptq: way.activationOrder === options.activationOrder ? start.codes : other,
    };
    if (!await tried({ ...way, iterations }, quanteaseStart, from[way.initial])) return outcome("time-limit");
  }
  return outcome(first.status);
}
