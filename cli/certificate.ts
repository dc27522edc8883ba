import { counted } from "../solvers/core/shown.ts";

/** The fact that says how near to the optimum an exact solve came; none where no lower bound is known. */
export function certificate(
  { gap, nodes }: { readonly gap?: number; readonly nodes?: number },
): (readonly [name: string, fact: string])[] {
  return gap === undefined ? [] : [["gap", `${(gap * 100).toPrecision(2)} % after ${counted(nodes ?? 0, "node")}`]];
}
