/** What a case is, and what it finds. */

/** A question that measurements answer. */
export interface Case {
  /** The question, in one sentence. */
  readonly question: string;
  run(context: CaseContext): Promise<Outcome>;
}

/** How a case runs. */
export interface CaseContext {
  /** Smaller sizes and fewer rounds: to see that the case works. */
  readonly quick: boolean;
  /** Seed of all data. */
  readonly seed: number;
  /** Shows what is being done. */
  progress(text: string): void;
}

/** A cell of a table; numbers are shown with three significant digits, `null` as a dash. */
export type Cell = string | number | null;

/** Numbers, with what they are. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A promise that a measurement keeps or breaks. */
export interface Target {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  /** Whether the limit is the least or the most allowed. */
  readonly sense: "at least" | "at most";
}

/** A picture that a case draws, kept beside its record. */
export interface Picture {
  /** Name of the file in `results/`. */
  readonly file: string;
  readonly caption: string;
  /** The SVG document; only while the case runs. */
  readonly text?: string;
}

/** What a case found. */
export interface Outcome {
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
  /** What a reader must know to read the tables. */
  readonly notes: readonly string[];
  /** Peers and runtimes that are not here, each with the reason, as `name: reason`. */
  readonly missing?: readonly string[];
  readonly pictures?: readonly Picture[];
  /** Why nothing was measured: what is missing here. Such an outcome is shown and not recorded. */
  readonly leftOut?: string;
}

/** An outcome of which nothing was measured. */
export function leftOut(reason: string): Outcome {
  return { tables: [], targets: [], notes: [], leftOut: reason };
}

/** Whether the target is kept. */
export function met({ value, limit, sense }: Target): boolean {
  return sense === "at least" ? value >= limit : value <= limit;
}
