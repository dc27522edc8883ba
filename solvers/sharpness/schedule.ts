import type { ResolvedOptimizer } from "./optimizer_options.ts";

/** What the learning rate of step `step`, from 0 on, is multiplied by. */
export function rateFactor(
  { kind, steps = Infinity, warmUp, every, factor }: ResolvedOptimizer["schedule"],
  step: number,
) {
  if (step < warmUp) return (step + 1) / warmUp;
  if (kind === "step") return factor ** Math.floor((step - warmUp) / every);
  if (kind === "constant") return 1;
  return (1 + Math.cos(Math.PI * Math.min(1, (step - warmUp) / Math.max(1, steps - warmUp)))) / 2;
}
