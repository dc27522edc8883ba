import { addScaled, plainDot } from "../core/plain_sums.ts";
import { createPace, type Steps } from "../core/steps.ts";
import type { Borders } from "./borders.ts";
import { edgeNumber, type GraphPoint } from "./pseudolikelihood.ts";

/** The inverse of a Hessian over diagonal and edges of a graph, or nearly that. */
export interface KnownInverse {
  /** Numbers of the edges, in their order. */
  readonly edges: Float64Array;
  /** Diagonal of the point at which it was computed afresh. */
  readonly diagonal: ArrayLike<number>;
  /** Edges that have entered or left since. */
  readonly changes: number;
  /** Place of each edge among the edges, by its number. */
  places(): ReadonlyMap<number, number>;
  /** Multiplies a vector by it: O(size^2). */
  multiply(x: Float64Array): Float64Array;
  /** All entries [vertices + edges, vertices + edges]: O(changes size^2) where they have not been asked for. */
  entries(): Float64Array;
}

/** Share of a diagonal entry, and of all entries, that may change before an inverse is computed afresh. */
const mostMoved = 0.1, mostChanged = 0.1;

/** An inverse as it was computed, over a point with its edges in their order. */
export function knownInverse(entries: Float64Array, point: GraphPoint): KnownInverse {
  const edges = edgeNumbers(point);
  return {
    edges,
    diagonal: point.diagonal,
    changes: 0,
    places: placesOf(edges),
    multiply: (x) => multiplySymmetric(entries, x),
    entries: () => entries,
  };
}

function edgeNumbers({ ends, values, diagonal }: GraphPoint): Float64Array {
  const numbers = new Float64Array(values.length);
  for (let e = 0; e < numbers.length; e++) numbers[e] = edgeNumber(ends[2 * e], ends[2 * e + 1], diagonal.length);
  return numbers;
}

function placesOf(edges: Float64Array): () => ReadonlyMap<number, number> {
  let places: Map<number, number> | undefined;
  return () => {
    if (places === undefined) {
      places = new Map();
      for (let e = 0; e < edges.length; e++) places.set(edges[e], e);
    }
    return places;
  };
}

/**
 * The inverse over another graph, bordered by what has entered and without what has left; nothing where that graph is too far
 * away. It stays the known one with a product of vectors for each change: O(size (changes + border)) a change, and entries
 * only where they are asked for.
 */
export function* updatedInverse(
  known: KnownInverse,
  point: GraphPoint,
  bordersOf: () => Borders,
): Steps<KnownInverse | undefined> {
  const { ends, diagonal } = point, vertices = diagonal.length;
  if (!isNear(diagonal, known.diagonal)) return undefined;
  const edges = edgeNumbers(point), { origin, left, entered, whole } = unionOf(known, edges, vertices);
  const changes = known.changes + left.length + entered.length;
  if (changes > mostChanged * origin.length) return undefined;
  const same = { edges, places: placesOf(edges), diagonal: known.diagonal, changes };
  if (changes === known.changes && isIdentity(origin)) {
    return { ...same, multiply: known.multiply, entries: known.entries };
  }
  const isDue = createPace(), base = known.entries(), width = vertices + known.edges.length, borders = bordersOf();
  const corrections: Correction[] = [];
  for (const coordinate of left) {
    const row = rowAt(base, width, whole, coordinate, corrections);
    corrections.push({ vector: row, factor: -1 / row[coordinate] });
    if (isDue(whole * corrections.length) && (yield)) return undefined;
  }
  for (const place of entered) {
    const { count, curvature } = borders.load(ends[2 * place], ends[2 * place + 1]);
    const product = multiplyBorder(base, width, whole, origin, corrections, borders, count);
    let coupling = 0;
    for (let k = 0; k < count; k++) coupling += borders.entries[k] * product[origin[borders.places[k]]];
    const rest = curvature - coupling;
    if (!(rest > 1e-12 * curvature)) return undefined;
    product[origin[vertices + place]] = -1;
    corrections.push({ vector: product, factor: 1 / rest });
    if (isDue(whole * (count + corrections.length)) && (yield)) return undefined;
  }
  let dense: Float64Array | undefined;
  return {
    ...same,
    multiply: (x) =>
      dense ? multiplySymmetric(dense, x) : multiplyCorrected(base, width, whole, origin, corrections, x),
    entries: () => dense ??= corrected(base, width, origin, corrections),
  };
}

/** Whether no entry of a diagonal has moved much. */
function isNear(diagonal: ArrayLike<number>, before: ArrayLike<number>): boolean {
  for (let i = 0; i < diagonal.length; i++) {
    if (!(Math.abs(diagonal[i] - before[i]) <= mostMoved * before[i])) return false;
  }
  return true;
}

/** Coordinates of two graphs: those of the known inverse, then the edges that have entered. */
interface Union {
  /** The place of each coordinate of the other graph. */
  readonly origin: Int32Array;
  /** Coordinates of the known inverse whose edges have left. */
  readonly left: readonly number[];
  /** Places, among the edges of the other graph, of those that have entered. */
  readonly entered: readonly number[];
  /** How many there are. */
  readonly whole: number;
}

function unionOf(known: KnownInverse, edges: Float64Array, vertices: number): Union {
  const origin = new Int32Array(vertices + edges.length), stays = new Uint8Array(known.edges.length);
  const places = known.places(), width = vertices + stays.length, entered: number[] = [], left: number[] = [];
  for (let i = 0; i < vertices; i++) origin[i] = i;
  let staying = 0;
  for (let e = 0; e < edges.length; e++) {
    const place = known.edges[e] === edges[e] ? e : places.get(edges[e]);
    if (place === undefined) {
      origin[vertices + e] = width + entered.length;
      entered.push(e);
    } else {
      origin[vertices + e] = vertices + place;
      stays[place] = 1;
      staying++;
    }
  }
  if (staying < stays.length) stays.forEach((stay, place) => void (stay || left.push(vertices + place)));
  return { origin, left, entered, whole: width + entered.length };
}

function isIdentity(origin: Int32Array): boolean {
  for (let c = 0; c < origin.length; c++) if (origin[c] !== c) return false;
  return true;
}

/** `factor vector vector^T`, which is added to the known inverse. */
interface Correction {
  readonly vector: Float64Array;
  readonly factor: number;
}

/** Adds a multiple of a row of the known inverse; beyond its width there are zeros. */
function addRow(sum: Float64Array, base: Float64Array, width: number, row: number, factor: number): void {
  if (row >= width) return;
  for (let c = 0, at = row * width; c < width; c++, at++) sum[c] += factor * base[at];
}

/** A row of the known inverse with its corrections. */
function rowAt(
  base: Float64Array,
  width: number,
  whole: number,
  row: number,
  corrections: readonly Correction[],
): Float64Array {
  const result = new Float64Array(whole);
  addRow(result, base, width, row, 1);
  for (const { vector, factor } of corrections) addScaled(result, factor * vector[row], vector);
  return result;
}

/** Multiplies the latest border: edges that have not entered yet have no rows. */
function multiplyBorder(
  base: Float64Array,
  width: number,
  whole: number,
  origin: Int32Array,
  corrections: readonly Correction[],
  { places, entries }: Borders,
  count: number,
): Float64Array {
  const product = new Float64Array(whole);
  for (let k = 0; k < count; k++) addRow(product, base, width, origin[places[k]], entries[k]);
  for (const { vector, factor } of corrections) {
    let along = 0;
    for (let k = 0; k < count; k++) along += entries[k] * vector[origin[places[k]]];
    addScaled(product, factor * along, vector);
  }
  return product;
}

function multiplyCorrected(
  base: Float64Array,
  width: number,
  whole: number,
  origin: Int32Array,
  corrections: readonly Correction[],
  x: Float64Array,
): Float64Array {
  const spread = new Float64Array(whole), product = new Float64Array(whole), result = new Float64Array(x.length);
  for (let c = 0; c < x.length; c++) spread[origin[c]] = x[c];
  for (let row = 0; row < width; row++) product[row] = plainDot(base, spread, width, row * width);
  for (const { vector, factor } of corrections) addScaled(product, factor * plainDot(vector, spread), vector);
  for (let c = 0; c < x.length; c++) result[c] = product[origin[c]];
  return result;
}

function multiplySymmetric(a: Float64Array, x: Float64Array): Float64Array {
  const size = x.length, product = new Float64Array(size);
  for (let row = 0; row < size; row++) product[row] = plainDot(a, x, size, row * size);
  return product;
}

/** All entries, in the order of the other graph. */
function corrected(
  base: Float64Array,
  width: number,
  origin: Int32Array,
  corrections: readonly Correction[],
): Float64Array {
  const size = origin.length, entries = new Float64Array(size * size), row = new Float64Array(size);
  const ordered = corrections.map(({ vector, factor }) => ({ vector: inOrder(vector, origin), factor }));
  for (let a = 0; a < size; a++) {
    row.fill(0);
    if (origin[a] < width) takeRow(row, base, width, origin, a);
    for (const { vector, factor } of ordered) if (vector[a] !== 0) addScaled(row, factor * vector[a], vector);
    entries.set(row, a * size);
  }
  return entries;
}

function inOrder(vector: Float64Array, origin: Int32Array): Float64Array {
  const ordered = new Float64Array(origin.length);
  for (let c = 0; c < ordered.length; c++) ordered[c] = vector[origin[c]];
  return ordered;
}

function takeRow(row: Float64Array, base: Float64Array, width: number, origin: Int32Array, a: number): void {
  const from = origin[a] * width;
  for (let b = 0; b < row.length; b++) if (origin[b] < width) row[b] = base[from + origin[b]];
}
