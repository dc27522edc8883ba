import type { Settled } from "../../contents/table.ts";
import type { Status } from "../../../../solvers/core/result.ts";
import type { Ran } from "../words.ts";

/** A factorisation of the rows of a table. */
export interface FactorizationAnswer {
  /** What the rows are made of. */
  readonly what: "component" | "archetype";
  readonly columns: readonly string[];
  readonly rank: number;
  /** One a row [rank, columns]. */
  readonly components: Float64Array;
  /** [rows, rank]. */
  readonly weights: Float64Array;
  readonly rows: number;
  readonly settled: Settled;
  /** Values that are missing: sums of components leave them out. */
  readonly missing: number;
  /** No archetypes of so few entries are nearer to the rows, where that was asked for. */
  readonly bound?: number;
  /** The group of each row, where there is one. */
  readonly groups?: readonly string[];
  readonly relativeError: number;
  /** Bound on what other weights or archetypes would gain, or what one entry would, as a share of the squares. */
  readonly gap: number;
  readonly nonzeros: number;
  readonly trace: Float64Array;
  /** Rows and columns of the image that each component is. */
  readonly image?: readonly [rows: number, columns: number];
  readonly status: Status;
  readonly ran: Ran;
}
