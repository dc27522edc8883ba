import { gptq } from "./gptq.ts";
import type { Approximation, Outcome, Problem } from "./problem.ts";
import { quantease } from "./quantease.ts";
import { roundToNearest } from "./rounding.ts";
import type { ResolvedOptions } from "./options.ts";

/** Columns up to which every method is tried: beyond them, hardly a row is left to any but GPTQ. */
const columnsOfEveryMethod = 256;

/** Passes of QuantEase where it is tried, as many as it takes by default. */
const passesOfQuantEase = 25;

/** Dense passes that the starts beside the first take, by rough count. */
export function passesOfAlternatives(rows: number, columns: number): number {
  return 1.5 + columns / (6 * rows) + (columns <= columnsOfEveryMethod ? passesOfQuantEase + 2 : 0);
}

/**
 * Several starts of "auto", from which each row takes its best: GPTQ in activation order and in the order of the layer,
 * and on small layers the codes of every other method. Where inputs have a large common mean, descent hardly leaves its
 * start, and which order is the better one is a matter of the row.
 */
export async function manyStarts(problem: Problem, start: Approximation): Promise<Outcome> {
  const { options } = problem, first = await gptq(problem, start), alternatives: Uint8Array[] = [];
  if (first.status === "time-limit") return first;
  const tried = async (changed: Partial<ResolvedOptions>, method: typeof gptq): Promise<boolean> => {
    const codes = new Uint8Array(start.codes.length);
    const { status, reached } = await method({ ...problem, options: { ...options, ...changed } }, { ...start, codes });
    if (reached.codedRows === problem.rows) alternatives.push(codes);
    return status !== "time-limit";
  };
  const done = await tried({ activationOrder: !options.activationOrder }, gptq) &&
    (problem.columns > columnsOfEveryMethod ||
      await tried({ initial: "weights", activationOrder: false, iterations: passesOfQuantEase }, quantease) &&
        await tried(
          {},
          (_, given) => Promise.resolve({ reached: roundToNearest(problem, given), status: "converged" }),
        ));
  return { ...first, reached: { ...first.reached, alternatives }, status: done ? first.status : "time-limit" };
}
