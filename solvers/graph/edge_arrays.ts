import type { Workspace } from "../../kernels/engine/mod.ts";
import type { Breaks, DeviceArray, VectorOperand } from "../../kernels/contract.ts";
import { colourEdges } from "./colouring.ts";
import type { GraphPoint } from "./pseudolikelihood.ts";

/** An f64 vector where the kernels run. */
export function deviceVector(
  workspace: Workspace,
  length: number,
  label: string,
): VectorOperand & { array: DeviceArray<"f64"> } {
  return { array: workspace.allocate("f64", length, label), length };
}

/** Arrays for the edges of a descent, grown as needed. */
export function createEdgeArrays(workspace: Workspace) {
  let capacity = 64;
  const make = () => ({
    ends: workspace.allocate("u32", 2 * capacity, "edge ends"),
    kinds: workspace.allocate("u8", capacity, "edge kinds"),
    values: workspace.allocate("f64", capacity, "edge values"),
  });
  let arrays = make();
  return {
    /** Copies the edges to the device. */
    load({ ends, values }: GraphPoint, kinds: ArrayLike<number>) {
      if (values.length > capacity) {
        Object.values(arrays).forEach((array) => workspace.free(array));
        capacity = Math.max(values.length, 2 * capacity);
        arrays = make();
      }
      workspace.write(arrays.ends, ends);
      workspace.write(arrays.kinds, kinds);
      workspace.write(arrays.values, values);
      return { ...arrays, values: { array: arrays.values, length: values.length } };
    },
  };
}

/** Arrays that say which edges meet at each vertex, grown as needed. */
export function createAdjacency(workspace: Workspace, vertices: number) {
  const starts = workspace.allocate("u32", vertices + 1, "adjacency starts");
  let capacity = 128;
  const make = () => ({
    neighbours: workspace.allocate("u32", capacity, "neighbours"),
    incident: workspace.allocate("u32", capacity, "incident edges"),
  });
  let arrays = make();
  return {
    /** Copies the adjacency of the edges to the device; `lists` is the same on this side. */
    load(ends: ArrayLike<number>) {
      if (ends.length > capacity) {
        Object.values(arrays).forEach((array) => workspace.free(array));
        capacity = Math.max(ends.length, 2 * capacity);
        arrays = make();
      }
      const lists = adjacencyOf(ends, vertices);
      workspace.write(starts, lists.starts);
      workspace.write(arrays.neighbours, lists.neighbours);
      workspace.write(arrays.incident, lists.incident);
      return { starts, ...arrays, lists };
    },
  };
}

/** The edges at each vertex: vertex `i` has `neighbours` and `incident` from `starts[i]` to `starts[i + 1]`. */
export function adjacencyOf(ends: ArrayLike<number>, vertices: number) {
  const starts = new Uint32Array(vertices + 1);
  for (let at = 0; at < ends.length; at++) starts[ends[at] + 1]++;
  for (let i = 0; i < vertices; i++) starts[i + 1] += starts[i];
  const next = starts.slice(), neighbours = new Uint32Array(ends.length), incident = new Uint32Array(ends.length);
  for (let at = 0; at < ends.length; at++) {
    const place = next[ends[at]]++;
    neighbours[place] = ends[at ^ 1];
    incident[place] = at >> 1;
  }
  return { starts, neighbours, incident };
}

/** Number of edges at each vertex. */
export function degreesOf(ends: ArrayLike<number>, vertices: number): Uint32Array {
  const degrees = new Uint32Array(vertices);
  for (let at = 0; at < ends.length; at++) degrees[ends[at]]++;
  return degrees;
}

/** Multiply-adds of a sweep from which on there are breaks within it: some sweeps, and what they gather first, take 20 ms. */
const longSweep = 2e6;

/** Checkpoints within sweeps, where one takes long; once the time is up, the descent ends with the sweep under way. */
export function breaksFor(sweepWork: number, pause: () => Promise<boolean>): Breaks | undefined {
  if (sweepWork < longSweep) return undefined;
  let isOver = false;
  return {
    wait: async () => isOver ||= await pause(),
    isOver: () => isOver,
  };
}

/**
 * Arrays of a descent by classes of edges: the edges go to the device class by class, or in another order and no classes,
 * and come back in the order given.
 */
export function createClassArrays(workspace: Workspace, vertices: number) {
  const edges = createEdgeArrays(workspace), adjacency = createAdjacency(workspace, vertices);
  const diagonal = deviceVector(workspace, vertices, "diagonal");
  const norms = deviceVector(workspace, vertices, "residual norms");
  const diagonalProducts = deviceVector(workspace, vertices, "diagonal products");
  let changes = workspace.allocate("f64", vertices, "changes");
  return {
    load(point: GraphPoint, kinds: ArrayLike<number>, inOrder?: Uint32Array) {
      const count = point.values.length;
      const { order, classes } = inOrder
        ? { order: inOrder, classes: Uint32Array.of(count) }
        : colourEdges(point.ends, vertices);
      const given = Uint32Array.from(point.ends),
        sorted = inOrderOf(order, given, point.values, kinds),
        { ends } = sorted;
      const active = edges.load({ ...point, ...sorted }, sorted.kinds);
      const { lists, ...incidence } = adjacency.load(ends);
      workspace.write(diagonal.array, point.diagonal);
      if (changes.length < count + vertices) {
        workspace.free(changes);
        changes = workspace.allocate("f64", 2 * count + vertices, "changes");
      }
      const operands = {
        ...active,
        ...incidence,
        classes,
        diagonal,
        norms,
        diagonalProducts,
        changes: { array: changes, length: count + vertices },
      };
      const read = async () => {
        return {
          ends: given.slice(),
          values: outOfOrder(order, await workspace.read(active.values.array, 0, count)),
          diagonal: await workspace.read(diagonal.array),
          norms: await workspace.read(norms.array),
          diagonalProducts: await workspace.read(diagonalProducts.array),
        };
      };
      return { operands, ends, lists, read };
    },
  };
}

/** What belongs to each edge, in another order. */
function inOrderOf(order: Uint32Array, ends: Uint32Array, values: ArrayLike<number>, kinds: ArrayLike<number>) {
  const count = order.length;
  const sorted = { ends: new Uint32Array(2 * count), values: new Float64Array(count), kinds: new Uint8Array(count) };
  for (let k = 0; k < count; k++) {
    const e = order[k];
    sorted.ends[2 * k] = ends[2 * e];
    sorted.ends[2 * k + 1] = ends[2 * e + 1];
    sorted.values[k] = values[e];
    sorted.kinds[k] = kinds[e];
  }
  return sorted;
}

/** Values back in the order that the edges came in. */
function outOfOrder(order: Uint32Array, sorted: Float64Array): Float64Array {
  const values = new Float64Array(order.length);
  for (let k = 0; k < order.length; k++) values[order[k]] = sorted[k];
  return values;
}
