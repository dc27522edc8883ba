import { createPace, inSteps, type Steps } from "../core/steps.ts";
import type { L0Penalty } from "../l0/penalty.ts";
import type { Borders } from "./borders.ts";
import type { KnownInverse } from "./known_inverse.ts";
import { moveMemoryOf } from "./move_memory.ts";
import { minimizeOnSupport, mostLeft } from "./newton.ts";
import { type GraphPoint, penaltiesOf, type Pseudolikelihood, withoutZeros } from "./pseudolikelihood.ts";

/** What moves need to know of a problem. */
export type MoveProblem = Pick<Pseudolikelihood, "vertices" | "covariance" | "rules" | "pause" | "invert">;

/** A graph at the minimum over its edges, and its objective. */
interface FittedGraph {
  readonly point: GraphPoint;
  readonly objective: number;
  /** The inverse that the fit went by, if there was one. */
  readonly known: KnownInverse | undefined;
}

/** An edge that leaves, an edge that enters, and what the objective gains by the quadratic model. */
interface Move {
  /** Number of the edge, or {@linkcode none}. */
  readonly leaving: number;
  readonly entering: readonly [i: number, j: number] | undefined;
  /** Value of the edge that enters. */
  readonly value: number;
  readonly gain: number;
}

const none = -1;

/** Square of a Newton decrement from which on a function may be far from its quadratic model. */
const steep = 0.03;

/** Share of the price below which what the model says of an edge that leaves is mostly wrong. */
const leastShare = 0.005;

/** Share of the objective below which a gain is rounding. */
const leastGain = 1e-9;

/** Single moves that are tried, and share of the best gain that others must have to be made together with it. */
const movesTried = 6, shareOfBest = 0.3;

/**
 * Moves, each followed by a fit of all entries, until none improves: edges that leave, enter, or take the place of another,
 * the best by a quadratic model first, and as long as that improves, those that share no vertex at once.
 *
 * @param isWanted Is asked before each step, and told the objective and the multiply-adds that the step takes.
 */
export async function refitSearch(
  problem: MoveProblem,
  penalty: L0Penalty,
  start: Pick<FittedGraph, "point" | "objective">,
  isWanted: (objective: number, work: number) => Promise<boolean>,
): Promise<GraphPoint> {
  const pause = () => problem.pause("moves"), memory = moveMemoryOf(problem);
  const ask = ({ point, objective }: typeof start) =>
    isWanted(objective, (problem.vertices + point.values.length) ** 3);
  let goesOn = await ask(start);
  // The inverse that moves are judged by serves the fit before as well.
  if (goesOn) await memory.inverseAt(start.point, memory.bordersAt(start.point, penalty), penalty);
  const first = await fit(problem, penalty, start.point);
  let best = first;
  memory.keep(best.known);
  for (; goesOn; goesOn = await ask(best)) {
    const borders = memory.bordersAt(best.point, penalty);
    const inverse = await memory.inverseAt(best.point, borders, penalty);
    if (inverse === undefined) break;
    const moves = await inSteps(bestMoves(problem, penalty, best.point, borders, inverse.entries()), pause);
    const together = apart(moves, best.point);
    const trials = [...together.length > 1 ? [together] : [], ...moves.slice(0, movesTried).map((move) => [move])];
    const least = best.objective - leastGain * (1 + Math.abs(best.objective));
    let next: FittedGraph | undefined;
    for (const trial of trials) {
      next = await fit(problem, penalty, changed(best.point, trial), least);
      if (next.objective < least) break;
    }
    if (next === undefined || !(next.objective < least)) break;
    best = next;
    memory.keep(best.known);
  }
  return best === first ? best.point : (await fit(problem, penalty, best.point)).point;
}

/** The minimum over the edges of a point; with `least` to 1e-10, and not that far where it is foreseen to stay above that. */
async function fit(
  problem: MoveProblem,
  penalty: L0Penalty,
  start: GraphPoint,
  least?: number,
): Promise<FittedGraph> {
  const { covariance, rules, pause } = problem;
  const known = await moveMemoryOf(problem).near(start, penalty);
  const below = least === undefined ? undefined : least - penalty.lambda0 * start.values.length;
  const steps = minimizeOnSupport({ covariance, penalty, point: start, below, inverse: known?.multiply });
  const { dataTerm, ...minimum } = await inSteps(steps, () => pause("moves"));
  const point = withoutZeros({ ...minimum, ends: start.ends }, rules);
  return { point, objective: dataTerm + penaltiesOf(point, penalty, rules), known };
}

/**
 * The improving single changes of a graph at its minimum, the best first, by the quadratic model of the data term with all other
 * entries fitted again: single coordinates know little of what a change is worth where variables are nearly collinear.
 *
 * With `H` the Hessian over the entries, `b` its border along an absent edge, `h` and `g` curvature and derivative there, and
 * `w = H^-1 b`: dropping an edge costs `t^2 / (2 H^-1_ee)`, entering gains `g^2 / (2 (h - b . w))`, and one in place of the other
 * gains `(g - t w_e / H^-1_ee)^2 / (2 (h - b . w + w_e^2 / H^-1_ee))` less what dropping costs.
 *
 * O((vertices + edges)^3 + vertices^2 degree (degree + edges)), where few edges cost little enough to be asked less.
 */
function* bestMoves(
  problem: MoveProblem,
  penalty: L0Penalty,
  point: GraphPoint,
  borders: Borders,
  inverse: Float64Array,
): Steps<Move[]> {
  const { vertices, rules } = problem, { lambda0 } = penalty;
  const { ends, values } = point, edges = values.length, size = vertices + edges;
  const isDue = createPace();
  // The inverse curvature along each edge with all else fitted again, and what its leaving costs.
  const slack = new Float64Array(edges), costs = new Float64Array(edges);
  for (let e = 0; e < edges; e++) {
    slack[e] = inverse[(vertices + e) * (size + 1)];
    const isRequired = rules.isRequired(ends[2 * e], ends[2 * e + 1]);
    costs[e] = isRequired ? Infinity : values[e] * values[e] / (2 * slack[e]);
  }
  const moves: Move[] = [];
  const offer = (move: Move) => {
    if (move.gain > (move.leaving === none ? leastGain : leastShare * lambda0)) moves.push(move);
  };
  costs.forEach((cost, leaving) => offer({ leaving, entering: undefined, value: 0, gain: lambda0 - cost }));

  // Edges that cost least to drop come first.
  const cheapest = Array.from(costs.keys()).sort((a, b) => costs[a] - costs[b]);
  const { places, entries } = borders;
  /** Multiplies a row of the inverse by the border. */
  const along = (row: number, count: number) => {
    let sum = 0;
    for (let k = 0, from = row * size; k < count; k++) sum += entries[k] * inverse[from + places[k]];
    return sum;
  };
  for (let i = 0; i < vertices; i++) {
    for (let j = i + 1; j < vertices; j++) {
      if (borders.isPresent(i, j) || rules.isForbidden(i, j)) continue;
      const { count, curvature: h, derivative: g } = borders.load(i, j);
      let coupling = 0;
      for (let k = 0; k < count; k++) coupling += entries[k] * along(places[k], count);
      const curvature = h - coupling;
      if (!(curvature > 1e-12 * h)) continue;
      const entering = g * g / (2 * curvature);
      let leaving = none, derivative = g, curved = curvature, gain = entering - lambda0;
      // As w_e^2 <= H^-1_ee (b . w), no edge is swapped that costs more than this.
      const ratio = Math.max(0, coupling / curvature), most = entering * (Math.sqrt(ratio) + Math.sqrt(1 + ratio)) ** 2;
      let asked = 0;
      for (; asked < edges && costs[cheapest[asked]] < most; asked++) {
        const e = cheapest[asked], w = along(vertices + e, count), share = w / slack[e];
        const slope = g - values[e] * share, bend = curvature + w * share;
        const swapped = slope * slope / (2 * bend) - costs[e];
        if (!(swapped > gain)) continue;
        leaving = e;
        derivative = slope;
        curved = bend;
        gain = swapped;
      }
      offer({ leaving, entering: [i, j], value: -derivative / curved, gain });
      // A steep edge may gain far more than the model says: so it is where variables are nearly equal.
      if ((leaving !== none || gain <= leastGain) && 2 * entering > steep && mostLeft(2 * entering) > lambda0) {
        moves.push({ leaving: none, entering: [i, j], value: -g / curvature, gain: entering - lambda0 });
      }
      if (isDue(count * (count + asked)) && (yield)) return [];
    }
  }
  return moves.sort((a, b) => b.gain - a.gain);
}

/** The point after moves that share no edge. */
function changed({ ends, values, diagonal }: GraphPoint, moves: readonly Move[]): GraphPoint {
  const left = new Set(moves.map(({ leaving }) => leaving));
  const nextEnds: number[] = [], nextValues: number[] = [];
  for (let e = 0; e < values.length; e++) {
    if (left.has(e)) continue;
    nextEnds.push(ends[2 * e], ends[2 * e + 1]);
    nextValues.push(values[e]);
  }
  for (const { entering, value } of moves) {
    if (entering === undefined) continue;
    nextEnds.push(...entering);
    nextValues.push(value);
  }
  return { ends: nextEnds, values: nextValues, diagonal };
}

/** Of moves, the best first, those that share no vertex with a better one: their gains nearly add. */
function apart(moves: readonly Move[], { ends }: GraphPoint): Move[] {
  const touched = new Set<number>();
  return moves.filter(({ leaving, entering = [], gain }) => {
    const corners = leaving === none ? [...entering] : [...entering, ends[2 * leaving], ends[2 * leaving + 1]];
    if (gain < shareOfBest * moves[0].gain || corners.some((vertex) => touched.has(vertex))) return false;
    corners.forEach((vertex) => touched.add(vertex));
    return true;
  });
}
