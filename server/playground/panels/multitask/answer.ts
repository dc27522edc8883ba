import type { Settled } from "../../contents/table.ts";
import type { Matrix } from "../../../../solvers/core/matrix.ts";
import type { Status } from "../../../../solvers/core/result.ts";
import type { Ran } from "../words.ts";

/** A point of the grid. */
export interface GridPoint {
  readonly support: number;
  readonly ridge: number;
  readonly valueSharing: number;
  readonly supportSharing: number;
  readonly meanSquaredError: number;
  readonly standardError: number;
}

/** Models of few features for several tasks, and the grid that they were chosen from. */
export interface MultiTaskAnswer {
  readonly target: string;
  /** What tells the tasks apart. */
  readonly task: string;
  readonly names: readonly string[];
  readonly tasks: readonly string[];
  readonly samples: number;
  readonly settled: Settled;
  readonly table: readonly GridPoint[];
  /** Index of the chosen point. */
  readonly chosen: number;
  /** In the units of the data [features, tasks]. */
  readonly coefficients: Matrix;
  readonly intercepts: readonly number[];
  /** Whether whole tasks were left out of the cross-validation. */
  readonly leftTasksOut: boolean;
  readonly gap?: number;
  readonly status: Status;
  readonly remarks: readonly string[];
  readonly ran: Ran;
}
