/** Words that panels share. */

import type { Settled } from "../contents/table.ts";
import type { Result, Status } from "../../../solvers/core/result.ts";

/** A number in few digits. */
export function inShort(value: number, digits = 4): string {
  return String(Number(value.toPrecision(digits)));
}

/** A share in per cent. */
export function percent(share: number): string {
  return `${inShort(100 * share, 3)} %`;
}

/** A time. */
function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${inShort(ms / 1000, 3)} s`;
}

/** The time that is left, in words; none where it is not known. */
export function timeLeft(ms: number | undefined): string {
  if (ms === undefined) return "";
  const seconds = Math.round(ms / 1000), minutes = Math.round(seconds / 60);
  return seconds < 100
    ? `${seconds} s left`
    : minutes < 100
    ? `${minutes} min left`
    : `${Math.round(minutes / 60)} h left`;
}

/** Where a solve ran, as data that a worker can send. */
export interface Ran {
  readonly backend: string;
  readonly threads: number;
  readonly reason: string;
  readonly elapsedMs: number;
}

/** What of a result says where it ran, and how long the whole took. */
export function ranAs({ plan }: Pick<Result, "plan">, elapsedMs: number): Ran {
  return { backend: plan.backend, threads: plan.threads, reason: plan.reason, elapsedMs };
}

/** It in a sentence. */
export function ranWords({ backend, reason, elapsedMs }: Ran): string {
  return `Solved here in this page, in ${duration(elapsedMs)}, on ${backend}: ${reason}.`;
}

/** What a status other than "converged" means for the user; none for that. */
export function statusRemark(status: Status): string[] {
  if (status === "converged") return [];
  return [`It stopped at its ${status.replace("-", " ")}: this is the best found until then.`];
}

/** What is said of rows that were left out, and of values that were replaced. */
export function missingRemarks({ dropped, filled }: Settled): string[] {
  return [
    ...dropped > 0
      ? [`${dropped} ${dropped === 1 ? "row was" : "rows were"} left out, for a value is missing there.`]
      : [],
    ...filled > 0
      ? [`${filled} missing ${filled === 1 ? "value was" : "values were"} replaced by the mean of the column.`]
      : [],
  ];
}

/** Of a picture, that it has the first rows alone; nothing where it has all. */
export function firstOf(shown: number, rows: number, what = "rows"): string {
  return shown < rows ? `: the first ${shown} of ${rows} ${what}` : "";
}

/** Names of the first rows of a table: their numbers, from 1 as in a spreadsheet. */
export function rowNumbers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i + 1));
}
