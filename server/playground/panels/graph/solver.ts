import { type columnTransforms, transformColumns } from "../../../../solvers/core/column_transforms.ts";
import {
  type PrecisionPathOptions,
  type SparsePrecision,
  sparsePrecision,
  sparsePrecisionPath,
} from "../../../../solvers/graph/mod.ts";
import { toEdgeList } from "../../../../pictures/mod.ts";
import { completeRows, matrixOf, readTable, type TableContent } from "../../contents/table.ts";
import type { PanelSolver } from "../../solver.ts";
import { ranAs } from "../words.ts";
import type { GraphAnswer } from "./answer.ts";
import { hiddenGraph } from "./example.ts";
import { groupsOf } from "./groups.ts";

type Options = PrecisionPathOptions & {
  readonly lambda0?: number;
  readonly groups?: string;
  readonly transform?: (typeof columnTransforms)[number];
};

/** Finds which columns depend on each other given all the rest. */
export const solver: PanelSolver<TableContent, GraphAnswer, Options> = {
  read: readTable,
  examples: { hidden: hiddenGraph },
  async solve(given, { lambda0, transform, groups, ...options }, run) {
    const began = performance.now(), { data, settled } = completeRows(given, "variables");
    const { names, matrix } = matrixOf(data, "variables"), watch = run.watch();
    const samples = transform === undefined ? matrix : transformColumns(matrix, names, transform);
    const { count: _, maxEdges: __, gamma: ___, criterion = "ebic", ...single } = options;
    const common = {
      names,
      groups: groups === undefined ? undefined : groupsOf(groups, names),
      samples: samples.shape[0],
      settled,
    };
    let found: SparsePrecision;
    if (lambda0 !== undefined) {
      found = await sparsePrecision(samples, { ...single, lambda0, ...watch });
      run.show({ ...common, ...reportOf(found, began), lambda0, criterion: "price", path: [], chosen: 0 });
    } else {
      const path: { lambda0: number; edges: number; criterion: number }[] = [];
      let best: SparsePrecision | undefined, chosen = 0, drawn = -Infinity;
      for await (const point of sparsePrecisionPath(samples, { ...options, ...watch })) {
        path.push({ lambda0: point.lambda0, edges: point.edgeCount, criterion: point.criterion });
        if (best === undefined || point.criterion < path[chosen].criterion) [best, chosen] = [point, path.length - 1];
        // Drawing a graph takes the page longer than finding it: a few pictures on the way are enough.
        if (performance.now() - drawn < 1500) continue;
        drawn = performance.now();
        run.show({ ...common, ...reportOf(best, began), lambda0: path[chosen].lambda0, criterion, path, chosen });
      }
      found = best!;
      run.show({ ...common, ...reportOf(found, began), lambda0: path[chosen].lambda0, criterion, path, chosen });
    }
    return [{ name: "edges.csv", content: toEdgeList(found.precision, names) }];
  },
};

function reportOf(fit: SparsePrecision, began: number) {
  const { precision, edgeCount, gap, status } = fit;
  return { precision, edgeCount, gap, status, ran: ranAs(fit, performance.now() - began) };
}
