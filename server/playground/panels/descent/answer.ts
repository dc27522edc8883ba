import type { SamSpectrum } from "../../../../solvers/sharpness/explorer.ts";
import type { Settled } from "../../contents/table.ts";
import type { Ran } from "../words.ts";

/** What the panel draws: everything else follows from the sliders. */
export interface DescentAnswer {
  readonly target: string;
  readonly featureCount: number;
  readonly samples: number;
  readonly settled: Settled;
  readonly spectrum: SamSpectrum;
  /** The kernel; "none" for a linear regression. */
  readonly kernel: string;
  /** Standard deviation of the noise. */
  readonly noise: number;
  /** Where that number is from. */
  readonly noiseFrom: "the example" | "the options" | "the residual of least squares" | "a guess";
  readonly remarks: readonly string[];
  readonly ran: Ran;
}
