import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray, VectorOperand } from "../../kernels/contract.ts";
import { GATHER_COST } from "../../kernels/contract/l0/constants.ts";
import { createNodeBatch } from "../l0/node_batch.ts";
import type { DualPoint } from "../l0/node_certificate.ts";
import { nodePrecision } from "../l0/relaxation.ts";
import { addRows } from "../core/plain_sums.ts";
import type { Run } from "../core/run.ts";
import { inSteps } from "../core/steps.ts";
import { boundedDescent } from "./bounded_descent.ts";
import type { RegressionData } from "./data.ts";
import { blockRows, createGramRows } from "./gram_rows.ts";
import { loadColumns } from "./load_columns.ts";
import { createSupportRows, eliminateBackward } from "./support_rows.ts";
import type { Estimate, LeastSquares } from "./least_squares.ts";

/** Multiply-adds of sums over rows between two checkpoints. */
const rowsWork = 2e6;

/**
 * Puts the data where the kernels run. `X` [samples, features] is kept once, features as rows; the Gram matrix grows with
 * the features that descents touch, and stays for later descents: 8 bytes x features x features touched.
 *
 * @param isOptional Whether the time may end it.
 * @returns Nothing where the time has ended it.
 */
export async function createLeastSquares(
  workspace: Workspace,
  given: RegressionData,
  run: Run,
  isOptional = false,
): Promise<LeastSquares | undefined> {
  const pause = (stage: string) => run.checkpoint({ stage, fraction: 0, iteration: 0 });
  const { constraints } = given, [samples, features] = given.X.shape, { kernels } = workspace;
  const loaded = await inSteps(loadColumns(workspace, given, isOptional), () => pause("load"));
  if (loaded === undefined) return undefined;
  const { data, squaredNorms, centered, correlationsWithY, weights, mixture } = loaded;
  const linear = vector("X^T y", features);
  workspace.write(linear.array, correlationsWithY);
  const correlations = vector("correlations", features);

  const gram = createGramRows(workspace, {
    data,
    samples,
    features,
    squaredNorms,
    weights,
    mixture,
    pause: () => pause("Gram matrix"),
  });
  const { rowOf } = gram;
  /** Magnitudes of the latest correlations are where the features are looked for that fill a block up. */
  let latest: Float64Array = correlationsWithY;

  let activeCapacity = 64;
  let active = allocateActive();
  const openRows = createSupportRows(workspace, { features, pause: () => pause("moves") });

  function vector(label: string, length: number): VectorOperand & { array: DeviceArray<"f64"> } {
    return { array: workspace.allocate("f64", length, label), length };
  }

  const ensureRows = (wanted: ArrayLike<number>) => gram.ensure(wanted, latest);
  const beginOf = (feature: number) => rowOf[feature] * features;

  /** Adds multiples of rows that begin at some places, some rows at a time. */
  async function addGramRows(sum: Float64Array, rows: readonly number[], factors: readonly number[], stage: string) {
    const together = 4 * Math.ceil(rowsWork / (4 * features));
    for (let from = 0; from < rows.length; from += together) {
      if (from > 0) await pause(stage);
      addRows(sum, gram.view(), rows.slice(from, from + together), factors.slice(from, from + together));
    }
  }

  /** `X^T (y - X b)` in plain f64, from the checked rows; a dual point whatever `b` is, and so without what has no row. */
  const gradient = new Float64Array(features);
  async function dualPoint(variables: Uint32Array, values: Float64Array): Promise<DualPoint> {
    gradient.set(correlationsWithY);
    const rows: number[] = [], factors: number[] = [];
    for (let k = 0; k < variables.length; k++) {
      if (rowOf[variables[k]] < 0) continue;
      rows.push(beginOf(variables[k]));
      factors.push(-values[k]);
    }
    await addGramRows(gradient, rows, factors, "relaxation");
    let value = nullLoss;
    for (let k = 0; k < variables.length; k++) {
      if (rowOf[variables[k]] < 0) continue;
      value -= (correlationsWithY[variables[k]] - gradient[variables[k]]) * values[k] / 2;
    }
    // The loss itself, where no row is missing.
    let dataTerm = nullLoss;
    for (let k = 0; k < variables.length; k++) {
      dataTerm -= (correlationsWithY[variables[k]] + gradient[variables[k]]) * values[k] / 2;
    }
    return { value, size: nullLoss, gradient, dataTerm: rows.length === variables.length ? dataTerm : undefined };
  }

  async function estimateAt(chosen: readonly number[], coefficients: Float64Array): Promise<Estimate> {
    await ensureRows(chosen);
    const point = new Float64Array(correlationsWithY);
    await addGramRows(point, chosen.map(beginOf), Array.from(coefficients, (value) => -value), "descent");
    return { features: chosen, coefficients, correlations: latest = point };
  }

  function allocateActive() {
    return {
      features: workspace.allocate("u32", activeCapacity, "active features"),
      rows: workspace.allocate("u32", activeCapacity, "active rows"),
      kinds: workspace.allocate("u8", activeCapacity, "active kinds"),
      values: workspace.allocate("f64", activeCapacity, "active coefficients"),
    };
  }

  function ensureActive(count: number): void {
    if (count <= activeCapacity) return;
    Object.values(active).forEach((array) => workspace.free(array));
    activeCapacity = Math.max(count, 2 * activeCapacity);
    active = allocateActive();
  }

  async function loadRows(wanted: readonly number[], pause: () => Promise<boolean>): Promise<boolean> {
    for (let from = 0; from < wanted.length; from += blockRows) {
      await ensureRows(wanted.slice(from, from + blockRows));
      if (await pause()) return false;
    }
    return true;
  }

  const sweepWork = (active: number) => active * Math.min(features, GATHER_COST * active);

  const nullLoss = centered.reduce((sum, value) => sum + value * value, 0) / 2;
  return {
    samples,
    features,
    nullLoss,
    linear: correlationsWithY,
    squaredNorms,
    constraints,
    async gramRow(feature, likely = () => latest) {
      if (rowOf[feature] < 0) await gram.ensure([feature], likely());
      return workspace.read(gram.array, beginOf(feature), features);
    },
    loadRows,
    async supportData(support) {
      await ensureRows(support);
      const whole = workspace.view(data), rows = gram.view();
      return {
        columns: support.map((feature) => whole.subarray(feature * samples, (feature + 1) * samples)),
        response: centered,
        gram: support.map((feature) => takeAt(rows, beginOf(feature), support)),
        linear: takeAt(correlationsWithY, 0, support),
      };
    },
    async rowsOf(support) {
      await ensureRows(support);
      const all = gram.view();
      return support.map((feature) => all.subarray(beginOf(feature), beginOf(feature) + features));
    },
    openRows,
    async eliminate(present, ridge) {
      await ensureRows(present);
      const all = gram.view(), rows = present.map((feature) => takeAt(all, beginOf(feature), present));
      rows.forEach((row, k) => row[k] += ridge);
      return await eliminateBackward(
        workspace,
        present,
        rows,
        takeAt(correlationsWithY, 0, present),
        constraints.isAlways,
      );
    },
    estimate: estimateAt,
    sweepWork,
    async descend({ features: chosen, kinds, coefficients, penalty, sweeps, tolerance }) {
      await ensureRows(chosen);
      if (!constraints.uniform) {
        const found = Float64Array.from(coefficients);
        const made = boundedDescent({
          gram: gram.view(),
          rows: chosen.map(beginOf),
          features: chosen,
          linear: correlationsWithY,
          constraints,
          penalty,
          sweeps,
          tolerance,
        }, found);
        return { estimate: await estimateAt(chosen, found), sweeps: made };
      }
      const rows = Uint32Array.from(chosen, (feature) => rowOf[feature]);
      ensureActive(chosen.length);
      workspace.write(active.features, chosen);
      workspace.write(active.rows, rows);
      workspace.write(active.kinds, kinds);
      workspace.write(active.values, coefficients);
      const made = await kernels.leastSquaresDescent({
        gram: { array: gram.array, rows: gram.count, columns: features },
        features: active.features,
        rows: active.rows,
        kinds: active.kinds,
        coefficients: { array: active.values, length: chosen.length },
        linear,
        correlations,
        penalty,
        sweeps,
        tolerance,
      });
      const estimate = {
        features: chosen,
        coefficients: await workspace.read(active.values, 0, chosen.length),
        correlations: latest = await workspace.read(correlations.array),
      };
      return { estimate, sweeps: made };
    },
    openNodes(penalty, { run, branchingWidth }) {
      const wanted = workspace.allocate("u8", features, "wanted rows"), nothing = new Uint8Array(features);
      const nodes = createNodeBatch(workspace, {
        variables: features,
        penalty,
        candidates: branchingWidth,
        extras: 0,
        sweepWork,
        dualWork: (nonzeros) => (nonzeros + 4) * features,
        scale: nullLoss,
        tolerance: nodePrecision.node * nullLoss,
        dualPoint,
        async launch(batch) {
          workspace.write(wanted, nothing);
          await kernels.regressionNodes({
            ...batch,
            nullLoss,
            linear,
            wanted,
            rowOf: gram.rowOfDevice,
            gram: { array: gram.array, rows: gram.count, columns: features },
          });
          const asked = await workspace.read(wanted);
          // Nodes that lack rows stay as they are once the time is up.
          await loadRows(Array.from(asked.keys()).filter((feature) => asked[feature] > 0), () => pause("Gram matrix"));
        },
      }, run);
      return {
        ...nodes,
        release() {
          nodes.release();
          workspace.free(wanted);
        },
      };
    },
  };
}

/** The numbers at some places after `begin`. */
function takeAt(values: Float64Array, begin: number, places: readonly number[]): Float64Array {
  const taken = new Float64Array(places.length);
  for (let k = 0; k < places.length; k++) taken[k] = values[begin + places[k]];
  return taken;
}
