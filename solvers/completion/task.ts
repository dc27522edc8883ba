import type { WorkRequest } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { spectralFamily } from "../../kernels/families/spectral.ts";
import { DataError } from "../core/errors.ts";
import type { Vector } from "../core/matrix.ts";
import { type CheckedObservations, checkObservationsInSteps, type Observations } from "../core/observations.ts";
import type { Resolved } from "../core/options.ts";
import { type Run, startRun } from "../core/run.ts";
import { type Course, startCourse } from "./course.ts";
import { divided, type Entries, entriesOf } from "./entries.ts";
import { compacted, type Occupied } from "./occupied.ts";
import type { Schedule } from "./graduation.ts";
import { type Layout, layoutOf, neededKernels, stepFlops } from "./layout.ts";
import type { CompleteMatrixOptions, OpenCompletionOptions } from "./options.ts";

type ResolvedOptions = Resolved<CompleteMatrixOptions, OpenCompletionOptions>;

/** Steps that a solve is planned for. */
const foreseenSteps = 800;

/** Of the steps of `srf`: with .9 noise is fitted a little sooner, and little is gained. */
const momentum = 0.7;

const action = "complete the matrix";

/** Largest magnitude of values: squares and their sums stay finite. */
const largestValue = 1e100;

/** What all of them begin with. */
export interface CompletionTask {
  /** In units of `units`, of the rows and columns that have some. */
  readonly entries: Entries;
  /** Which rows and columns these are. */
  readonly occupied: Occupied;
  /** A power of two near the largest magnitude: nothing is rounded. */
  readonly units: number;
  /** What weights are shares of. */
  readonly largestWeight: number;
  readonly course: Course;
  readonly schedule: Schedule;
  readonly layout: Layout;
  readonly request: WorkRequest;
  elapsedMs(): number;
}

/** The options by which a completion is planned. */
type PlanOptions = Pick<
  ResolvedOptions,
  | "method"
  | "rankLimit"
  | "widthDecay"
  | "innerIterations"
  | "tolerance"
  | "maxIterations"
  | "backend"
  | "threads"
  | "signal"
  | "timeLimitMs"
  | "onProgress"
>;

function largestMagnitude(values: Vector): number {
  let largest = 0;
  for (let e = 0; e < values.length; e++) largest = Math.max(largest, Math.abs(values[e]));
  return largest;
}

/** Checks the entries, and plans. @param forDevices Whether a device may have the products of the matrix. */
export async function prepare(
  observed: Observations,
  resolved: PlanOptions,
  forDevices = true,
): Promise<CompletionTask> {
  const run = startRun(resolved), course = startCourse(run, resolved.maxIterations);
  const checked = await course.take(checkObservationsInSteps("observed", observed, action));
  return planned(checked, { run, course }, resolved, forDevices);
}

/** Plans for entries that were checked, within a run. */
export function planned(
  checked: Omit<CheckedObservations, "order">,
  { run, course }: { readonly run: Run; readonly course: Course },
  resolved: PlanOptions,
  forDevices: boolean,
): CompletionTask {
  const { method, backend, threads } = resolved;
  const largest = largestMagnitude(checked.values);
  if (!(largest <= largestValue)) {
    throw new DataError(
      "observed",
      `Cannot ${action}: "observed" holds ${largest}, and at most ${largestValue} is allowed.`,
    );
  }
  // Between the least and the largest power whose inverse is a number too.
  const units = largest > 0 ? 2 ** Math.max(-1022, Math.floor(Math.log2(largest))) : 1,
    { occupied, ...lists } = compacted(checked);
  const given = entriesOf({ ...checked, ...lists });
  const entries = divided(given, given.values, units);
  const layout = layoutOf(entries.shape, entries.values.length, resolved.rankLimit), [rows, columns] = entries.shape;
  // Devices compute in f32: on request, and where products of the whole matrix are most of the work.
  const onDevice = backend === "webgpu" && layout.representation === "dense" && forDevices;
  return {
    entries,
    occupied,
    units,
    largestWeight: checked.weights?.reduce((most, weight) => Math.max(most, weight), 0) ?? 1,
    course,
    schedule: {
      method,
      decay: resolved.widthDecay,
      innerIterations: resolved.innerIterations,
      momentum: method === "srf" ? momentum : 0,
      tolerance: resolved.tolerance,
    },
    layout,
    request: {
      families: [denseFamily, spectralFamily],
      backend,
      threads,
      ...onDevice
        ? { dtype: "f32", needs: neededKernels, largestArrayBytes: 4 * rows * columns } as const
        : { dtype: "f64" } as const,
      flops: foreseenSteps * stepFlops(entries.shape, entries.values.length, layout),
    },
    elapsedMs: () => run.elapsedMs(),
  };
}
