import type { L0Penalty } from "../../contract.ts";
import {
  PENALTY_BOUND,
  PENALTY_LAMBDA0,
  PENALTY_LAMBDA2,
  PENALTY_RATIO,
  PENALTY_THRESHOLD,
  PENALTY_WORDS,
} from "../../contract/l0/constants.ts";

/** The words of a penalty, as every kernel reads them. */
export function penaltyStruct({ lambda0, lambda2, bound, threshold, ratio }: L0Penalty): readonly number[] {
  const words = new Array<number>(PENALTY_WORDS);
  words[PENALTY_LAMBDA0] = lambda0;
  words[PENALTY_LAMBDA2] = lambda2;
  words[PENALTY_BOUND] = bound;
  words[PENALTY_THRESHOLD] = threshold;
  words[PENALTY_RATIO] = ratio;
  return words;
}
