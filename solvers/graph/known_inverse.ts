import { addScaled, plainDot } from "../core/plain_sums.ts";
import { createPace, type Steps } from "../core/steps.ts";
import type { Borders } from "./borders.ts";
import { edgeNumber, type GraphPoint } from "./pseudolikelihood.ts";

/** The inverse of a Hessian over diagonal and edges of a graph, or nearly that. */
export interface KnownInverse {
  /** Place of each edge among the edges, by its number. */
  readonly places: ReadonlyMap<number, number>;
  /** Diagonal of the point at which it was computed afresh. */
  readonly diagonal: ArrayLike<number>;
  /** Edges that have entered or left since. */
  readonly changes: number;
  /** Multiplies a vector by it: O(size^2). */
  multiply(x: Float64Array): Float64Array;
  /** All entries [vertices + edges, vertices + edges]: O(changes size^2) where they have not been asked for. */
  entries(): Float64Array;
}

/** Share of a diagonal entry, and of all entries, that may change before an inverse is computed afresh. */
const mostMoved = 0.1, mostChanged = 0.1;

/** An inverse as it was computed, over a point with its edges in their order. */
export function knownInverse(entries: Float64Array, point: GraphPoint): KnownInverse {
  return {
    places: placesOf(point),
    diagonal: point.diagonal,
    changes: 0,
    multiply: (x) => multiplySymmetric(entries, x),
    entries: () => entries,
  };
}

/** Place of each edge among the edges of a point, by its number. */
function placesOf({ ends, values, diagonal }: GraphPoint): Map<number, number> {
  const places = new Map<number, number>();
  for (let e = 0; e < values.length; e++) places.set(edgeNumber(ends[2 * e], ends[2 * e + 1], diagonal.length), e);
  return places;
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
  const { ends, values, diagonal } = point;
  const isDue = createPace(), vertices = diagonal.length, size = vertices + values.length, places = placesOf(point);
  const left = Array.from(known.places).filter(([edge]) => !places.has(edge));
  const entered = Array.from(places).filter(([edge]) => !known.places.has(edge));
  const changes = known.changes + left.length + entered.length;
  if (changes > mostChanged * size) return undefined;
  for (let i = 0; i < vertices; i++) {
    if (!(Math.abs(diagonal[i] - known.diagonal[i]) <= mostMoved * known.diagonal[i])) return undefined;
  }
  if (changes === known.changes && sameOrder(known.places, places)) return { ...known, places };

  const borders = bordersOf();
  // Coordinates of both graphs: those of the known one, then the edges that have entered.
  const base = known.entries(), width = vertices + known.places.size, whole = width + entered.length;
  const origin = new Int32Array(size);
  for (let i = 0; i < vertices; i++) origin[i] = i;
  for (const [edge, place] of places) origin[vertices + place] = vertices + (known.places.get(edge) ?? -1);
  entered.forEach(([, place], k) => origin[vertices + place] = width + k);
  const corrections: Correction[] = [];
  for (const [, place] of left) {
    const row = rowAt(base, width, whole, vertices + place, corrections);
    corrections.push({ vector: row, factor: -1 / row[vertices + place] });
    if (isDue(whole * corrections.length) && (yield)) return undefined;
  }
  for (const [, place] of entered) {
    const own = origin[vertices + place], { count, curvature } = borders.load(ends[2 * place], ends[2 * place + 1]);
    const product = new Float64Array(whole);
    // Edges that have not entered yet have no rows.
    const before = new Float64Array(corrections.length);
    let coupling = 0;
    for (let k = 0; k < count; k++) addRow(product, base, width, origin[borders.places[k]], borders.entries[k]);
    corrections.forEach(({ vector, factor }, c) => {
      for (let k = 0; k < count; k++) before[c] += borders.entries[k] * vector[origin[borders.places[k]]];
      addScaled(product, factor * before[c], vector);
    });
    for (let k = 0; k < count; k++) coupling += borders.entries[k] * product[origin[borders.places[k]]];
    const rest = curvature - coupling;
    if (!(rest > 1e-12 * curvature)) return undefined;
    product[own] = -1;
    corrections.push({ vector: product, factor: 1 / rest });
    if (isDue(whole * (count + corrections.length)) && (yield)) return undefined;
  }
  let dense: Float64Array | undefined;
  return {
    places,
    diagonal: known.diagonal,
    changes,
    multiply: (x) => dense ? multiplySymmetric(dense, x) : multiplyCorrected(base, width, whole, origin, corrections, x),
    entries: () => dense ??= corrected(base, width, origin, corrections),
  };
}

/** `factor vector vector^T`, which is added to the known inverse. */
interface Correction {
  readonly vector: Float64Array;
  readonly factor: number;
}

function sameOrder(one: ReadonlyMap<number, number>, other: ReadonlyMap<number, number>): boolean {
  for (const [edge, place] of one) if (other.get(edge) !== place) return false;
  return true;
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
  const size = origin.length, entries = new Float64Array(size * size);
  for (let a = 0; a < size; a++) correctedRow(entries, a, base, width, origin, corrections);
  return entries;
}

/** A row up to its diagonal, and its mirror image. */
function correctedRow(
  entries: Float64Array,
  a: number,
  base: Float64Array,
  width: number,
  origin: Int32Array,
  corrections: readonly Correction[],
): void {
  const size = origin.length, own = a * size, row = origin[a];
  if (row < width) {
    for (let b = 0, from = row * width; b <= a; b++) if (origin[b] < width) entries[own + b] = base[from + origin[b]];
  }
  for (const { vector, factor } of corrections) {
    const scale = factor * vector[row];
    if (scale === 0) continue;
    for (let b = 0; b <= a; b++) entries[own + b] += scale * vector[origin[b]];
  }
  for (let b = 0, at = a; b < a; b++, at += size) entries[at] = entries[own + b];
}
