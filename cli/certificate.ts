import type { Status } from "../mod.ts";
import { counted } from "../solvers/core/shown.ts";

/** The fact that says how near to the optimum an exact solve came; none where no lower bound is known. */
export function certificate(
  { gap, nodes }: { readonly gap?: number; readonly nodes?: number },
): (readonly [name: string, fact: string])[] {
  return gap === undefined ? [] : [["gap", `${(gap * 100).toPrecision(2)} % after ${counted(nodes ?? 0, "node")}`]];
}

interface Ended {
  readonly status: Status;
}

/** How a fit ended; as the cross-validation that chose it did, where that was cut short. */
export function statusOf(fit: Ended, validation?: Ended): Status {
  return validation === undefined || validation.status === "converged" ? fit.status : validation.status;
}

/** A note on what a limit has cut short; none where nothing was. */
export function noteOnLimit(fit: Ended, validation?: Ended): string[] {
  const status = statusOf(fit, validation);
  if (status === "converged") return [];
  const stopped = `stopped at its ${status.replace("-", " ")}`;
  return [
    fit.status === status
      ? `${stopped}: a better fit may exist`
      : `the cross-validation ${stopped}: another model may predict better`,
  ];
}
