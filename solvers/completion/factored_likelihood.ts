/** The likelihood of levels at a product of two factors, where the kernels run. @module */

import { binTable } from "../../kernels/contract/completion/bins.ts";
import type { Link } from "../../kernels/contract/completion/link.ts";
import type { DeviceArray, MatrixOperand, VectorOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import type { Pause } from "../spectral/operands.ts";
import { finite } from "../core/certificate.ts";
import type { Levels } from "./levels.ts";

/** Factors of `X = left right^T`, and offsets of rows and columns. */
export interface Factors {
  readonly rank: number;
  /** [rows, rank]. */
  readonly left: Float64Array;
  /** [columns, rank]. */
  readonly right: Float64Array;
  /** Zeros where there are none. */
  readonly rowOffsets: Float64Array;
  /** Zeros where there are none. */
  readonly columnOffsets: Float64Array;
}

/** What the latent values cost. */
export interface Penalties {
  readonly lambda: number;
  readonly offsetPenalty: number;
  readonly offsets: boolean;
}

/** The problem in the memory of the kernels. */
export interface FactoredLikelihood {
  /** Views of the entries: latent values, and the derivatives and curvatures that the next step takes. */
  readonly latent: Float64Array;
  readonly gradients: Float64Array;
  readonly curvatures: Float64Array;
  /** Places the factors; those before are gone. */
  load(factors: Factors): void;
  /** A copy of the factors. */
  factors(): Factors;
  setBoundaries(boundaries: Float64Array): void;
  /** Latent values at the factors. */
  products(): Promise<void>;
  /** Losses at the latent values, with derivatives and curvatures; returns the objective of the factors. */
  terms(): Promise<number>;
  /** `points = argmin -log P(z) + penalty (z - centers)^2 / 2`, entry by entry. */
  proximal(penalty: number, centers: Float64Array, points: Float64Array): Promise<void>;
  /** Ridge steps of all rows, or of all columns, by the derivatives and curvatures as they stand. */
  step(side: "rows" | "columns"): Promise<void>;
}

/**
 * Loads levels into a workspace.
 *
 * @param pause Awaited between kernels.
 */
export function loadLikelihood(
  workspace: Workspace,
  data: Levels,
  link: Link,
  { lambda, offsetPenalty, offsets }: Penalties,
  pause: Pause = () => Promise.resolve(),
): FactoredLikelihood {
  const { kernels } = workspace, [rows, columns] = data.shape, count = data.levels.length;
  const place = <D extends "u32" | "f64">(dtype: D, values: ArrayLike<number>, label: string): DeviceArray<D> => {
    const array = workspace.allocate(dtype, values.length, label);
    workspace.write(array, values);
    return array;
  };
  const indptr = place("u32", data.indptr, "row starts"), indices = place("u32", data.columns, "columns");
  const byColumn = {
    indptr: place("u32", data.byColumn.indptr, "column starts"),
    order: place("u32", data.byColumn.order, "entries by column"),
    indices: place("u32", data.byColumn.rows, "rows"),
  };
  const levels = place("u32", data.levels, "levels");
  const entry = (label: string): VectorOperand & { readonly array: DeviceArray<"f64"> } => ({
    array: workspace.allocate("f64", count, label),
    length: count,
  });
  const weights = data.weights && { array: place("f64", data.weights, "weights"), length: count };
  const latent = entry("latent values"), losses = entry("losses"), gradients = entry("gradients");
  const curvatures = entry("curvatures"), base = entry("offsets of the entries");
  const rowOffsets = { array: workspace.allocate("f64", rows, "row offsets"), length: rows };
  const columnOffsets = { array: workspace.allocate("f64", columns, "column offsets"), length: columns };
  const bins: MatrixOperand & { readonly array: DeviceArray<"f64"> } = {
    array: workspace.allocate("f64", 3 * data.levelCount, "bins"),
    rows: data.levelCount,
    columns: 3,
  };
  let left = matrixOf(rows, 0, "left factor"), right = matrixOf(columns, 0, "right factor");
  const views = {
    latent: workspace.view(latent.array),
    gradients: workspace.view(gradients.array),
    curvatures: workspace.view(curvatures.array),
    base: workspace.view(base.array),
    losses: workspace.view(losses.array),
    rowOffsets: workspace.view(rowOffsets.array),
    columnOffsets: workspace.view(columnOffsets.array),
  };
  let proximalArrays: { centers: typeof latent; points: typeof latent } | undefined;

  function matrixOf(rows: number, columns: number, label: string) {
    return { array: workspace.allocate("f64", rows * columns, label), rows, columns };
  }

  return {
    latent: views.latent,
    gradients: views.gradients,
    curvatures: views.curvatures,
    load(factors) {
      if (factors.rank !== left.columns) {
        workspace.free(left.array);
        workspace.free(right.array);
        left = matrixOf(rows, factors.rank, "left factor");
        right = matrixOf(columns, factors.rank, "right factor");
      }
      workspace.write(left.array, factors.left);
      workspace.write(right.array, factors.right);
      workspace.write(rowOffsets.array, factors.rowOffsets);
      workspace.write(columnOffsets.array, factors.columnOffsets);
    },
    factors: () => ({
      rank: left.columns,
      left: workspace.view(left.array).slice(),
      right: workspace.view(right.array).slice(),
      rowOffsets: views.rowOffsets.slice(),
      columnOffsets: views.columnOffsets.slice(),
    }),
    setBoundaries: (boundaries) => workspace.write(bins.array, binTable(link, boundaries)),
    async products() {
      if (offsets) addOffsets(views.base, data, views.rowOffsets, views.columnOffsets);
      await kernels.sampledProduct({
        pattern: { indptr, indices },
        left,
        right,
        values: latent,
        ...offsets && { base },
      });
      await pause();
    },
    async terms() {
      await kernels.binTerms({ link, bins, levels, weights, latent, losses, gradients, curvatures });
      await pause();
      let sum = 0;
      for (let k = 0; k < count; k++) sum += views.losses[k];
      sum += lambda / 2 * (squares(workspace.view(left.array)) + squares(workspace.view(right.array)));
      if (offsets) sum += offsetPenalty / 2 * (squares(views.rowOffsets) + squares(views.columnOffsets));
      return finite("the objective", sum);
    },
    async proximal(penalty, centers, points) {
      const arrays = proximalArrays ??= { centers: entry("centers"), points: entry("proximal points") };
      workspace.write(arrays.centers.array, centers);
      workspace.write(arrays.points.array, points);
      // A weight of the loss and of the distance alike moves no proximal point.
      await kernels.binProximal({ link, bins, levels, penalty, ...arrays });
      points.set(workspace.view(arrays.points.array));
    },
    async step(side) {
      const rowwise = side === "rows", pattern = rowwise ? { indptr, indices } : byColumn;
      await kernels.factorSteps({
        ...pattern,
        gradients,
        curvatures,
        other: rowwise ? right : left,
        penalty: lambda,
        offsetPenalty,
        factor: rowwise ? left : right,
        ...offsets && { offsets: rowwise ? rowOffsets : columnOffsets },
      });
      await pause();
    },
  };
}

/** `base_k = r_i + c_j` for the entries. */
export function addOffsets(
  base: Float64Array,
  { indptr, columns }: Pick<Levels, "indptr" | "columns">,
  rowOffsets: Float64Array,
  columnOffsets: Float64Array,
): void {
  for (let i = 0; i + 1 < indptr.length; i++) {
    const offset = rowOffsets[i];
    for (let k = indptr[i]; k < indptr[i + 1]; k++) base[k] = offset + columnOffsets[columns[k]];
  }
}

/** Sum of squares, in plain f64. */
export function squares(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}
