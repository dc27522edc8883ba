import type { Status } from "../../../../solvers/core/result.ts";
import type { Ran } from "../words.ts";

/** Items whose labels were predicted. */
export interface TransductionAnswer {
  readonly items: number;
  readonly features: number;
  readonly labels: readonly string[];
  /** Labels that were predicted, of all. */
  readonly predicted: number;
  /** By label: how many were known, and the share of 1 among them and among those predicted. */
  readonly counts: readonly { readonly known: number; readonly share: number; readonly predictedShare: number }[];
  readonly rank: number;
  readonly width: number;
  /** Errors of held-out features by width. */
  readonly heldOut?: { readonly shares: Float64Array; readonly errors: Float64Array; readonly best: number };
  /** The first items: what was known as 1 and -1, NaN elsewhere; and probabilities, or scores. */
  readonly shown: {
    readonly items: number;
    readonly known: Float64Array;
    readonly found: Float64Array;
    readonly calibrated: boolean;
  };
  readonly status: Status;
  readonly remarks: readonly string[];
  readonly ran: Ran;
}
