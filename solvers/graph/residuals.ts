import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray, MatrixOperand } from "../../kernels/contract.ts";
import { breaksFor, createClassArrays, degreesOf, deviceVector } from "./edge_arrays.ts";
import { plainDot } from "../core/plain_sums.ts";
import { type GraphEvaluator, sumOver } from "./pseudolikelihood.ts";
import { createGradient } from "./gradient.ts";

/**
 * Evaluation from the samples: `Y` and the residuals `r_i = Y t_i` are kept, `S` is not. For graphs whose Gram matrix does
 * not fit: 16 bytes x vertices x samples. Descents go by classes of edges that share no vertex.
 *
 * @param data `Y^T` [vertices, rows], where the kernels run; any `Y` with `Y^T Y = S` will do.
 */
export function createResiduals(
  workspace: Workspace,
  data: DeviceArray<"f64">,
  samples: number,
  variances: Float64Array,
  pause: () => Promise<boolean>,
): GraphEvaluator {
  const { kernels } = workspace;
  const vertices = variances.length, length = data.length / vertices;
  const y = { array: data, rows: vertices, columns: length };
  const r = { ...y, array: workspace.allocate("f64", data.length, "residuals") };
  const spread = deviceVector(workspace, vertices, "variances");
  workspace.write(spread.array, variances);
  const arrays = createClassArrays(workspace, vertices);
  let latest: ReturnType<typeof arrays.load>;
  let block: { products: DeviceArray<"f64">; mirrored: DeviceArray<"f64"> } | undefined;
  let gathered: { rows: DeviceArray<"f64">; gram: DeviceArray<"f64"> } | undefined;

  const from = (matrix: MatrixOperand, first: number, rows = vertices - first) => ({
    ...matrix,
    offset: first * length,
    rows,
  });

  const columns = workspace.view(data);
  const sweepWork = (degrees: ArrayLike<number>) => 2 * length * sumOver(degrees, (degree) => degree);

  return {
    samples,
    vertices,
    variances,
    covarianceWork: length,
    covariance: (i, j) => plainDot(columns, columns.subarray(j * length, (j + 1) * length), length, i * length),
    async descend({ point, kinds, penalty, sweeps, tolerance }) {
      if (point) latest = arrays.load(point, kinds);
      const { operands, read } = latest;
      const made = await kernels.residualDescent({
        ...operands,
        samples: y,
        residuals: r,
        variances: spread,
        penalty,
        sweeps,
        tolerance,
        breaks: breaksFor(sweepWork(degreesOf(latest.ends, vertices)), pause),
      });
      return { estimate: await read(), sweeps: made };
    },
    sweepWork,
    ...createGradient(workspace, {
      vertices,
      variances,
      covarianceWork: length,
      pause,
      async fill(first, column, gradient) {
        const { rows } = gradient, columns = vertices - column;
        block ??= {
          products: workspace.allocate("f64", gradient.array.length, "products"),
          mirrored: workspace.allocate("f64", gradient.array.length, "mirrored products"),
        };
        const products = { array: block.products, rows, columns }, mirrored = { array: block.mirrored, rows, columns };
        await kernels.gemm({ a: from(r, first, rows), b: from(y, column), c: products, transposeB: true });
        await kernels.gemm({ a: from(y, first, rows), b: from(r, column), c: mirrored, transposeB: true });
        await kernels.pairedGradient({
          first,
          from: column,
          products,
          mirrored,
          transposed: false,
          diagonal: latest.operands.diagonal,
          gradient: { ...gradient, offset: column, columns, stride: vertices },
        });
      },
      async gramRows(wanted) {
        const count = wanted.length;
        if (gathered === undefined || gathered.gram.length < count * vertices) {
          if (gathered) Object.values(gathered).forEach((array) => workspace.free(array));
          gathered = {
            rows: workspace.allocate("f64", count * length, "gathered samples"),
            gram: workspace.allocate("f64", count * vertices, "rows of S"),
          };
        }
        for (let k = 0; k < count; k++) {
          workspace.write(gathered.rows, await workspace.read(data, wanted[k] * length, length), k * length);
        }
        const gram = { array: gathered.gram, rows: count, columns: vertices };
        const a = { array: gathered.rows, rows: count, columns: length };
        await kernels.gemm({ a, b: y, c: gram, transposeB: true });
        return { gram, complete: false };
      },
    }),
  };
}
