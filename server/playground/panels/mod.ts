/** The panels of the page, in their order. The code of each is loaded when it is first used. */

import type { Panel, Values } from "../panel.ts";
import type { Content, PanelSolver } from "../solver.ts";

/** A panel whose two halves are still to be loaded. */
export interface LazyPanel {
  readonly title: string;
  panel(): Promise<{ readonly panel: Panel<unknown> }>;
  solver(): Promise<{ readonly solver: PanelSolver<Content, unknown, Values> }>;
}

/** The halves of one panel, which agree in what an answer is. */
function lazy<C extends Content, Answer, Options extends object>(
  title: string,
  panel: () => Promise<{ readonly panel: Panel<Answer> }>,
  solver: () => Promise<{ readonly solver: PanelSolver<C, Answer, Options> }>,
): LazyPanel {
  return { title, panel, solver } as unknown as LazyPanel;
}

/** By the name that stands in the address. */
export const panels: Readonly<Record<string, LazyPanel>> = {
  quantization: lazy(
    "Quantisation",
    () => import("./quantization/panel.ts"),
    () => import("./quantization/solver.ts"),
  ),
  language: lazy("Language models", () => import("./language/panel.ts"), () => import("./language/solver.ts")),
  regression: lazy(
    "Regression",
    () => import("./regression/panel.ts"),
    () => import("./regression/solver.ts"),
  ),
  completion: lazy(
    "Completion",
    () => import("./completion/panel.ts"),
    () => import("./completion/solver.ts"),
  ),
  levels: lazy("Levels", () => import("./levels/panel.ts"), () => import("./levels/solver.ts")),
  transduction: lazy(
    "Labels",
    () => import("./transduction/panel.ts"),
    () => import("./transduction/solver.ts"),
  ),
  multitask: lazy(
    "Several tasks",
    () => import("./multitask/panel.ts"),
    () => import("./multitask/solver.ts"),
  ),
  graph: lazy("Graphs", () => import("./graph/panel.ts"), () => import("./graph/solver.ts")),
  factorization: lazy(
    "Archetypes",
    () => import("./factorization/panel.ts"),
    () => import("./factorization/solver.ts"),
  ),
  descent: lazy("Early stopping", () => import("./descent/panel.ts"), () => import("./descent/solver.ts")),
  sharpness: lazy("Flat minima", () => import("./sharpness/panel.ts"), () => import("./sharpness/solver.ts")),
};
