import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray } from "../../kernels/contract.ts";
import { createNodeBatch } from "../l0/node_batch.ts";
import { penaltyKinds } from "../l0/penalty.ts";
import { tileEdges } from "./colouring.ts";
import { createDualPoints } from "./dual_points.ts";
import { createClassArrays } from "./edge_arrays.ts";
import { type GraphEvaluator, sumOver } from "./pseudolikelihood.ts";
import { createGradient } from "./gradient.ts";
import { createNodeRefinement } from "./node_refinement.ts";

/** Mean degree from which on the rows of a step are rather those of the steps before, where edges come by tiles. */
const denseDegree = 32;

/** Sweeps after which products are computed afresh, so that rounding errors do not pile up. */
const refreshEvery = 16;

/** Vertices up to which many nodes are solved at a time, each on one thread with its own products. */
const nodesUpTo = 256;

/** Sweeps after which the relaxation of a node crawls, where so many edges are at each vertex. */
const crawlingSweeps = 1200, usualDegree = 6;

/**
 * Evaluation by products: `S` and `T S` are kept in f64, so that a derivative is read and a step updates two rows. For graphs
 * of which both fit: 16 bytes x vertices^2. The order of the steps is that of the other evaluations, but in dense graphs.
 *
 * @param gram `S` [vertices, vertices], where the kernels run.
 */
export function createProducts(
  workspace: Workspace,
  gram: DeviceArray<"f64">,
  samples: number,
  variances: Float64Array,
  pause: () => Promise<boolean>,
): GraphEvaluator {
  const { kernels } = workspace;
  const vertices = variances.length;
  const matrix = { array: gram, rows: vertices, columns: vertices };
  const products = { ...matrix, array: workspace.allocate("f64", vertices * vertices, "products") };
  const arrays = createClassArrays(workspace, vertices);
  let latest: ReturnType<typeof arrays.load>;
  /** Sweeps since the products were computed afresh. */
  let unrefreshed = 0;

  const entries = workspace.view(gram), covariance = (i: number, j: number) => entries[i * vertices + j];

  return {
    samples,
    vertices,
    variances,
    covarianceWork: 1,
    covariance,
    async descend({ point, follows = point === undefined, kinds, penalty, sweeps, tolerance }) {
      if (point) {
        const isDense = point.values.length > denseDegree / 2 * vertices;
        // Steps along edges of one vertex go together. What a search finds depends on the order, what a relaxation does not.
        const isConvex = !Uint8Array.from(kinds).includes(penaltyKinds.counted);
        latest = arrays.load(point, kinds, isDense ? tileEdges(point.ends, vertices, isConvex) : undefined);
      }
      const { operands, read } = latest, resumes = follows && unrefreshed + sweeps <= refreshEvery;
      const made = await kernels.productDescent({
        gram: matrix,
        ...operands,
        products,
        penalty,
        sweeps,
        tolerance,
        resumes,
      });
      unrefreshed = (resumes ? unrefreshed : 0) + made;
      return { estimate: await read(), sweeps: made };
    },
    sweepWork: (degrees) => vertices * sumOver(degrees, (degree) => degree),
    ...createGradient(workspace, {
      vertices,
      variances,
      covarianceWork: 1,
      pause,
      async fill(first, from, gradient) {
        const { rows } = gradient, columns = vertices - from;
        await kernels.pairedGradient({
          first,
          from,
          diagonal: latest.operands.diagonal,
          transposed: true,
          products: { ...products, offset: first * vertices + from, rows, columns, stride: vertices },
          mirrored: { ...products, offset: from * vertices + first, rows: columns, columns: rows, stride: vertices },
          gradient: { ...gradient, offset: from, columns, stride: vertices },
        });
      },
      gramRows: () => Promise.resolve({ gram: matrix, complete: true }),
    }),
    ...(vertices <= nodesUpTo && {
      openNodes: (penalty, { run, branchingWidth }) =>
        createNodeBatch(workspace, {
          variables: vertices * (vertices - 1) / 2,
          penalty,
          candidates: branchingWidth,
          extras: vertices,
          sweepWork: (active) => 2 * (active + vertices) * vertices,
          dualWork: (nonzeros) => (2 * nonzeros + vertices) * vertices,
          scale: 1,
          tolerance: 1e-4 * vertices,
          dualPoint: createDualPoints(entries, vertices),
          refinement: {
            after: crawlingSweeps * usualDegree * vertices ** 2,
            refine: createNodeRefinement({ vertices, covariance }, penalty, pause),
          },
          async launch(nodes, diagonals) {
            await kernels.graphNodes({ ...nodes, gram: matrix, diagonals });
          },
        }, run),
    } satisfies Pick<GraphEvaluator, "openNodes">),
  };
}
