import type { Workspace } from "../../kernels/engine/mod.ts";
import { BATCH_NODES } from "../../kernels/contract/l0/constants.ts";
import { nodeState, nodeStateWords, nodeStatus } from "../../kernels/contract/l0/nodes.ts";
import type { RelaxationRound } from "../../kernels/contract/l0/relaxation.ts";
import type { L0Penalty, NodeBatchArguments } from "../../kernels/contract.ts";
import type { Run } from "../core/run.ts";
import { certifyNode, type DualPoint } from "./node_certificate.ts";
import { createCandidates, isRelaxed, nodePenaltyAt, nodePrecision } from "./relaxation.ts";
import { indicatorAt } from "./penalty.ts";
import type { NodeRelaxation, NodeRequest } from "./search.ts";

/** The nonzeros of a relaxed solution, from which relaxations of children start. */
export interface NodeStart {
  readonly variables: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  /** What else a node starts from: as many numbers a node as the batch was made for. */
  readonly extra?: ArrayLike<number>;
}

/** A solved node. */
export interface SolvedNode extends NodeRelaxation<NodeStart> {
  /** Objective of the descent on the penalty itself over the relaxed support; Infinity where none was made. */
  readonly objective: number;
}

/** A point of a relaxation: its nonzeros, and what a node carries beside them. */
export interface NodePoint {
  readonly variables: Uint32Array;
  readonly values: Float64Array;
  readonly extra: Float64Array;
}

/** What a batch needs to know of its problem. */
export interface NodeProblem {
  readonly variables: number;
  readonly penalty: L0Penalty;
  /** Tolerance of the first descent of a node. */
  readonly tolerance: number;
  /** Size that tolerances are relative to. */
  readonly scale: number;
  /** Fractional variables that are wanted of a node. */
  readonly candidates: number;
  /** Multiply-adds of a sweep over so many variables of a node. */
  sweepWork(active: number): number;
  /** Multiply-adds of a point's {@linkcode dualPoint} with so many nonzeros. */
  dualWork(nonzeros: number): number;
  /** Numbers a node carries beside its values. */
  readonly extras: number;
  /**
   * The dual point of a node's values, nonzeros and what it carries beside them: plain f64 sums, apart from the kernels of
   * the relaxation. The gradient may be overwritten by the next.
   */
  dualPoint(variables: Uint32Array, values: Float64Array, extra: Float64Array): DualPoint | Promise<DualPoint>;
  /**
   * A point nearer to the optimum of a relaxation than descents have come, where they crawl; nothing where it is too large.
   * With it, nodes are taken as they are after some work.
   */
  readonly refinement?: {
    /** Multiply-adds after which a node is taken as it is. */
    readonly after: number;
    refine(point: NodePoint, statuses: Uint8Array): Promise<NodePoint | undefined>;
  };
  /** One call of the problem's kernel; then whatever nodes that stay unsolved are waiting for. */
  launch(nodes: NodeBatchArguments, extras: NodeExtras): Promise<void>;
}

/** The numbers beside the values, where the kernels run: [nodes, extras]. */
export type NodeExtras = NodeBatchArguments["values"];

/** Relaxations of nodes, many at a time. */
export interface NodeBatch {
  /** Solves the requests, under one upper bound a call of the kernel; `offer` sees promising nodes, in order, in between. */
  relax(
    requests: readonly NodeRequest<NodeStart>[],
    upperBound: () => number,
    offer: (node: SolvedNode) => Promise<void>,
  ): Promise<SolvedNode[]>;
  /** Returns the memory. */
  release(): void;
}

/** Multiply-adds of one thread between two checkpoints, and of plain sums there. */
const workPerCall = 5e7, plainWork = 2e6;

/** Sweeps of a node that are worth a call, and how many more variables it may have than it starts from. */
const leastSweeps = 8, growth = 1.5;

/**
 * Solves relaxations many at a time, each on one thread, by one call of a kernel for all.
 *
 * Memory: 9 bytes x {@linkcode BATCH_NODES} x variables where the kernels run, and 10 beside.
 */
export function createNodeBatch(workspace: Workspace, problem: NodeProblem, run: Run): NodeBatch {
  const { variables, penalty, extras } = problem;
  const matrix = (columns: number, label: string) => ({
    array: workspace.allocate("f64", BATCH_NODES * columns, label),
    rows: BATCH_NODES,
    columns,
  });
  const statuses = workspace.allocate("u8", BATCH_NODES * variables, "node statuses");
  const values = matrix(variables, "node values"), states = matrix(nodeStateWords, "node states");
  const beside = matrix(extras, "node extras");
  // Copies on this side, used again and again: statuses as they were asked for, and as the kernel leaves them.
  const statusBuffer = new Uint8Array(BATCH_NODES * variables), screened = new Uint8Array(BATCH_NODES * variables);
  const valueBuffer = new Float64Array(BATCH_NODES * variables);
  const stateBuffer = new Float64Array(BATCH_NODES * nodeStateWords);
  const extraBuffer = new Float64Array(BATCH_NODES * extras);

  function load(requests: readonly NodeRequest<NodeStart>[]): void {
    requests.forEach(({ start, bound, writeStatuses }, node) => {
      writeStatuses(statusBuffer.subarray(node * variables, (node + 1) * variables));
      valueBuffer.fill(0, node * variables, (node + 1) * variables);
      if (start) {
        for (let k = 0; k < start.variables.length; k++) {
          valueBuffer[node * variables + start.variables[k]] = start.values[k];
        }
        if (start.extra) extraBuffer.set(start.extra, node * extras);
      }
      stateBuffer[node * nodeStateWords + nodeState.bound] = bound;
      stateBuffer[node * nodeStateWords + nodeState.tolerance] = problem.tolerance;
      stateBuffer[node * nodeStateWords + nodeState.sweeps] = 0;
    });
    const count = requests.length;
    workspace.write(statuses, statusBuffer.subarray(0, count * variables));
    workspace.write(values.array, valueBuffer.subarray(0, count * variables));
    workspace.write(states.array, stateBuffer.subarray(0, count * nodeStateWords));
    workspace.write(beside.array, extraBuffer.subarray(0, count * extras));
  }

  function solved(node: number): boolean {
    return stateBuffer[node * nodeStateWords + nodeState.tolerance] < 0;
  }

  // Buffers for the nonzeros of one node.
  const found = new Uint32Array(variables), nonzeros = new Float64Array(variables);
  const candidates = createCandidates(problem.candidates, penalty);

  /** What the search may rely on: its bound and its fixings come from its values, not from the kernel. */
  async function lift(
    { bound: known }: NodeRequest<NodeStart>,
    node: number,
    upperBound: number,
    taken: boolean,
  ): Promise<SolvedNode> {
    const at = node * variables, state = node * nodeStateWords;
    const asked = statusBuffer.subarray(at, at + variables), left = screened.subarray(at, at + variables);
    let count = 0;
    for (let j = 0; j < variables; j++) {
      if (valueBuffer[at + j] === 0) continue;
      found[count] = j;
      nonzeros[count++] = valueBuffer[at + j];
    }
    const extra = extraBuffer.subarray(node * extras, (node + 1) * extras);
    let point: NodePoint = { variables: found.subarray(0, count), values: nonzeros.subarray(0, count), extra };
    const proposed = stateBuffer[state + nodeState.fixings] > 0 ? left : undefined;
    const prove = async ({ variables, values, extra }: NodePoint) => {
      const dual = await problem.dualPoint(variables, values, extra);
      const proof = certifyNode(dual, asked, penalty, upperBound, proposed);
      return { ...proof, round: roundAt(dual, { variables, values, extra }, asked, proof.bound, upperBound) };
    };
    let proof = await prove(point);
    const isOpen = proof.round !== undefined && !isRelaxed(proof.round, nodePrecision);
    const better = isOpen ? await problem.refinement?.refine(point, asked) : undefined;
    const again = better && await prove(better);
    if (again && again.bound > proof.bound) {
      proof = again;
      point = better;
    }
    // What the node fixes is not branched on, whatever the kernel has made of it.
    const isFree = (j: number) => asked[j] === nodeStatus.free;
    point.variables.forEach((j, k) => isFree(j) && candidates.offer(j, point.values[k], left[j]));
    let chosen = candidates.take();
    // Where a solution's bound is below its value, or none of its variables is fractional and it is not solved, any free
    // variable will do, until all is decided.
    if (chosen.length === 0 && proof.round && !isRelaxed({ ...proof.round, isSolution: true }, nodePrecision)) {
      const free = point.variables.find(isFree) ?? asked.indexOf(nodeStatus.free);
      if (free >= 0) chosen = [free];
    }
    return {
      bound: Math.max(proof.bound, known),
      objective: solved(node) ? stateBuffer[state + nodeState.objective] : proof.round?.primal ?? Infinity,
      candidates: chosen,
      complete: solved(node) || taken,
      fixings: proof.fixings,
      start: {
        variables: point.variables.slice(),
        values: new Float32Array(point.values),
        ...(extras > 0 && { extra: new Float32Array(point.extra) }),
      },
    };
  }

  /** A relaxation at a point whose bound is below the upper one; nothing where its value is not known. */
  function roundAt(
    { dataTerm }: DualPoint,
    { variables, values }: NodePoint,
    asked: Uint8Array,
    bound: number,
    upperBound: number,
  ): RelaxationRound | undefined {
    if (dataTerm === undefined || bound >= upperBound) return undefined;
    let primal = dataTerm, isSolution = true, kept = 0;
    for (let j = 0; j < asked.length; j++) if (asked[j] === nodeStatus.kept) kept++;
    for (let k = 0; k < variables.length; k++) {
      const status = asked[variables[k]];
      primal += nodePenaltyAt(status, values[k], penalty);
      if (status === nodeStatus.kept) kept--;
      else if (indicatorAt(values[k], penalty) < 1) isSolution = false;
    }
    return { primal: primal + kept * penalty.lambda0, bound, upperBound, isSolution, tolerance: Infinity };
  }

  /** Multiply-adds of a node between two checkpoints: what it is given never depends on the threads. */
  function workOf(requests: readonly NodeRequest<NodeStart>[]): number {
    const largest = requests.reduce((most, { start }) => Math.max(most, start?.variables.length ?? 0), 4);
    return Math.max(workPerCall / BATCH_NODES, leastSweeps * problem.sweepWork(growth * largest));
  }

  /** Solves as many nodes at a time as may take part in a call. */
  async function solveAll(requests: readonly NodeRequest<NodeStart>[], upperBound: number): Promise<SolvedNode[]> {
    const work = workOf(requests), together = Math.max(1, Math.floor(workspace.plan.threads * workPerCall / work));
    const solved: SolvedNode[] = [];
    for (let from = 0; from < requests.length; from += together) {
      if (from > 0) await run.checkpoint({ stage: "relaxation", fraction: 0, iteration: from, objective: upperBound });
      solved.push(...await solve(requests.slice(from, from + together), upperBound, work));
    }
    return solved;
  }

  async function solve(
    requests: readonly NodeRequest<NodeStart>[],
    upperBound: number,
    work: number,
  ): Promise<SolvedNode[]> {
    const nodes = requests.length,
      state = { stage: "relaxation", fraction: 0, iteration: nodes, objective: upperBound };
    load(requests);
    const precision = { ...nodePrecision, finest: nodePrecision.finest * problem.scale };
    let taken = false;
    for (let complete = false, made = work; !complete; made += work) {
      await problem.launch({
        nodes,
        variables,
        statuses,
        penalty,
        upperBound,
        precision,
        work,
        values: { ...values, rows: nodes },
        states: { ...states, rows: nodes },
      }, { ...beside, rows: nodes });
      await workspace.read(states.array, 0, nodes * nodeStateWords, stateBuffer);
      taken = problem.refinement !== undefined && made >= problem.refinement.after;
      complete = taken || requests.every((_, node) => solved(node));
      const isLate = await run.checkpoint(state);
      if (complete || !isLate) continue;
      // The time limit is reached: the bounds so far suffice, but there must be some.
      if (requests.every((_, node) => stateBuffer[node * nodeStateWords + nodeState.bound] > -Infinity)) break;
    }
    await workspace.read(statuses, 0, nodes * variables, screened);
    await workspace.read(values.array, 0, nodes * variables, valueBuffer);
    await workspace.read(beside.array, 0, nodes * extras, extraBuffer);
    const lifted: SolvedNode[] = [];
    let unpaused = 0;
    for (const [node, request] of requests.entries()) {
      const solved = await lift(request, node, upperBound, taken);
      lifted.push(solved);
      unpaused += problem.dualWork(solved.start.variables.length);
      if (unpaused < plainWork) continue;
      unpaused = 0;
      await run.checkpoint(state);
    }
    return lifted;
  }

  return {
    async relax(
      requests: readonly NodeRequest<NodeStart>[],
      upperBound: () => number,
      offer: (node: SolvedNode) => Promise<void>,
    ): Promise<SolvedNode[]> {
      const nodes: SolvedNode[] = [];
      for (let from = 0; from < requests.length; from += BATCH_NODES) {
        const some = await solveAll(requests.slice(from, from + BATCH_NODES), upperBound());
        for (const node of some) {
          if (node.objective < upperBound()) await offer(node);
          nodes.push(node);
        }
      }
      return nodes;
    },
    release: () => [statuses, values.array, states.array, beside.array].forEach((array) => workspace.free(array)),
  };
}
