import type { SparsePattern } from "../../../kernels/contract.ts";
import type { Workspace } from "../../../kernels/engine/mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement } from "../agreement.ts";
import { matrixOf, vectorOf } from "../operands.ts";

/** A random pattern with empty lines and full ones. */
function patternOf(
  workspace: Workspace,
  lines: number,
  width: number,
  seed: number,
): SparsePattern & { count: number } {
  const random = createRandom(seed), indptr = [0], indices: number[] = [];
  for (let i = 0; i < lines; i++) {
    const share = [0, 0.1, 0.5, 1][random.integer(4)];
    for (let j = 0; j < width; j++) if (random.uniform() < share) indices.push(j);
    indptr.push(indices.length);
  }
  const pattern = {
    indptr: workspace.allocate("u32", lines + 1, "indptr"),
    indices: workspace.allocate("u32", indices.length, "indices"),
  };
  workspace.write(pattern.indptr, indptr);
  workspace.write(pattern.indices, indices);
  return { ...pattern, count: indices.length };
}

const shapes = [
  [0, 3, 2],
  [1, 1, 1],
  [3, 0, 4],
  [4, 7, 0],
  [5, 9, 1],
  [7, 6, 3],
  [20, 13, 8],
  [9, 30, 21],
  [60, 40, 37],
  [8, 11, 101],
];

agreement("sparseProduct", "agrees with the reference, with and without positions", function* ({ dtype, workspace }) {
  for (const [lines, width, columns] of shapes) {
    for (const [alpha, beta, shuffled] of [[1, 0, false], [-0.5, 0.75, true]] as const) {
      const { count, ...pattern } = patternOf(workspace, lines, width, lines + columns), random = createRandom(lines);
      const values = vectorOf(workspace, dtype, count, random.normal);
      const positions = shuffled ? workspace.allocate("u32", count, "positions") : undefined;
      if (positions) workspace.write(positions, Array.from({ length: count }, (_, e) => count - 1 - e));
      yield {
        what: `${lines} x ${width} times ${columns}, alpha ${alpha}, beta ${beta}`,
        operands: {
          s: { ...pattern, values, ...(positions && { positions }) },
          x: matrixOf(workspace, dtype, width, columns, random.normal, 1),
          y: matrixOf(workspace, dtype, lines, columns, beta === 0 ? () => NaN : random.normal, 2),
          alpha,
          beta,
        },
        outputs: ({ y }) => [y],
        terms: width,
        ...(beta === 0 && { magnitude: 9 * width }),
      };
    }
  }
});

agreement("sampledProduct", "agrees with the reference, with and without a base", function* ({ dtype, workspace }) {
  for (const [lines, width, depth] of shapes) {
    for (const based of [false, true]) {
      const { count, ...pattern } = patternOf(workspace, lines, width, lines + depth), random = createRandom(lines);
      yield {
        what: `${lines} x ${width}, depth ${depth}`,
        operands: {
          pattern,
          left: matrixOf(workspace, dtype, lines, depth, random.normal, 1),
          right: matrixOf(workspace, dtype, width, depth, random.normal, 2),
          values: vectorOf(workspace, dtype, count, random.normal),
          ...(based && { base: vectorOf(workspace, dtype, count, random.normal) }),
          alpha: -1,
        },
        outputs: ({ values }) => [values],
        terms: depth,
      };
    }
  }
});

agreement("sparseFill", "agrees with the reference, with and without shares", function* ({ dtype, workspace }) {
  for (const [lines, width] of shapes) {
    for (const shared of [false, true]) {
      const { count, ...pattern } = patternOf(workspace, lines, width, lines + width), random = createRandom(lines);
      yield {
        what: `${lines} x ${width}${shared ? ", shares" : ""}`,
        operands: {
          pattern,
          values: vectorOf(workspace, dtype, count, random.normal),
          ...(shared && { shares: vectorOf(workspace, dtype, count, random.uniform) }),
          y: matrixOf(workspace, dtype, lines, width, random.normal, 3),
        },
        outputs: ({ y }) => [y],
        terms: 2,
        magnitude: 9,
      };
    }
  }
});
