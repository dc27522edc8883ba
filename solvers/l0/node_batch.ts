import type { Workspace } from "../../kernels/engine/mod.ts";
import { BATCH_NODES } from "../../kernels/contract/l0/constants.ts";
import { nodeState, nodeStateWords, nodeStatus } from "../../kernels/contract/l0/nodes.ts";
import type { L0Penalty, NodeBatchArguments } from "../../kernels/contract.ts";
import type { Run } from "../core/run.ts";
import { certifyNode, type DualPoint } from "./node_certificate.ts";
import { createCandidates, nodePrecision } from "./relaxation.ts";
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
  /** Numbers a node carries beside its values. */
  readonly extras: number;
  /**
   * The dual point of a node's values, nonzeros and what it carries beside them: plain f64 sums, apart from the kernels of
   * the relaxation. The gradient may be overwritten by the next.
   */
  dualPoint(variables: Uint32Array, values: Float64Array, extra: Float64Array): DualPoint;
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

/** Sweeps of one node between two checkpoints. */
const sweepsPerCall = 400;

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
  function lift({ bound: known }: NodeRequest<NodeStart>, node: number, upperBound: number): SolvedNode {
    const at = node * variables, state = node * nodeStateWords;
    const asked = statusBuffer.subarray(at, at + variables), left = screened.subarray(at, at + variables);
    let count = 0;
    for (let j = 0; j < variables; j++) {
      const value = valueBuffer[at + j];
      if (value === 0) continue;
      found[count] = j;
      nonzeros[count++] = value;
      // What the node fixes is not branched on, whatever the kernel has made of it.
      if (asked[j] === nodeStatus.free) candidates.offer(j, value, left[j]);
    }
    const extra = extraBuffer.subarray(node * extras, (node + 1) * extras);
    const dual = problem.dualPoint(found.subarray(0, count), nonzeros.subarray(0, count), extra);
    const proposed = stateBuffer[state + nodeState.fixings] > 0 ? left : undefined;
    const { bound, fixings } = certifyNode(dual, asked, penalty, upperBound, proposed);
    return {
      bound: Math.max(bound, known),
      objective: solved(node) ? stateBuffer[state + nodeState.objective] : Infinity,
      candidates: candidates.take(),
      complete: solved(node),
      fixings,
      start: {
        variables: found.slice(0, count),
        values: new Float32Array(nonzeros.subarray(0, count)),
        ...(extras > 0 && { extra: new Float32Array(extra) }),
      },
    };
  }

  async function solve(requests: readonly NodeRequest<NodeStart>[], upperBound: number): Promise<SolvedNode[]> {
    const nodes = requests.length;
    load(requests);
    const precision = { ...nodePrecision, finest: nodePrecision.finest * problem.scale };
    for (let complete = false; !complete;) {
      await problem.launch({
        nodes,
        variables,
        statuses,
        penalty,
        upperBound,
        precision,
        sweeps: sweepsPerCall,
        values: { ...values, rows: nodes },
        states: { ...states, rows: nodes },
      }, { ...beside, rows: nodes });
      await workspace.read(states.array, 0, nodes * nodeStateWords, stateBuffer);
      complete = requests.every((_, node) => solved(node));
      const state = { stage: "relaxation", fraction: 0, iteration: nodes, objective: upperBound };
      if (complete || !(await run.checkpoint(state))) continue;
      // The time limit is reached: the bounds so far suffice, but there must be some.
      if (requests.every((_, node) => stateBuffer[node * nodeStateWords + nodeState.bound] > -Infinity)) break;
    }
    await workspace.read(statuses, 0, nodes * variables, screened);
    await workspace.read(values.array, 0, nodes * variables, valueBuffer);
    await workspace.read(beside.array, 0, nodes * extras, extraBuffer);
    return requests.map((request, node) => lift(request, node, upperBound));
  }

  return {
    async relax(
      requests: readonly NodeRequest<NodeStart>[],
      upperBound: () => number,
      offer: (node: SolvedNode) => Promise<void>,
    ): Promise<SolvedNode[]> {
      const nodes: SolvedNode[] = [];
      for (let from = 0; from < requests.length; from += BATCH_NODES) {
        const some = await solve(requests.slice(from, from + BATCH_NODES), upperBound());
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
