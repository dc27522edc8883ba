import { inSteps } from "../core/steps.ts";
import type { L0Penalty } from "../l0/penalty.ts";
import { type Borders, createBorders } from "./borders.ts";
import { type KnownInverse, knownInverse, updatedInverse } from "./known_inverse.ts";
import { rowStart } from "./linear_system.ts";
import type { GraphPoint, Pseudolikelihood } from "./pseudolikelihood.ts";
import { createStars } from "./stars.ts";

/** What moves of one graph have found that serves those of the next. */
export interface MoveMemory {
  /** Columns that edges would add to the Hessian at a point. */
  bordersAt(point: GraphPoint, penalty: L0Penalty): Borders;
  /** The inverse of the Hessian, or nearly that; nothing where it is singular to rounding, or the time is up. */
  inverseAt(point: GraphPoint, borders: Borders, penalty: L0Penalty): Promise<KnownInverse | undefined>;
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
 * entered and without what left, is near enough to compare moves by. O(size) an edge; O(size^3) afresh, after a tenth of all
 * has changed.
 */
function createMoveMemory({ vertices, covariance, pause, invert }: MemoryProblem): MoveMemory {
  let known: KnownInverse | undefined;

  async function afresh(point: GraphPoint, { lambda2 }: L0Penalty): Promise<KnownInverse | undefined> {
    const stars = await inSteps(createStars(point, covariance), () => pause("moves")), { size } = stars;
    const x = new Float64Array(size), hessian = new Float64Array(rowStart(size));
    x.set(point.diagonal);
    x.set(point.values, vertices);
    stars.linearize(x);
    stars.visitHessian((row, column, value) => hessian[rowStart(row) + column] += value);
    for (let c = vertices; c < size; c++) hessian[rowStart(c) + c] += 2 * lambda2;
    const entries = await invert(hessian, size);
    return entries && knownInverse(entries, point);
  }

  let covariances: Float64Array | undefined;
  const bordersAt = (point: GraphPoint, penalty: L0Penalty) =>
    createBorders(covariances ??= covariancesOf(vertices, covariance), penalty, point);
  const near = async (point: GraphPoint, borders: () => Borders) =>
    known && await inSteps(updatedInverse(known, point, borders), () => pause("moves"));

  return {
    bordersAt,
    async inverseAt(point, borders, penalty) {
      return known = await near(point, () => borders) ?? await afresh(point, penalty);
    },
    near: (point, penalty) => near(point, () => bordersAt(point, penalty)),
    keep: (next) => void (known = next ?? known),
  };
}

function covariancesOf(vertices: number, covariance: (i: number, j: number) => number): Float64Array {
  return Float64Array.from(
    { length: vertices * vertices },
    (_, at) => covariance(Math.floor(at / vertices), at % vertices),
  );
}
