/** Edges in classes that share no vertex. */
export interface EdgeColouring {
  /** The edges, class by class, each class in the order given. */
  readonly order: Uint32Array;
  /** Where each class ends in `order`. */
  readonly classes: Uint32Array;
}

/**
 * Greedy edge colouring: each edge takes the least colour that is free at both of its ends, so there are at most
 * `2 maximum degree - 1`. Depends on the edges and their order alone. O(edges x colours / 32).
 *
 * @param ends Two vertices an edge.
 */
export function colourEdges(ends: ArrayLike<number>, vertices: number): EdgeColouring {
  const count = ends.length >> 1;
  const degrees = new Uint32Array(vertices);
  let most = 1;
  for (let at = 0; at < ends.length; at++) most = Math.max(most, ++degrees[ends[at]]);
  // A bit a colour for each vertex, set where it is taken.
  const words = Math.ceil((2 * most - 1) / 32);
  const taken = new Uint32Array(vertices * words), colours = new Uint32Array(count);
  const sizes: number[] = [];
  for (let e = 0; e < count; e++) {
    const i = ends[2 * e] * words, j = ends[2 * e + 1] * words;
    let word = 0, free = 0;
    while ((free = ~(taken[i + word] | taken[j + word])) === 0) word++;
    const bit = 31 - Math.clz32(free & -free);
    taken[i + word] |= 1 << bit;
    taken[j + word] |= 1 << bit;
    colours[e] = 32 * word + bit;
    sizes[colours[e]] = (sizes[colours[e]] ?? 0) + 1;
  }
  const classes = Uint32Array.from(sizes);
  for (let k = 1; k < classes.length; k++) classes[k] += classes[k - 1];
  const next = Uint32Array.from(classes, (end, k) => end - sizes[k]), order = new Uint32Array(count);
  for (let e = 0; e < count; e++) order[next[colours[e]]++] = e;
  return { order, classes };
}

/** Vertices whose rows of `S` and `T S` stay near the processor together. */
const tile = 32;

/**
 * The edges tile by tile of vertices: where one step follows another, the rows that a step reads and writes are those of the
 * steps before. Those of a tile come in the order given, or by their first vertex and so in the order given.
 * O(edges + (vertices / tile)^2), by vertex O(edges + vertices^2 / tile).
 *
 * @param ends Two vertices an edge.
 */
export function tileEdges(ends: ArrayLike<number>, vertices: number, byVertex = false): Uint32Array {
  const count = ends.length >> 1, across = Math.ceil(vertices / tile), groups = byVertex ? tile : 1;
  const placeOf = (e: number) => {
    const i = ends[2 * e], row = Math.floor(i / tile);
    return (row * across + Math.floor(ends[2 * e + 1] / tile)) * groups + (byVertex ? i - row * tile : 0);
  };
  const next = new Uint32Array(across * across * groups + 1), order = new Uint32Array(count);
  for (let e = 0; e < count; e++) next[placeOf(e) + 1]++;
  for (let k = 1; k < next.length; k++) next[k] += next[k - 1];
  for (let e = 0; e < count; e++) order[next[placeOf(e)]++] = e;
  return order;
}
