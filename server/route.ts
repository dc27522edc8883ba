/** What a route is: one declaration, from which validation, encoding and `/openapi.json` follow. @module */

import type { OptionEntries, OptionTable, ProgressEvent } from "../solvers/core/mod.ts";
import type { ArraySchema } from "./arrays.ts";
import type { AnswerFields } from "./answer.ts";
import type { Values } from "./schema.ts";

/** Arguments by name: they come in JSON or as tensors. */
export type Arguments = { readonly [name: string]: ArraySchema<unknown> };

/** How the service holds on to a solve. */
export interface SolveControl {
  readonly signal: AbortSignal;
  readonly timeLimitMs: number;
  readonly threads?: number;
  readonly onProgress?: (event: ProgressEvent) => void;
}

/** One solver of the service, as the modules under `server/routes/` export it. */
export interface ServiceRoute {
  /** Where it is posted to. */
  readonly path: `/v1/${string}`;
}

/** A route that is loaded when the first request comes for it. */
export interface LazyRoute extends ServiceRoute {
  /** Loads it. */
  load(): Promise<ServiceRoute>;
}

/** The route itself. */
export async function loadRoute(route: ServiceRoute): Promise<Route> {
  return ("load" in route ? await (route as LazyRoute).load() : route) as Route;
}

interface RouteBase<A extends Arguments> extends ServiceRoute {
  /** Name of the library's function. */
  readonly operation: string;
  readonly summary: string;
  readonly arguments: A;
  readonly answer: AnswerFields;
  /** A small body that is answered, as JSON. */
  readonly example: Readonly<Record<string, unknown>>;
}

/** `POST path`: one solver of the library. */
export interface Route extends RouteBase<Arguments> {
  /** The solver's table of options. */
  readonly options: OptionEntries;
  /** Calls the library with options that were checked. */
  solve(values: Values<Arguments>, options: SolveControl): Promise<object>;
}

/** A route as it is declared. */
export interface TypedRoute<A extends Arguments, O, Open extends keyof O> extends RouteBase<A> {
  readonly options: OptionTable<O, Open>;
  solve(values: Values<A>, options: O): Promise<object>;
}

/** Declares a route, inferring the types of its arguments and options. */
export function defineRoute<A extends Arguments, O, Open extends keyof O>(route: TypedRoute<A, O, Open>): Route {
  return route as unknown as Route;
}
