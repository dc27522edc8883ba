import { createPace, inSteps, type Steps } from "../core/steps.ts";
import type { L0Penalty } from "../l0/penalty.ts";
import { type Borders, createBorders } from "./borders.ts";
import { rowStart } from "./linear_system.ts";
import { edgeNumber, type GraphPoint, type Pseudolikelihood } from "./pseudolikelihood.ts";
import { createStars } from "./stars.ts";

/** An inverse and the graph that it is over. */
export interface KnownInverse {
  /** [vertices + edges, vertices + edges] */
  readonly entries: Float64Array;
  /** Place of each edge among the edges, by its number. */
  readonly places: ReadonlyMap<number, number>;
  /** Diagonal of the point at which it was computed afresh. */
  readonly diagonal: ArrayLike<number>;
  /** Edges that have entered or left since. */
  readonly changes: number;
}

/** Share of a diagonal entry, and of all entries, that may change before an inverse is computed afresh. */
const mostMoved = 0.1, mostChanged = 0.1;

/** What moves of one graph have found that serves those of the next. */
export interface MoveMemory {
  /** Columns that edges would add to the Hessian at a point. */
  bordersAt(point: GraphPoint, penalty: L0Penalty): Borders;
  /** The inverse of the Hessian, or nearly that; nothing where it is singular to rounding, or the time is up. */
  inverseAt(point: GraphPoint, borders: Borders, penalty: L0Penalty): Promise<Float64Array | undefined>;
  /** The inverse at a point from the one that is kept; nothing where that is of a graph too far away. */
  near(point: GraphPoint, penalty: L0Penalty): Promise<KnownInverse | undefined>;
  /** Keeps an inverse for what comes next, where there is one. */
  keep(known: KnownInverse | undefined): void;
}

/** What that needs to know of a problem. */
type MemoryProblem = Pick<Pseudolikelihood, "vertices" | "covariance" | "pause" | "invert">;

const memories = new WeakMap<MemoryProblem, MoveMemory>();

/** The memory of a problem, which lives as long. */
export function moveMemoryOf(problem: MemoryProblem): MoveMemory {
  let memory = memories.get(problem);
  if (memory === undefined) memories.set(problem, memory = createMoveMemory(problem));
  return memory;
}

/**
 * From one graph to the next few edges enter and leave and entries move little: the inverse of the last one, bordered by what
 * entered and without what left, is near enough to compare moves by. O(size^2) an edge; O(size^3) afresh, after a tenth of all
 * has changed.
 */
function createMoveMemory({ vertices, covariance, pause, invert }: MemoryProblem): MoveMemory {
  let known: KnownInverse | undefined;

  async function afresh(point: GraphPoint, { lambda2 }: L0Penalty): Promise<Float64Array | undefined> {
    const stars = await inSteps(createStars(point, covariance), () => pause("moves")), { size } = stars;
    const x = new Float64Array(size), hessian = new Float64Array(rowStart(size));
    x.set(point.diagonal);
    x.set(point.values, vertices);
    stars.linearize(x);
    stars.visitHessian((row, column, value) => hessian[rowStart(row) + column] += value);
    for (let c = vertices; c < size; c++) hessian[rowStart(c) + c] += 2 * lambda2;
    return await invert(hessian, size);
  }

  const near = async (point: GraphPoint, places: ReadonlyMap<number, number>, borders: Borders) =>
    known && await inSteps(updated(known, point, places, borders), () => pause("moves"));
  let covariances: Float64Array | undefined;
  const bordersAt = (point: GraphPoint, penalty: L0Penalty) =>
    createBorders(covariances ??= covariancesOf(vertices, covariance), penalty, point);

  return {
    bordersAt,
    async inverseAt(point, borders, penalty) {
      const places = placesOf(point);
      let next = await near(point, places, borders);
      if (next === undefined) {
        const entries = await afresh(point, penalty);
        next = entries && { entries, places, diagonal: point.diagonal, changes: 0 };
      }
      known = next;
      return next?.entries;
    },
    near: (point, penalty) => near(point, placesOf(point), bordersAt(point, penalty)),
    keep: (next) => void (known = next ?? known),
  };
}

function covariancesOf(vertices: number, covariance: (i: number, j: number) => number): Float64Array {
  return Float64Array.from(
    { length: vertices * vertices },
    (_, at) => covariance(Math.floor(at / vertices), at % vertices),
  );
}

function placesOf({ ends, values, diagonal }: GraphPoint): Map<number, number> {
  const places = new Map<number, number>();
  for (let e = 0; e < values.length; e++) places.set(edgeNumber(ends[2 * e], ends[2 * e + 1], diagonal.length), e);
  return places;
}

/** The inverse over another graph; nothing where that is too far away. */
function* updated(
  known: KnownInverse,
  { ends, values, diagonal }: GraphPoint,
  places: ReadonlyMap<number, number>,
  borders: Borders,
): Steps<KnownInverse | undefined> {
  const isDue = createPace(), vertices = diagonal.length, size = vertices + values.length;
  const left = Array.from(known.places).filter(([edge]) => !places.has(edge));
  const entered = Array.from(places).filter(([edge]) => !known.places.has(edge));
  const changes = known.changes + left.length + entered.length;
  if (changes > mostChanged * size) return undefined;
  for (let i = 0; i < vertices; i++) {
    if (!(Math.abs(diagonal[i] - known.diagonal[i]) <= mostMoved * known.diagonal[i])) return undefined;
  }
  if (changes === known.changes && sameOrder(known.places, places)) return { ...known, places };

  const width = vertices + known.places.size;
  const from = left.length === 0 ? known.entries : known.entries.slice();
  for (const [, place] of left) {
    const column = from.slice((vertices + place) * width, (vertices + place + 1) * width);
    addProduct(from, width, column, -1 / column[vertices + place]);
    if (isDue(width * width) && (yield)) return undefined;
  }
  const entries = new Float64Array(size * size), origin = new Int32Array(size).fill(-1);
  for (let i = 0; i < vertices; i++) origin[i] = i;
  for (const [edge, place] of places) origin[vertices + place] = vertices + (known.places.get(edge) ?? -1 - vertices);
  const stayed = origin.map((_, c) => c).filter((c) => origin[c] >= 0), sources = stayed.map((c) => origin[c]);
  for (let a = 0; a < stayed.length; a++) {
    const to = stayed[a] * size, at = sources[a] * width;
    for (let b = 0; b < stayed.length; b++) entries[to + stayed[b]] = from[at + sources[b]];
  }
  const product = new Float64Array(size);
  for (const [, place] of entered) {
    // Rows of edges that have not entered yet are zero.
    const own = vertices + place, { count, curvature } = borders.load(ends[2 * place], ends[2 * place + 1]);
    product.fill(0);
    for (let k = 0; k < count; k++) {
      const row = borders.places[k] * size, entry = borders.entries[k];
      for (let column = 0; column < size; column++) product[column] += entry * entries[row + column];
    }
    let coupling = 0;
    for (let k = 0; k < count; k++) coupling += borders.entries[k] * product[borders.places[k]];
    const rest = curvature - coupling;
    if (!(rest > 1e-12 * curvature)) return undefined;
    product[own] = -1;
    addProduct(entries, size, product, 1 / rest);
    if (isDue(size * size) && (yield)) return undefined;
  }
  return { entries, places, diagonal: known.diagonal, changes };
}

function sameOrder(one: ReadonlyMap<number, number>, other: ReadonlyMap<number, number>): boolean {
  for (const [edge, place] of one) if (other.get(edge) !== place) return false;
  return true;
}

/** Adds `factor column column^T` to a symmetric matrix. */
function addProduct(matrix: Float64Array, size: number, column: Float64Array, factor: number): void {
  for (let i = 0; i < size; i++) {
    const scale = factor * column[i];
    if (scale === 0) continue;
    for (let j = 0, at = i * size; j < size; j++, at++) matrix[at] += scale * column[j];
  }
}
