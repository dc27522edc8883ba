import type { Status } from "../core/result.ts";
import type { Run } from "../core/run.ts";
import { createHeap } from "./heap.ts";

/** What a node knows of an indicator variable. `free` and `kept` are the penalty kinds of the same name. */
export const nodeStatus = { free: 0, kept: 1, zero: 2 } as const;

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
  /** Variables with a fractional indicator, the most fractional first; none: the relaxation is a solution. */
  readonly candidates: readonly number[];
  /** Whether the relaxation was solved; otherwise the time limit has cut it short. */
  readonly complete: boolean;
  /** Variables that no solution below the incumbent can have otherwise. */
  readonly fixings: readonly Fixing[];
  /** Where the relaxations of the children start. */
  readonly start: Start;
}

/** A problem with indicator variables, as the search sees it. */
export interface Tree<Start> {
  readonly variables: number;
  /** Objective of the best solution known; the relaxations improve it as they go. */
  incumbent(): number;
  /** Solves the relaxation under the given statuses. */
  relax(statuses: Uint8Array, start: Start | undefined): Promise<NodeRelaxation<Start>>;
}

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

/** A node knows its own fixings and its parent; the statuses are written and undone along that path. */
interface Node<Start> extends NodeRelaxation<Start> {
  readonly parent: Node<Start> | undefined;
}

/** Relative gap between an incumbent and a lower bound. */
export function relativeGap(upper: number, lower: number): number {
  return upper <= lower ? 0 : (upper - lower) / Math.max(Math.abs(upper), Number.MIN_VALUE);
}

/**
 * Best-first branch and bound: the open node of least bound is always next, so that the least open bound is a lower bound
 * on the optimum at any time. The order is deterministic.
 */
export async function branchAndBound<Start>(tree: Tree<Start>, options: SearchOptions): Promise<SearchOutcome> {
  const { gapTolerance, nodeLimit, branchingWidth, run } = options;
  const statuses = new Uint8Array(tree.variables);
  const open = createHeap<Node<Start>>();
  let nodes = 0;
  // Nodes whose relaxation is a solution are closed at their own bound, a rounding error below the solution's objective.
  let closed = Infinity;

  async function solve(parent: Node<Start> | undefined, fixings: readonly Fixing[]): Promise<Node<Start>> {
    for (let node = parent; node; node = node.parent) apply(statuses, node.fixings);
    apply(statuses, fixings);
    const relaxation = await tree.relax(statuses, parent?.start);
    for (let node = parent; node; node = node.parent) undo(statuses, node.fixings);
    undo(statuses, fixings);
    nodes++;
    return {
      ...relaxation,
      parent,
      fixings: relaxation.fixings.length > 0 ? [...fixings, ...relaxation.fixings] : fixings,
      bound: Math.max(relaxation.bound, parent?.bound ?? -Infinity),
    };
  }

  function file(node: Node<Start>): void {
    if (node.complete && node.candidates.length === 0) closed = Math.min(closed, node.bound);
    else if (node.bound < tree.incumbent()) open.push(node.bound, node);
  }

  const lowerBound = () => Math.min(tree.incumbent(), open.least, closed);

  file(await solve(undefined, []));
  let status: Status = "converged";
  while (open.size > 0 && relativeGap(tree.incumbent(), lowerBound()) > gapTolerance) {
    if (nodes >= nodeLimit) {
      status = "node-limit";
      break;
    }
    const gap = relativeGap(tree.incumbent(), lowerBound());
    const fraction = Math.min(1, gapTolerance / gap);
    if (await run.checkpoint({ stage: "tree", fraction, iteration: nodes, objective: tree.incumbent() })) {
      status = "time-limit";
      break;
    }
    const node = open.pop()!;
    let best: { score: number; children: Node<Start>[] } | undefined;
    for (const variable of node.candidates.slice(0, branchingWidth)) {
      const children = [await solve(node, [drop(variable)]), await solve(node, [keep(variable)])];
      const score = branchingScore(node.bound, children, tree.incumbent());
      if (best === undefined || score > best.score) best = { score, children };
    }
    best!.children.forEach(file);
  }
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

function undo(statuses: Uint8Array, fixings: readonly Fixing[]): void {
  for (const fixing of fixings) statuses[fixing >>> 1] = nodeStatus.free;
}
