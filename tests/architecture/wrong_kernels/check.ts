/** What a check of a solver needs: how it is called, and whether a report is true. @module */

import assert from "node:assert/strict";
import type { Result } from "../../../mod.ts";

/** One way to call a solver; fails where what it reports is not true of its answer. */
export type Check = () => Promise<void>;

/** The ways to call solvers, by their names. */
export type Checks = Readonly<Record<string, Readonly<Record<string, Check>>>>;

/** Where everything runs, and for how long. */
export const place = { backend: "wasm", timeLimitMs: 3_000 } as const;

/** Relative accuracy of what is reported. */
export const accuracy = 1e-9;

/** Fails where a number that is reported is not the true one. */
export function near(what: string, received: number, truth: number): void {
  assert.ok(Math.abs(received - truth) <= accuracy * Math.abs(truth), `${what} is ${received}, in truth ${truth}`);
}

interface Bounded extends Result {
  readonly lowerBound?: number;
  readonly gap?: number;
}

/** Fails where the objective of a result is not the true one, its bound above the optimum, or its status not so. */
export function trueOf(result: Bounded, objective: number, optimum = Infinity, gapTolerance = 0): void {
  near("the objective", result.objective, objective);
  if (result.lowerBound === undefined) return;
  const { lowerBound, gap, status } = result;
  const bounds = lowerBound <= optimum + accuracy * Math.abs(optimum) && lowerBound <= result.objective;
  assert.ok(bounds, `the lower bound is ${lowerBound}, the optimum ${optimum}, the objective ${result.objective}`);
  near("the gap", gap!, (result.objective - lowerBound) / Math.abs(result.objective));
  assert.ok(status !== "converged" || gap! <= gapTolerance, `${status} at a gap of ${gap}`);
}
