import { BackendError } from "../../kernels/engine/mod.ts";
import type { Status } from "./result.ts";

/** What a search says of its answer, and what was computed of that answer apart from it. */
export interface Claim {
  /** How the search says it ended. */
  readonly status: Status;
  /** The objective of the answer: plain f64 sums over the data of the caller. */
  readonly objective: number;
  /** The objective of the same answer as the kernels of the search have it; "compared" where the caller has compared it. */
  readonly searched: number | "compared";
  /** How far rounding may separate the two. @default 0 */
  readonly rounding?: number;
  /** No solution is below, says the search; from plain f64 sums, too. */
  readonly lowerBound?: number;
  /** Relative gap that `converged` promises. */
  readonly gapTolerance?: number;
}

/** What a result may say of its answer. */
export interface Certificate {
  readonly status: Status;
  readonly objective: number;
  readonly lowerBound?: number;
  readonly gap?: number;
}

/** Relative gap between an objective and a lower bound. */
export function relativeGap(objective: number, lowerBound: number): number {
  return objective <= lowerBound ? 0 : (objective - lowerBound) / Math.max(Math.abs(objective), Number.MIN_VALUE);
}

/**
 * The one way from a search to a result: a wrong kernel may make an answer worse, but what is said of it is true, or
 * the solve fails. The bound is at most the objective, and `converged` keeps the gap that was asked for; where the
 * search has nothing left to do and the gap is wider, rounding has stopped it.
 *
 * @throws {BackendError} where the numbers contradict one another beyond rounding
 */
export function certified(
  { status, objective, searched, rounding = 0, lowerBound, gapTolerance = 0 }: Claim,
): Certificate {
  if (searched !== "compared") compared("the objective", objective, searched, rounding);
  if (lowerBound === undefined) return { status, objective };
  if (!(lowerBound <= objective + rounding)) {
    throw contradiction(`the objective is ${objective}, but the lower bound of the search is ${lowerBound}`);
  }
  const least = Math.min(lowerBound, objective), gap = relativeGap(objective, least);
  const ended = status === "converged" && gap > gapTolerance ? "precision-limit" : status;
  return { status: ended, objective, lowerBound: least, gap };
}

/** Compares what plain sums say with what the kernels say. @throws {BackendError} where they differ beyond rounding */
export function compared(what: string, plain: number, received: number, rounding: number): void {
  if (Math.abs(plain - received) <= rounding) return;
  throw contradiction(`${what} is ${received} by the kernels, but ${plain} by plain sums`);
}

/** What stops a solve when kernels return what they never should. */
export function distrust(what: string): BackendError {
  return new BackendError(`Cannot trust the kernels: ${what}.`);
}

/** A number that follows from what kernels return. @throws {BackendError} where it is not finite */
export function finite(what: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw distrust(`${what} is ${value}`);
}

function contradiction(what: string): BackendError {
  return new BackendError(`Cannot certify the answer: ${what}.`);
}
