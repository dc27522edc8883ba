import type { DeviceArray } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";

/** Rows that are factored at once at the least, and in multiples of which. */
const factorRows = 64;

/**
 * The Cholesky factor `A = R R^T` of a matrix where the kernels run, in place: in calls of bounded work, from the last rows to
 * the first.
 *
 * @param work Multiply-adds of a call, more or less.
 * @param pause Called between two of them; true once the time is up.
 * @param leading Rows and columns that are not factored: the upper triangle of that block becomes its Schur complement.
 */
export async function factorInCalls(
  { kernels }: Pick<Workspace, "kernels">,
  array: DeviceArray<"f64">,
  size: number,
  work: number,
  pause: () => Promise<boolean>,
  leading = 0,
): Promise<"factored" | "not positive definite" | "time is up"> {
  for (let rest = size; rest > leading;) {
    // What is left after these rows is a third of a cube smaller.
    const affordable = rest - Math.cbrt(Math.max(0, rest ** 3 - 6 * work));
    const schur = Math.max(leading, rest - factorRows * Math.max(1, Math.round(affordable / factorRows)));
    const a = { array, rows: rest, columns: rest, stride: size };
    if (await kernels.cholesky({ a, schur }) >= 0) return "not positive definite";
    rest = schur;
    if (await pause()) return "time is up";
  }
  return "factored";
}
