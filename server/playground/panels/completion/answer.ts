import type { Status } from "../../../../solvers/core/result.ts";
import type { Ran } from "../words.ts";

/** What held-out entries say along the path. */
export interface HeldOut {
  readonly levels: Float64Array;
  readonly errors: Float64Array;
  readonly best: number;
  readonly error: number;
  readonly baseline: number;
  /** The largest singular values at each level, falling. */
  readonly singularValues: readonly Float64Array[];
}

/** A table whose blanks were predicted. */
export interface CompletionAnswer {
  readonly rows: number;
  readonly columns: readonly string[];
  readonly observedCount: number;
  /** Singular values above the width; others are next to nothing. */
  readonly factors: number;
  readonly hasOffsets: boolean;
  /** What the levels of the path are. */
  readonly level: "width" | "price of the nuclear norm";
  readonly residual: number;
  readonly heldOut?: HeldOut;
  /** The first rows, as they were observed, NaN where they were not, and filled; row by row. */
  readonly shown: { readonly rows: number; readonly observed: Float64Array; readonly filled: Float64Array };
  readonly status: Status;
  readonly remarks: readonly string[];
  readonly ran: Ran;
}
