/** Problems that the kernels of both systems of l0 are tried on. @module */

import assert from "node:assert/strict";
import type { Workspace } from "../../../kernels/engine/mod.ts";
import type { Kernels } from "../../../kernels/contract.ts";
import { type L0Penalty, penaltyKinds } from "../../../kernels/contract/l0/penalty.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { growth } from "../agreement.ts";
import { adjacencyOf } from "../../../solvers/graph/edge_arrays.ts";
import { createPacking } from "../../../solvers/graph/packing.ts";

export const penalties: L0Penalty[] = [
  { lambda0: 0.3, lambda2: 0.2, bound: Infinity, threshold: 2 * Math.sqrt(0.06), ratio: Math.sqrt(1.5) },
  { lambda0: 0.3, lambda2: 0.2, bound: 0.4, threshold: 0.3 / 0.4 + 0.2 * 0.4, ratio: Math.sqrt(1.5) },
  { lambda0: 0.02, lambda2: 0, bound: 0.5, threshold: 0.04, ratio: Infinity },
];

/** `A^T A` of a random `A` [rows, size], as rows of numbers. */
export function gramOf(size: number, rows: number, seed: number): Float64Array {
  const random = createRandom(seed);
  const data = Float64Array.from({ length: rows * size }, () => random.normal() / Math.sqrt(rows));
  const gram = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      for (let k = 0; k < rows; k++) gram[i * size + j] += data[k * size + i] * data[k * size + j];
    }
  }
  return gram;
}

/** Compares what several steps have left: their rounding errors grow as far as those of the family `solve`. */
export function close(actual: Float64Array, expected: Float64Array, what: string): void {
  actual.forEach((value, i) => {
    const allowed = growth * 2 ** -53 * (1 + Math.abs(expected[i]));
    assert.ok(Math.abs(value - expected[i]) <= allowed, `${what} ${i}: ${value}, ${expected[i]}`);
  });
}

/** A random graph problem: every other pair is an edge, of every kind in turn. */
export function graphProblem(workspace: Workspace, vertices: number) {
  const gram = workspace.allocate("f64", vertices * vertices, "gram");
  workspace.write(gram, gramOf(vertices, vertices + 5, vertices));
  const pairs: number[] = [];
  for (let i = 0; i < vertices; i++) for (let j = i + 1; j < vertices; j += 2) pairs.push(i, j);
  const count = pairs.length / 2;
  const ends = workspace.allocate("u32", pairs.length, "ends"), kinds = workspace.allocate("u8", count, "kinds");
  workspace.write(ends, pairs);
  workspace.write(kinds, Array.from({ length: count }, (_, e) => Object.values(penaltyKinds)[e % 3]));
  const vector = (label: string, length: number) => ({ array: workspace.allocate("f64", length, label), length });
  const values = vector("values", count), diagonal = vector("diagonal", vertices);
  const [starts, neighbours, incident]: number[][] = [[0], [], []];
  for (let i = 0; i < vertices; i++) {
    pairs.forEach((end, at) => {
      if (end !== i) return;
      neighbours.push(pairs[at ^ 1]);
      incident.push(at >> 1);
    });
    starts.push(neighbours.length);
  }
  const list = (label: string, entries: number[]) => {
    const array = workspace.allocate("u32", entries.length, label);
    workspace.write(array, entries);
    return array;
  };
  return {
    operands: { gram: { array: gram, rows: vertices, columns: vertices }, ends, kinds, values, diagonal },
    adjacency: {
      starts: list("starts", starts),
      neighbours: list("neighbours", neighbours),
      incident: list("incident", incident),
    },
    pairs,
    norms: vector("norms", vertices),
    diagonalProducts: vector("diagonal products", vertices),
    changes: vector("changes", count + vertices),
    reset() {
      workspace.write(values.array, Array.from({ length: count }, (_, e) => e % 2 ? 0 : 0.05));
      workspace.write(diagonal.array, Array.from({ length: vertices }, (_, i) => 1 + i / vertices));
    },
  };
}

export const graphSizes = [1, 2, 3, 5, 18];
export const sweeping = { sweeps: 20, tolerance: -1 };

/** The reference of a whole descent, with `T S` as it stands at the end. */
export async function descentWithProducts(
  workspace: Workspace,
  reference: Kernels,
  { operands, norms, diagonalProducts, reset }: ReturnType<typeof graphProblem>,
  limits: { penalty: L0Penalty; sweeps: number; tolerance: number },
) {
  const vertices = norms.length;
  const products = { array: workspace.allocate("f64", vertices ** 2, "products"), rows: vertices, columns: vertices };
  reset();
  await reference.productDescent({ ...operands, products, norms, diagonalProducts, ...limits });
  return workspace.read(products.array);
}

/** Working memory of a problem's blocks. */
export function packingOf(
  workspace: Workspace,
  { pairs, norms: { length: vertices } }: ReturnType<typeof graphProblem>,
) {
  return createPacking(workspace, vertices).load(pairs, adjacencyOf(pairs, vertices));
}

/** The gradient at the start of a problem from `T S`, and an array for that of the kernels. */
export async function gradientOf(workspace: Workspace, reference: Kernels, vertices: number) {
  const problem = graphProblem(workspace, vertices);
  const limits = { penalty: penalties[0], sweeps: 0, tolerance: 0 };
  const product = await descentWithProducts(workspace, reference, problem, limits);
  const diagonal = await workspace.read(problem.operands.diagonal.array);
  const first = vertices >> 1, rows = vertices - first;
  const gradient = { array: workspace.allocate("f64", rows * vertices, "gradient"), rows, columns: vertices };
  const expected = Float64Array.from({ length: rows * vertices }, (_, at) => {
    const i = first + Math.floor(at / vertices), j = at % vertices;
    return 2 * (product[i * vertices + j] / diagonal[i] + product[j * vertices + i] / diagonal[j]);
  });
  return { ...problem, product, first, gradient, expected };
}
