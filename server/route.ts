/** What a route is: one declaration, from which validation, encoding and `/openapi.json` follow. @module */

import type { ProgressEvent } from "../mod.ts";
import type { ArraySchema } from "./arrays.ts";
import type { AnswerFields } from "./answer.ts";
import { choice, type Fields, integer, number, type Values } from "./schema.ts";

/** Arguments by name: they come in JSON or as tensors. */
export type Arguments = { readonly [name: string]: ArraySchema<unknown> };

/** How the service holds on to a solve. */
export interface SolveControl {
  readonly signal: AbortSignal;
  readonly timeLimitMs: number;
  readonly onProgress?: (event: ProgressEvent) => void;
}

/** `POST path`: one solver of the library. */
export interface Route<A extends Arguments = Arguments, O extends Fields = Fields> {
  readonly path: `/v1/${string}`;
  /** Name of the library's function. */
  readonly operation: string;
  readonly summary: string;
  readonly arguments: A;
  readonly options: O;
  readonly answer: AnswerFields;
  /** Calls the library. */
  solve(values: Values<A>, options: Values<O> & SolveControl): Promise<object>;
}

/** Declares a route, inferring the types of its arguments and options. */
export function defineRoute<A extends Arguments, O extends Fields>(route: Route<A, O>): Route {
  return route as unknown as Route;
}

/** Options that every solver takes. */
export const solveOptions = {
  backend: choice(["auto", "reference", "wasm", "threads", "webgpu"], {
    description: "Where to run.",
    default: "auto",
  }),
  threads: integer({ least: 1, description: "Most threads to use; all of them without it." }),
  timeLimitMs: number({
    least: 0,
    description: "Wall-clock limit of the solve in milliseconds; the best answer so far is returned. The service has " +
      "a limit of its own.",
  }),
  seed: integer({ least: 0, most: 0xffffffff, description: "Seed of the random generator.", default: 0 }),
};

/** Options of the solvers that descend until nothing changes. */
export const descentOptions = {
  ...solveOptions,
  maxIterations: integer({ least: 1, description: "Most sweeps of the descents.", default: 100_000 }),
  tolerance: number({ least: 0, description: "Squared change of a sweep at which a descent has converged." }),
};

/** Options of branch and bound. */
export const searchOptions = {
  gapTolerance: number({
    least: 0,
    description: "Relative gap between solution and lower bound at which `exact` stops.",
    default: 0.01,
  }),
  nodeLimit: integer({ least: 1, description: "Most relaxations that `exact` solves; no limit without it." }),
  branchingWidth: integer({
    least: 1,
    description: "Candidates whose children `exact` compares before it branches; 1 takes the most fractional.",
    default: 1,
  }),
};
