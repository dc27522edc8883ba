import type { NodeBatch } from "../l0/node_batch.ts";
import type { L0Penalty } from "../l0/penalty.ts";
import type { SearchOptions } from "../l0/search.ts";
import type { EdgeRules } from "./edge_rules.ts";
import type { Inverter } from "./inverse.ts";

/** A symmetric matrix: its diagonal, and values on some edges; zero elsewhere. */
export interface GraphPoint {
  /** Ends of the edges, two vertices each, the lower first. */
  readonly ends: ArrayLike<number>;
  /** One value an edge, zeros among them. */
  readonly values: ArrayLike<number>;
  /** Positive. */
  readonly diagonal: ArrayLike<number>;
}

/** A point with what objective and bounds need to know of its residuals `r_i = Y t_i`. */
export interface GraphEstimate extends GraphPoint {
  readonly ends: Uint32Array;
  readonly values: Float64Array;
  readonly diagonal: Float64Array;
  /** `||r_i||^2`. */
  readonly norms: Float64Array;
  /** `y_i . r_i`. */
  readonly diagonalProducts: Float64Array;
}

/** What objective and bounds need to know of residuals. */
export type ResidualTerms = Pick<GraphEstimate, "norms" | "diagonalProducts">;

/** Sums over the samples themselves, in plain f64: what the kernels say is compared with them. */
export interface PlainGraph {
  /** `||r_i||^2` and `y_i . r_i` of every vertex: O(samples (edges + vertices)). */
  terms(point: GraphPoint): Promise<ResidualTerms>;
  /** Rows of the gradient `u_ij = 2 y_j . r_i / t_ii + 2 y_i . r_j / t_jj`: O(samples x vertices) a row. */
  gradientRows(point: GraphPoint, rows: readonly number[]): Promise<Float64Array[]>;
}

/** What one descent is asked for. */
export interface GraphDescent {
  /** @default where the latest descent has ended, with its edges and their kinds: it goes on */
  readonly point?: GraphPoint;
  /**
   * Whether the point is where the latest descent has ended, but for edges at 0: what is known of its residuals serves on.
   *
   * @default false
   */
  readonly follows?: boolean;
  /** Penalty kind of each edge of the point. */
  readonly kinds: ArrayLike<number>;
  readonly penalty: L0Penalty;
  readonly sweeps: number;
  readonly tolerance: number;
}

/** The data term `sum_i (-log t_ii + ||Y t_i||^2 / t_ii)` over the Gram matrix `S = Y^T Y`, `Y` the samples over sqrt(n). */
export interface Pseudolikelihood {
  readonly samples: number;
  readonly vertices: number;
  /** Diagonal of `S`, positive. */
  readonly variances: Float64Array;
  /** Edges that are decided beforehand. */
  readonly rules: EdgeRules;
  /** `S_ij`, where it is or from two columns of the samples. */
  covariance(i: number, j: number): number;
  /** Multiply-adds of that. */
  readonly covarianceWork: number;
  /** A checkpoint of the whole call; whether its time is up. */
  pause(stage: string): Promise<boolean>;
  /** Inverts Hessians. */
  readonly invert: Inverter;
  /** Sums over the samples, apart from the kernels. */
  readonly plain: PlainGraph;
  /** The same from the Gram matrix, where there is one that has been checked against the samples: faster. */
  readonly checked: PlainGraph;
  /** Coordinate descent on the edges of a point and on its diagonal. */
  descend(descent: GraphDescent): Promise<{ estimate: GraphEstimate; sweeps: number }>;
  /** About the multiply-adds of one sweep in which every edge moves, for so many edges at each vertex. */
  sweepWork(degrees: ArrayLike<number>): number;
  /** Relaxations of nodes, many at a time, where graphs are small enough; the caller releases it. */
  openNodes?(penalty: L0Penalty, options: SearchOptions): NodeBatch;
  /**
   * Calls `visit` with those derivatives along edges `{i, j}`, `i < j`, whose magnitude exceeds `limitOf(i)`, row by row; a negative
   * limit takes all. Limits are asked for some rows at a time, after the rows before have been visited. Once the time is up
   * the other rows are left out.
   */
  derivativesAbove(
    limitOf: (i: number) => number,
    visit: (derivative: number, i: number, j: number) => void,
  ): Promise<void>;
  /** What all edges say at the estimate of the latest descent; nothing where `stop` has ended the pass. */
  price(request: PriceRequest): Promise<EdgePrices | undefined>;
  /** The best swap of each edge of the estimate of the latest descent, at each of its vertices. */
  bestSwaps(estimate: GraphEstimate, penalty: L0Penalty): Promise<GraphSwaps>;
}

/** One way to evaluate the data term. */
export type GraphEvaluator = Omit<Pseudolikelihood, "plain" | "checked" | "rules" | "pause" | "invert">;

/** What a pass over all edges is asked for. */
export interface PriceRequest {
  /** Status of every edge, by its number. */
  readonly statuses: Uint8Array;
  /** Whether an edge, by its number, may enter. */
  readonly mayJoin: (edge: number) => boolean;
  /** Numbers of the kept edges, ascending. */
  readonly kept: ArrayLike<number>;
  readonly penalty: L0Penalty;
  /** Most edges that enter, > 0. */
  readonly joining: number;
  /** Whether a bound is wanted at once, be it a worse one, and no edges that enter. */
  readonly inHaste: boolean;
  /** Asked again and again; true ends the pass. */
  stop(): Promise<boolean>;
}

/** What a pass over the gradient has found. */
export interface EdgePrices {
  /** Multiples of the dual point, the last 1. */
  readonly scales: Float64Array;
  /** For each of them, the sum of the conjugates of all free edges at the gradient so multiplied. */
  readonly conjugates: Float64Array;
  /** The parts of the rows in those sums [vertices, scales]. */
  readonly rowConjugates: Float64Array;
  /** Largest magnitude of a derivative along a free edge, 0 where none exceeds the threshold. */
  readonly largest: number;
  /** Ends of the kept edges, and their derivatives. */
  readonly keptEdges: readonly (readonly [i: number, j: number])[];
  readonly kept: Float64Array;
  /** Numbers of the free edges of largest derivative that may join, ascending. */
  readonly entering: Uint32Array;
  /** The threshold, or where more than were asked for are above it, the least derivative among those that enter. */
  readonly limit: number;
}

/** For each edge at each vertex, the absent edge at that vertex that would best take its place. */
export interface GraphSwaps {
  /** Vertex `i` has the entries `starts[i]` to `starts[i + 1]` of the other arrays. */
  readonly starts: Uint32Array;
  readonly neighbours: Uint32Array;
  /** Number of the edge. */
  readonly incident: Uint32Array;
  /** What the objective would lose; 0 where no swap gains. */
  readonly gains: Float64Array;
  /** The new neighbour. */
  readonly targets: Uint32Array;
  /** Derivative along the new edge once the old one is gone. */
  readonly along: Float64Array;
}

/** Number of the edge `{i, j}`, `i < j`, among `vertices (vertices - 1) / 2`, row by row. */
export function edgeNumber(i: number, j: number, vertices: number): number {
  return i * vertices - i * (i + 1) / 2 + (j - i - 1);
}

/** The ends of an edge by its number: the lower is the root of the quadratic that numbers rows, rounded. */
export function endsOfEdge(edge: number, vertices: number): [number, number] {
  let i = Math.floor(vertices - 0.5 - Math.sqrt((vertices - 0.5) ** 2 - 2 * edge));
  while (edge < edgeNumber(i, i + 1, vertices)) i--;
  while (edge >= edgeNumber(i + 1, i + 2, vertices)) i++;
  return [i, edge - edgeNumber(i, i + 1, vertices) + i + 1];
}

/** The edges of a point, whatever their order and values. */
export function edgesKey({ ends, values, diagonal }: GraphPoint): string {
  return Float64Array.from(values, (_, e) => ends[2 * e] * diagonal.length + ends[2 * e + 1]).sort().join();
}

/** Whether two points have the same edges, whatever their order and values. */
export function haveSameEdges(one: GraphPoint, other: GraphPoint): boolean {
  return one.values.length === other.values.length && edgesKey(one) === edgesKey(other);
}

/** The empty graph, `t_ii = 1 / S_ii`, optimal among diagonal matrices; required edges are in it, at 0. */
export function emptyGraph({ variances, rules }: Pick<Pseudolikelihood, "variances" | "rules">): GraphPoint {
  return admissible({ ends: [], values: [], diagonal: variances.map((variance) => 1 / variance) }, rules);
}

/** `sum_i (-log t_ii + ||r_i||^2 / t_ii)`. */
export function dataTerm({ diagonal, norms }: GraphEstimate): number {
  let sum = 0;
  for (let i = 0; i < diagonal.length; i++) sum += norms[i] / diagonal[i] - Math.log(diagonal[i]);
  return sum;
}

/** The data term and the penalties. */
export function graphObjective(
  { rules }: Pick<Pseudolikelihood, "rules">,
  penalty: L0Penalty,
  estimate: GraphEstimate,
): number {
  return dataTerm(estimate) + penaltiesOf(estimate, penalty, rules);
}

/** `lambda0` an edge plus `lambda2` times the squared values; required edges are paid for even at 0. */
export function penaltiesOf({ ends, values }: GraphPoint, penalty: L0Penalty, { isRequired }: EdgeRules): number {
  let sum = 0;
  for (let e = 0; e < values.length; e++) {
    const isPaid = values[e] !== 0 || isRequired(ends[2 * e], ends[2 * e + 1]);
    if (isPaid) sum += penalty.lambda0 + penalty.lambda2 * values[e] * values[e];
  }
  return sum;
}

/** The estimate at a point as it is; the gradient is that at this point afterwards. */
export async function evaluate(
  problem: Pseudolikelihood,
  point: GraphPoint,
  penalty: L0Penalty,
): Promise<GraphEstimate> {
  const kinds = new Uint8Array(point.values.length);
  return (await problem.descend({ point, kinds, penalty, sweeps: 0, tolerance: 0 })).estimate;
}

/** Curvature of the data term along `t_ij` at the estimate. */
export function curvatureAt(
  { variances }: Pseudolikelihood,
  { diagonal }: Pick<GraphEstimate, "diagonal">,
  i: number,
  j: number,
): number {
  return 2 * (variances[j] / diagonal[i] + variances[i] / diagonal[j]);
}

/** A point without its forbidden edges, and with those required edges that it lacks, at 0. */
export function admissible(point: GraphPoint, { required, isRequired, isForbidden }: EdgeRules): GraphPoint {
  const { ends, values, diagonal } = point;
  const present = new Set<number>(), nextEnds: number[] = [], nextValues: number[] = [];
  for (let e = 0; e < values.length; e++) {
    const i = ends[2 * e], j = ends[2 * e + 1];
    if (isForbidden(i, j)) continue;
    if (isRequired(i, j)) present.add(i * diagonal.length + j);
    nextEnds.push(i, j);
    nextValues.push(values[e]);
  }
  for (const [i, j] of required) {
    if (present.has(i * diagonal.length + j)) continue;
    nextEnds.push(i, j);
    nextValues.push(0);
  }
  return { ends: nextEnds, values: nextValues, diagonal };
}

/** The estimate without its zero edges, but for those that are required. */
export function withoutZeros<P extends GraphPoint>(estimate: P, { isRequired }: EdgeRules): P {
  const { ends, values } = estimate;
  const kept = { ends: new Uint32Array(ends.length), values: new Float64Array(values.length) };
  let count = 0;
  for (let e = 0; e < values.length; e++) {
    if (values[e] === 0 && !isRequired(ends[2 * e], ends[2 * e + 1])) continue;
    kept.ends[2 * count] = ends[2 * e];
    kept.ends[2 * count + 1] = ends[2 * e + 1];
    kept.values[count++] = values[e];
  }
  return { ...estimate, ends: kept.ends.subarray(0, 2 * count), values: kept.values.subarray(0, count) };
}

/** The sum of a function of each number. */
export function sumOver(numbers: ArrayLike<number>, term: (number: number) => number): number {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += term(numbers[i]);
  return sum;
}
