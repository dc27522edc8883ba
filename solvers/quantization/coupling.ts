import type { DeviceArray, FloatDtype } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { negligible, negligibleInDouble, type Problem } from "./problem.ts";

/** Couplings below it are 0: they move no target, and products with what is below the normal range take many times as long. */
export const faint = { f32: 2 ** -96, f64: 2 ** -900 };

/** Where arrays of a precision are worked on: f64 beside an f32 solve is for the host. */
export function workspaceFor({ dtype, workspace }: Problem, precision: FloatDtype): Workspace {
  return precision === dtype ? workspace : workspace.host;
}

/** `M = Sigma diag(Sigma)^-1`, the coupling of coordinate descent; columns of dead inputs are zero. */
export async function descentCoupling(
  problem: Problem,
  dtype: FloatDtype,
  order?: Uint32Array,
): Promise<DeviceArray<FloatDtype>> {
  const { columns, diagonal, gram, meter, unit } = problem, workspace = workspaceFor(problem, dtype);
  const coupling = workspace.allocate(dtype, columns * columns, "coupling");
  const row = new Float64Array(columns), least = faint[dtype];
  const divisors = diagonal.map((entry) =>
    unit * (entry < (dtype === "f32" ? negligible : negligibleInDouble) ? Infinity : entry)
  );
  for (let j = 0; j < columns; j++) {
    const source = (order ? order[j] : j) * columns;
    for (let k = 0; k < columns; k++) {
      const column = order ? order[k] : k;
      const entry = gram.data[source + column] / divisors[column];
      row[k] = Math.abs(entry) < least ? 0 : entry;
    }
    workspace.write(coupling, row, j * columns);
    // Even when the time is up, it is needed whole.
    if (j % 64 === 0) await meter.checkpoint("coupling");
  }
  return coupling;
}

/** Columns by descending diagonal of the Gram matrix, ties by index. */
export function byActivation({ diagonal }: Problem): Uint32Array {
  return Uint32Array.from(diagonal, (_, j) => j).sort((i, j) => diagonal[j] - diagonal[i] || i - j);
}
