import type {
  Dtype,
  GraphNodesArguments,
  HostArray,
  NodeBatchArguments,
  RegressionNodesArguments,
  ViewOf,
} from "../../contract.ts";
import { penaltyKinds } from "../../contract/l0/penalty.ts";
import { nodeState, nodeStateWords, nodeStatus } from "../../contract/l0/nodes.ts";
import { indicatorAt, keptConjugate, relaxedAt, relaxedConjugate } from "../../contract/l0/penalty.ts";
import { leastSquaresDescent } from "./least_squares.ts";
import { productDescent } from "./pseudolikelihood_products.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";

/** Sweeps of one round, and of the descent on the penalty itself. */
const roundSweeps = 200, supportSweeps = 100;

const host = <D extends Dtype>(dtype: D, view: ViewOf[D]): HostArray<D> => ({
  ...{ dtype, view, length: view.length, label: "node", address: 0 },
});
const vector = (view: Float64Array) => ({ array: host("f64", view), length: view.length });

/** A point of one node. */
interface Point {
  readonly variables: readonly number[];
  readonly kinds: readonly number[];
  readonly values: Float64Array;
}

/** A node's problem: a descent, and what it leaves. */
interface NodeProblem {
  /** Descends from a point; returns the sweeps made. `apart` from the node: its own diagonal stays where it is. */
  descend(point: Point, sweeps: number, tolerance: number, apart?: boolean): number;
  /** The data term at the latest point, its dual, the size of the terms summed, and the slope of every variable. */
  prices(point: Point): { loss: number; dual: number; size: number; gradient: Float64Array };
  /** Whether a variable can join now. */
  ready(variable: number): boolean;
}

/** Relaxations of best-subset regression. */
export function regressionNodes(operands: RegressionNodesArguments): number {
  const { nodes, variables, gram, nullLoss, penalty } = operands;
  const linear = vectorView(operands.linear);
  const rowOf = hostView(operands.rowOf), wanted = hostView(operands.wanted);
  const correlations = new Float64Array(variables);
  const problem: NodeProblem = {
    descend: ({ variables: features, kinds, values }, sweeps, tolerance) =>
      leastSquaresDescent({
        gram,
        features: host("u32", Uint32Array.from(features)),
        rows: host("u32", Uint32Array.from(features, (feature) => rowOf[feature])),
        kinds: host("u8", Uint8Array.from(kinds)),
        coefficients: vector(values),
        linear: operands.linear,
        correlations: vector(correlations),
        penalty,
        sweeps,
        tolerance,
      }),
    prices({ variables: features, values }) {
      let loss = nullLoss, dual = nullLoss;
      features.forEach((feature, i) => {
        loss -= (linear[feature] + correlations[feature]) * values[i] / 2;
        dual -= (linear[feature] - correlations[feature]) * values[i] / 2;
      });
      return { loss, dual, size: nullLoss, gradient: correlations };
    },
    ready(feature) {
      if (rowOf[feature] < 0) wanted[feature] = 1;
      return rowOf[feature] >= 0;
    },
  };
  let sweeps = 0;
  for (let node = 0; node < nodes; node++) {
    sweeps += relaxNode(operands, node, problem, operands.precision.node * nullLoss);
  }
  return sweeps;
}

/** Relaxations of a sparse precision matrix. */
export function graphNodes(operands: GraphNodesArguments): number {
  const { nodes, gram, penalty } = operands;
  const vertices = gram.rows, ends: [number, number][] = [];
  for (let i = 0; i < vertices; i++) for (let j = i + 1; j < vertices; j++) ends.push([i, j]);
  const diagonals = matrixView(operands.diagonals);
  const products = new Float64Array(vertices * vertices), norms = new Float64Array(vertices);
  const ownProducts = new Float64Array(vertices);
  let sweeps = 0;
  for (let node = 0; node < nodes; node++) {
    const diagonalProducts = diagonals.values.subarray(node * diagonals.stride, node * diagonals.stride + vertices);
    let diagonal = diagonalProducts as Float64Array;
    sweeps += relaxNode(operands, node, {
      descend({ variables: edges, kinds, values }, sweeps, tolerance, apart = false) {
        if (apart) diagonal = diagonal.slice();
        return productDescent({
          gram,
          ends: host("u32", Uint32Array.from(edges.flatMap((edge) => ends[edge]))),
          kinds: host("u8", Uint8Array.from(kinds)),
          values: vector(values),
          diagonal: vector(diagonal),
          products: { array: host("f64", products), rows: vertices, columns: vertices },
          norms: vector(norms),
          diagonalProducts: vector(ownProducts),
          penalty,
          sweeps,
          tolerance,
        });
      },
      prices() {
        let loss = 0, dual = vertices, size = vertices;
        diagonal.forEach((t, i) => {
          loss += norms[i] / t - Math.log(t);
          const argument = 2 * ownProducts[i] / t - norms[i] / (t * t);
          const term = argument > 0 ? Math.log(argument) : -Infinity;
          dual += term;
          size += Math.abs(term);
        });
        const gradient = Float64Array.from(
          ends,
          ([i, j]) => 2 * (products[i * vertices + j] / diagonal[i] + products[j * vertices + i] / diagonal[j]),
        );
        return { loss, dual, size, gradient };
      },
      ready: () => true,
    }, operands.precision.node);
  }
  return sweeps;
}

/** Rounds of descent and pricing for one node, then screening and the descent on the support. */
function relaxNode(
  { variables, penalty, upperBound, precision, ...operands }: NodeBatchArguments,
  node: number,
  problem: NodeProblem,
  supportTolerance: number,
): number {
  const statuses = hostView(operands.statuses).subarray(node * variables, (node + 1) * variables);
  const row = matrixView(operands.values);
  const values = row.values.subarray(node * row.stride, node * row.stride + variables);
  const state = matrixView(operands.states).values.subarray(node * nodeStateWords, (node + 1) * nodeStateWords);
  if (state[nodeState.tolerance] < 0) return 0;
  let tolerance = state[nodeState.tolerance], bound = state[nodeState.bound];
  const all = Array.from(statuses, (_, j) => j);
  let point: Point = pointOf(
    all.filter((j) => statuses[j] === nodeStatus.kept || (statuses[j] === nodeStatus.free && values[j] !== 0)),
    (j) => statuses[j],
    (j) => values[j],
  );
  if (point.variables.filter((j) => !problem.ready(j)).length > 0) return 0;

  const joined = new Set(point.variables);
  let left = operands.sweeps, made = 0, solved = false, missing = false, largest = 0;
  let gradient: Float64Array = new Float64Array(0);
  while (!solved && !missing) {
    const spent = problem.descend(point, Math.min(roundSweeps, left), tolerance);
    made += spent;
    left -= spent;
    const prices = problem.prices(point);
    gradient = prices.gradient;
    let primal = prices.loss, isSolution = true;
    point.values.forEach((x, k) => {
      const kept = point.kinds[k] === penaltyKinds.kept;
      primal += kept ? penalty.lambda0 + penalty.lambda2 * x * x : relaxedAt(x, penalty);
      if (!kept && x !== 0 && indicatorAt(x, penalty) < 1) isSolution = false;
    });
    let conjugates = 0;
    largest = 0;
    const excesses: [variable: number, excess: number][] = [];
    all.forEach((j) => {
      if (statuses[j] === nodeStatus.kept) conjugates += keptConjugate(gradient[j], penalty);
      if (statuses[j] !== nodeStatus.free) return;
      const conjugate = relaxedConjugate(gradient[j], penalty), excess = Math.abs(gradient[j]) - penalty.threshold;
      conjugates += conjugate;
      largest = Math.max(largest, conjugate);
      if (excess > 0 && !joined.has(j)) excesses.push([j, excess]);
    });
    const margin = precision.rounding * (prices.size + Math.abs(conjugates));
    if (prices.dual > -Infinity) bound = Math.max(bound, prices.dual - conjugates - margin);
    const allowed = isSolution
      ? precision.leaf * Math.abs(primal)
      : Math.max(precision.node * Math.abs(primal), precision.slack * (upperBound - primal));
    if (bound >= upperBound) {
      solved = true;
    } else if (excesses.length > 0) {
      // Those nearest the worst join first: they may settle the others. Rows are asked for a round ahead.
      const worst = excesses.reduce((most, [, excess]) => Math.max(most, excess), 0);
      excesses.forEach(([j, excess]) => excess >= worst / 4 && problem.ready(j));
      const near = excesses.filter(([, excess]) => excess >= worst / 2).map(([j]) => j);
      const joining = near.filter((j) => problem.ready(j));
      joining.forEach((j) => joined.add(j));
      missing = joining.length < near.length;
      const before = point;
      point = {
        variables: [...before.variables, ...joining],
        kinds: [...before.kinds, ...joining.map(() => nodeStatus.free)],
        values: Float64Array.from([...before.values, ...joining.map(() => 0)]),
      };
    } else if (primal - bound <= allowed || tolerance <= precision.finest) {
      solved = true;
    } else {
      tolerance /= 100;
    }
    if (left <= 0) break;
  }
  values.fill(0);
  point.variables.forEach((j, k) => values[j] = point.values[k]);
  state[nodeState.bound] = bound;
  state[nodeState.tolerance] = solved ? -1 : tolerance;
  state[nodeState.objective] = Infinity;
  state[nodeState.fixings] = 0;
  if (!solved || bound >= upperBound) return made;
  if (bound + Math.max(penalty.lambda0, largest) > upperBound) {
    state[nodeState.fixings] = screen(statuses, gradient, bound, upperBound, penalty);
  }
  const support = pointOf(
    point.variables.filter((_, k) => point.values[k] !== 0),
    () => penaltyKinds.counted,
    (j) => values[j],
  );
  made += problem.descend(support, supportSweeps, supportTolerance, true);
  const priced = support.values.reduce(
    (sum, x) => sum + (x === 0 ? 0 : penalty.lambda0 + penalty.lambda2 * x * x),
    problem.prices(support).loss,
  );
  state[nodeState.objective] = priced;
  return made;
}

function pointOf(variables: number[], kind: (j: number) => number, value: (j: number) => number): Point {
  return { variables, kinds: variables.map(kind), values: Float64Array.from(variables, value) };
}

/** Fixes the free variables that no solution below `upperBound` can have otherwise; returns their number. */
function screen(
  statuses: Uint8Array,
  gradient: Float64Array,
  bound: number,
  upperBound: number,
  penalty: NodeBatchArguments["penalty"],
): number {
  let fixed = 0;
  statuses.forEach((status, j) => {
    if (status !== nodeStatus.free) return;
    const relaxed = relaxedConjugate(gradient[j], penalty);
    if (bound + relaxed > upperBound) statuses[j] = nodeStatus.screenedKept;
    else if (bound + relaxed - keptConjugate(gradient[j], penalty) > upperBound) statuses[j] = nodeStatus.screenedZero;
    else return;
    fixed++;
  });
  return fixed;
}
