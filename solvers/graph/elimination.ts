/** A symmetric matrix by rows: its diagonal, and what stands off it, both ways. */
export interface SymmetricRows {
  readonly diagonal: Float64Array;
  /** Columns and values of the entries off the diagonal. */
  readonly rows: readonly ReadonlyMap<number, number>[];
}

/** A vertex of least degree whose neighbours are this share of all that are left, or more, leaves a dense matrix. */
const denseShare = 1 / 8;

/**
 * `log det (A + shift I)`, or NaN where that is not positive definite: vertices of least degree are eliminated first
 * (Tinney & Walker 1967), and what remains once that fills all in is factored as a dense matrix.
 *
 * A forest takes O(vertices). A graph that leaves `m` vertices takes 4 m^2 bytes and O(m^3).
 */
export function logDeterminantOf({ diagonal, rows }: SymmetricRows, shift = 0): number {
  const pivots = diagonal.map((value) => value + shift), around = rows.map((row) => new Map(row));
  const order = createDegreeQueue(around.map((row) => row.size));
  const gone = new Uint8Array(pivots.length);
  let sum = 0;
  for (let left = pivots.length; left > 0; left--) {
    const vertex = order.least();
    if (around[vertex].size >= denseShare * left) {
      const rest = Array.from(pivots.keys()).filter((i) => !gone[i]);
      return sum + denseLogDeterminant(pivots, around, rest);
    }
    const pivot = pivots[vertex];
    if (!(pivot > 0)) return NaN;
    sum += Math.log(pivot);
    gone[vertex] = 1;
    order.remove(vertex);
    const neighbours = Array.from(around[vertex]);
    for (const [i, x] of neighbours) {
      around[i].delete(vertex);
      pivots[i] -= x * x / pivot;
      for (const [j, y] of neighbours) if (j !== i) around[i].set(j, (around[i].get(j) ?? 0) - x * y / pivot);
    }
    for (const [i] of neighbours) order.change(i, around[i].size);
  }
  return sum;
}

/** The same for some vertices of a matrix, as a packed lower triangle. */
function denseLogDeterminant(
  pivots: Float64Array,
  around: readonly ReadonlyMap<number, number>[],
  vertices: readonly number[],
): number {
  const place = new Map(vertices.map((vertex, i) => [vertex, i])), start = (i: number) => i * (i + 1) / 2;
  const factor = new Float64Array(start(vertices.length));
  vertices.forEach((vertex, i) => {
    factor[start(i) + i] = pivots[vertex];
    for (const [other, value] of around[vertex]) {
      if (place.get(other)! < i) factor[start(i) + place.get(other)!] = value;
    }
  });
  return triangleLogDeterminant(factor, vertices.length);
}

/** The same for a packed lower triangle, which is used up: O(size^3 / 6). */
export function triangleLogDeterminant(factor: Float64Array, size: number): number {
  let sum = 0;
  for (let i = 0, rowI = 0; i < size; rowI += ++i) {
    for (let j = 0, rowJ = 0; j <= i; rowJ += ++j) {
      let entry = factor[rowI + j];
      for (let k = 0; k < j; k++) entry -= factor[rowI + k] * factor[rowJ + k];
      if (j < i) {
        factor[rowI + j] = entry / factor[rowJ + j];
      } else if (entry > 0) {
        factor[rowI + i] = Math.sqrt(entry);
        sum += Math.log(entry);
      } else {
        return NaN;
      }
    }
  }
  return sum;
}

/** Vertices by their degrees: O(1) for each change, and for each degree that the least falls or rises by. */
function createDegreeQueue(degrees: number[]) {
  const buckets: Set<number>[] = [];
  const put = (vertex: number) => (buckets[degrees[vertex]] ??= new Set()).add(vertex);
  degrees.forEach((_, vertex) => put(vertex));
  let lowest = 0;
  return {
    /** A vertex of least degree; there must be one. */
    least(): number {
      while (!buckets[lowest]?.size) lowest++;
      return buckets[lowest].values().next().value!;
    },
    remove(vertex: number): void {
      buckets[degrees[vertex]].delete(vertex);
    },
    change(vertex: number, degree: number): void {
      buckets[degrees[vertex]].delete(vertex);
      degrees[vertex] = degree;
      lowest = Math.min(lowest, degree);
      put(vertex);
    },
  };
}
