import { BATCH_NODES } from "../../kernels/contract/l0/constants.ts";
import { nodeStatus } from "../../kernels/contract/l0/nodes.ts";
import { relativeGap } from "../core/certificate.ts";
import type { Status } from "../core/result.ts";
import type { Run } from "../core/run.ts";
import { createHeap } from "./heap.ts";

export { nodeStatus };

/** A variable and its status in one number: `2 * variable + 1` keeps it, `2 * variable` makes it zero. */
export type Fixing = number;

/** Keeps a variable. */
export const keep = (variable: number): Fixing => 2 * variable + 1;

/** Makes a variable zero. */
export const drop = (variable: number): Fixing => 2 * variable;

/** The relaxation of one node. */
export interface NodeRelaxation<Start> {
  /** A valid lower bound on every solution of the node. */
  readonly bound: number;
  /** The most fractional variables, as many as are branched on at least, the most fractional first; none: the relaxation is a solution. */
  readonly candidates: readonly number[];
  /** Whether the relaxation was solved; otherwise the time limit has cut it short. */
  readonly complete: boolean;
  /** Variables that no solution below the incumbent can have otherwise. */
  readonly fixings: readonly Fixing[];
  /** Where the relaxations of the children start. */
  readonly start: Start;
}

/** A node whose relaxation is asked for. */
export interface NodeRequest<Start> {
  /** Where the relaxation of its parent ended; none at the root. */
  readonly start: Start | undefined;
  /** A lower bound on its solutions that is known already, or -Infinity. */
  readonly bound: number;
  /** Writes the statuses of all variables, values of {@linkcode nodeStatus}. */
  writeStatuses(statuses: Uint8Array): void;
}

/** A problem with indicator variables, as the search sees it. */
export interface Tree<Start> {
  /** Open nodes that are branched on at once: given by the problem, so that the search never depends on the machine. */
  readonly batch: number;
  /** Objective of the best solution known; the relaxations improve it as they go. */
  incumbent(): number;
  /** Solves relaxations; the answers come in the order of the requests. */
  relax(requests: readonly NodeRequest<Start>[]): Promise<NodeRelaxation<Start>[]>;
  /** Is told how many relaxations were solved, before more are; may find a better solution. */
  searchOn?(nodes: number): Promise<void>;
}

/** Open nodes that are branched on at once where relaxations are small: two children each, enough for some threads. */
export const nodesTogether = BATCH_NODES / 2;

/** Limits of the search. */
export interface SearchOptions {
  /** Relative gap `(upper - lower) / |upper|` to stop at. */
  readonly gapTolerance: number;
  /** Most relaxations to solve. */
  readonly nodeLimit: number;
  /** Fractional variables whose two children are solved before one of them is branched on; 1 is the most fractional. */
  readonly branchingWidth: number;
  readonly run: Run;
}

/** How the search ended. */
export interface SearchOutcome {
  readonly status: Status;
  /** A valid lower bound on the optimum, at most the incumbent. */
  readonly lowerBound: number;
  /** Relaxations solved. */
  readonly nodes: number;
}

/** The fixings of a node, and those of the nodes above it: all that outlives a node which has been branched on. */
interface Path {
  readonly above: Path | undefined;
  readonly fixings: readonly Fixing[];
}

/** A solved node. */
interface Node<Start> extends NodeRelaxation<Start> {
  readonly path: Path;
}

/** A node to be solved. */
interface Child<Start> {
  readonly parent: Node<Start> | undefined;
  readonly fixings: readonly Fixing[];
}

/**
 * Best-first branch and bound: the open nodes of least bound are always next, so that the least open bound is a lower bound
 * on the optimum at any time. A batch of nodes is branched on at once, and its children are filed in the order of their
 * parents: the search is the same on any number of threads.
 */
export async function branchAndBound<Start>(tree: Tree<Start>, options: SearchOptions): Promise<SearchOutcome> {
  const { gapTolerance, nodeLimit, branchingWidth, run } = options;
  const open = createHeap<Node<Start>>();
  let nodes = 0, limitReached = false;
  // Nodes whose relaxation is a solution are closed at their bound, a rounding error below the solution's objective.
  let closed = Infinity;

  async function solve(children: readonly Child<Start>[]): Promise<Node<Start>[]> {
    const relaxations = await tree.relax(children.map(({ parent, fixings }) => ({
      start: parent?.start,
      bound: parent?.bound ?? -Infinity,
      writeStatuses(statuses) {
        statuses.fill(nodeStatus.free);
        for (let path = parent?.path; path; path = path.above) apply(statuses, path.fixings);
        apply(statuses, fixings);
      },
    })));
    nodes += children.length;
    return relaxations.map((relaxation, i) => {
      const { parent, fixings } = children[i];
      return {
        ...relaxation,
        path: {
          above: parent?.path,
          fixings: relaxation.fixings.length > 0 ? [...fixings, ...relaxation.fixings] : fixings,
        },
        bound: Math.max(relaxation.bound, parent?.bound ?? -Infinity),
      };
    });
  }

  function file(node: Node<Start>): void {
    if (node.complete && node.candidates.length === 0) closed = Math.min(closed, node.bound);
    else if (node.bound < tree.incumbent()) open.push(node.bound, node);
  }

  const candidatesOf = (node: Node<Start>) => node.candidates.slice(0, branchingWidth);

  /** The open nodes of least bound, as many as the batch and the limit allow, whose bound is not good enough yet. */
  function takeBatch(): Node<Start>[] {
    const batch: Node<Start>[] = [];
    for (let left = nodeLimit - nodes; batch.length < tree.batch;) {
      if (!(relativeGap(tree.incumbent(), open.least) > gapTolerance)) break;
      left -= 2 * candidatesOf(open.first!).length;
      // No other node takes its place: a search with a larger limit must go on from this one.
      if (left < 0) {
        limitReached = true;
        break;
      }
      batch.push(open.pop()!);
    }
    return batch;
  }

  /** The children of every node: of its one or several candidates, those whose bounds rise most. */
  async function branch(batch: readonly Node<Start>[]): Promise<Node<Start>[]> {
    const candidates = batch.map(candidatesOf), incumbent = tree.incumbent();
    const solved = await solve(batch.flatMap((parent, i) =>
      candidates[i].flatMap((variable) => [
        { parent, fixings: [drop(variable)] },
        { parent, fixings: [keep(variable)] },
      ])
    ));
    let at = 0;
    return batch.flatMap(({ bound }, i) => {
      const pairs = candidates[i].map(() => solved.slice(at, at += 2));
      const scores = pairs.map((pair) => branchingScore(bound, pair, incumbent));
      // Where bounds are infinite a score may be no number, and loses.
      return pairs[scores.reduce((best, score, k) => score > scores[best] || isNaN(scores[best]) ? k : best, 0)];
    });
  }

  const lowerBound = () => Math.min(tree.incumbent(), open.least, closed);

  (await solve([{ parent: undefined, fixings: [] }])).forEach(file);
  let status: Status = "converged";
  while (open.size > 0 && relativeGap(tree.incumbent(), lowerBound()) > gapTolerance) {
    const gap = relativeGap(tree.incumbent(), lowerBound());
    const fraction = Math.min(1, gapTolerance / gap);
    const state = {
      stage: "branch and bound",
      fraction,
      iteration: nodes,
      objective: tree.incumbent(),
      bound: lowerBound(),
    };
    if (await run.checkpoint(state)) {
      status = "time-limit";
      break;
    }
    await tree.searchOn?.(nodes);
    const batch = limitReached ? [] : takeBatch();
    if (batch.length === 0) {
      if (limitReached) status = "node-limit";
      break;
    }
    (await branch(batch)).forEach(file);
  }
  // What keeps the gap open is closed already, and branching cannot raise it.
  const stuck = status === "converged" && relativeGap(tree.incumbent(), lowerBound()) > gapTolerance;
  if (stuck) status = "precision-limit";
  return { status, lowerBound: lowerBound(), nodes };
}

/** The product rule: both children should rise (Achterberg, Koch & Martin 2005). */
function branchingScore(bound: number, children: readonly { bound: number }[], incumbent: number): number {
  const least = 1e-12 * Math.abs(bound);
  return children.reduce((score, child) => score * Math.max(Math.min(child.bound, incumbent) - bound, least), 1);
}

function apply(statuses: Uint8Array, fixings: readonly Fixing[]): void {
  for (const fixing of fixings) statuses[fixing >>> 1] = fixing & 1 ? nodeStatus.kept : nodeStatus.zero;
}
