import type { Status } from "../../../../solvers/core/result.ts";
import type { Ran } from "../words.ts";

/** What levels held out say along the path. */
export interface LevelsHeldOut {
  readonly lambdas: Float64Array;
  readonly losses: Float64Array;
  readonly best: number;
  /** Share of them whose most probable level is theirs. */
  readonly right: number;
  readonly levels: Uint32Array;
  /** [entries, levels]. */
  readonly probabilities: Float64Array;
}

/** A table of levels whose blanks were predicted. */
export interface LevelsAnswer {
  readonly rows: number;
  readonly columns: number;
  readonly observedCount: number;
  /** The values that the levels stand for. */
  readonly names: readonly string[];
  readonly boundaries: Float64Array;
  readonly lambda: number;
  readonly rank: number;
  readonly hasOffsets: boolean;
  readonly gap: number;
  readonly certified: boolean;
  readonly heldOut: LevelsHeldOut;
  /** The first rows and columns: as observed, NaN where they were not, and expected values between; row by row. */
  readonly shown: {
    readonly rowNames: readonly string[];
    readonly columnNames: readonly string[];
    readonly observed: Float64Array;
    readonly filled: Float64Array;
  };
  readonly status: Status;
  readonly remarks: readonly string[];
  readonly ran: Ran;
}
