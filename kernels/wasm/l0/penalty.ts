import type { L0Penalty } from "../../contract.ts";

/** The scalars of a penalty, in the order of every kernel. */
export const penaltyParameters = ({ lambda0, lambda2, bound, threshold, ratio }: L0Penalty) => [
  lambda0,
  lambda2,
  bound,
  threshold,
  ratio,
];
