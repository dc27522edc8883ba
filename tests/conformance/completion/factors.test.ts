import type { Workspace } from "../../../kernels/engine/mod.ts";
import type { DeviceArray } from "../../../kernels/contract.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement, type Residual } from "../agreement.ts";
import { matrixOf, vectorOf, viewOf } from "../operands.ts";

/** Observed entries of a random pattern: by row, and by column with the order of the entries. */
function pattern(workspace: Workspace, rows: number, columns: number, share: number) {
  const random = createRandom(rows * 31 + columns), entries: [number, number][] = [];
  for (let i = 0; i < rows; i++) {
    // The second row has none.
    for (let j = 0; j < columns; j++) if (i !== 1 && random.uniform() < share) entries.push([i, j]);
  }
  const array = (name: string, numbers: readonly number[]): DeviceArray<"u32"> => {
    const array = workspace.allocate("u32", numbers.length, name);
    workspace.write(array, numbers);
    return array;
  };
  const starts = (lines: number, side: 0 | 1) =>
    Array.from({ length: lines + 1 }, (_, line) => entries.filter((entry) => entry[side] < line).length);
  const order = entries.map((_, k) => k).sort((a, b) => entries[a][1] - entries[b][1] || a - b);
  return {
    entries,
    byRow: { indptr: array("indptr", starts(rows, 0)), indices: array("columns", entries.map(([, j]) => j)) },
    byColumn: {
      indptr: array("column starts", starts(columns, 1)),
      order: array("order", order),
      indices: array("rows", order.map((k) => entries[k][0])),
    },
  };
}

const shapes = [[0, 3, 2, 0.5], [1, 1, 1, 1], [7, 5, 3, 0.6], [40, 30, 8, 0.3], [12, 90, 17, 0.9], [9, 8, 0, 0.5]];

agreement("factorSteps", "solves the normal equations of each line, by rows and by columns", function* ({ workspace }) {
  for (const [rows, columns, rank, share] of shapes) {
    for (const [transposed, withOffsets] of [[false, false], [false, true], [true, true]]) {
      const { byRow, byColumn, entries } = pattern(workspace, rows, columns, share);
      const { normal, uniform } = createRandom(rank + 5), penalty = 0.7, offsetPenalty = 0.2;
      const own = (p: number) => p < rank ? penalty : offsetPenalty;
      const lines = transposed ? columns : rows, others = transposed ? rows : columns;
      const offsets = withOffsets ? vectorOf(workspace, "f64", lines, normal) : undefined;
      yield {
        what: `${rows} x ${columns} of rank ${rank}${transposed ? ", transposed" : ""}${offsets ? ", offsets" : ""}`,
        operands: {
          ...transposed ? byColumn : byRow,
          gradients: vectorOf(workspace, "f64", entries.length, normal),
          curvatures: vectorOf(workspace, "f64", entries.length, uniform),
          other: matrixOf(workspace, "f64", others, rank, normal, 1),
          penalty,
          offsetPenalty,
          factor: matrixOf(workspace, "f64", lines, rank, normal, 3),
          ...offsets && { offsets },
        },
        outputs: ({ factor, offsets }) => offsets ? [factor, offsets] : [factor],
        *identity(after, before): Generator<Residual> {
          const line = (operands: typeof after, i: number) => {
            const { values, stride } = part(operands.factor);
            const own = Array.from(values.subarray(i * stride, i * stride + rank));
            return operands.offsets ? [...own, viewOf(operands.offsets)[1 + i]] : own;
          };
          const b = part(after.other), g = viewOf(after.gradients), h = viewOf(after.curvatures);
          for (let i = 0; i < lines; i++) {
            const now = line(after, i), then = line(before, i), derivative = now.map((value, p) => value * own(p));
            const size = now.map((value, p) => own(p) * (Math.abs(value) + Math.abs(then[p])));
            entries.forEach((entry, k) => {
              if (entry[transposed ? 1 : 0] !== i) return;
              const j = entry[transposed ? 0 : 1];
              const direction = now.map((_, p) => p < rank ? b.values[j * b.stride + p] : 1);
              const change = direction.reduce((sum, value, p) => sum + value * (now[p] - then[p]), 0);
              const reach = direction.reduce(
                (sum, value, p) => sum + Math.abs(value) * (Math.abs(now[p]) + Math.abs(then[p])),
                0,
              );
              direction.forEach((value, p) => {
                derivative[p] += value * (g[1 + k] + h[1 + k] * change);
                size[p] += Math.abs(value) * (Math.abs(g[1 + k]) + h[1 + k] * reach);
              });
            });
            const magnitude = size.reduce((sum, value) => sum + value, 0);
            for (const value of derivative) {
              yield { what: `line ${i}`, value, terms: entries.length + rank ** 2, magnitude };
            }
          }
        },
      };
    }
  }
});

function part(operand: { array: DeviceArray; offset?: number; stride?: number; columns: number }) {
  const { offset = 0, stride = operand.columns } = operand;
  return { values: (operand.array as unknown as { view: Float64Array }).view.subarray(offset), stride };
}
