import type { Settled } from "../../contents/table.ts";
import type { SparseMatrix } from "../../../../solvers/core/matrix.ts";
import type { Status } from "../../../../solvers/core/result.ts";
import type { Ran } from "../words.ts";

/** A graph, and the path that it was chosen from. */
export interface GraphAnswer {
  readonly names: readonly string[];
  /** The group of each. */
  readonly groups?: readonly string[];
  readonly samples: number;
  readonly settled: Settled;
  readonly precision: SparseMatrix;
  readonly edgeCount: number;
  readonly lambda0: number;
  readonly criterion: string;
  /** Empty where the price was given. */
  readonly path: readonly { readonly lambda0: number; readonly edges: number; readonly criterion: number }[];
  /** Index in `path` of the graph. */
  readonly chosen: number;
  readonly gap?: number;
  readonly status: Status;
  readonly ran: Ran;
}
