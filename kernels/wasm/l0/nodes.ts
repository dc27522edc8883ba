import type { NodeBatchArguments } from "../../contract.ts";
import {
  LIMIT_FINEST,
  LIMIT_LEAF,
  LIMIT_NODE,
  LIMIT_SLACK,
  LIMIT_UPPER_BOUND,
  LIMIT_WORDS,
  LIMIT_WORK,
  PROBLEM_BYTES,
  STATE_WORDS,
} from "../../contract/l0/constants.ts";
import { laidOut, start } from "./addresses.ts";
import { penaltyStruct } from "./penalty.ts";
import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

function rows({ statuses, values, states, variables }: NodeBatchArguments): number[] {
  if (strideOf(values) !== variables || strideOf(states) !== STATE_WORDS) {
    throw new RangeError("Cannot lower a batch of nodes: its rows must be contiguous.");
  }
  return [start(statuses), addressOf(values), addressOf(states)];
}

function limitStruct({ upperBound, precision, work }: NodeBatchArguments): readonly number[] {
  const words = new Array<number>(LIMIT_WORDS);
  words[LIMIT_UPPER_BOUND] = upperBound;
  words[LIMIT_NODE] = precision.node;
  words[LIMIT_LEAF] = precision.leaf;
  words[LIMIT_SLACK] = precision.slack;
  words[LIMIT_FINEST] = precision.finest;
  words[LIMIT_WORK] = work;
  return words;
}

/**
 * Lowering of {@linkcode Kernels.regressionNodes}: nodes split. A node takes some hundred passes over its variables.
 */
export const regressionNodes: Lowering<"regressionNodes"> = (operands) => {
  const { nodes, variables: p, nullLoss, linear, gram, rowOf, wanted, penalty } = operands;
  return [{
    entry: "regressionNodes_f64",
    parameters: [
      p,
      ...rows(operands),
      nullLoss,
      addressOf(linear),
      addressOf(gram),
      strideOf(gram),
      start(rowOf),
      start(wanted),
      penaltyStruct(penalty),
      limitStruct(operands),
    ],
    extent: nodes,
    grain: grainFor(100 * p * Math.min(p, 100)),
    uneven: true,
    scratchBytes: laidOut(PROBLEM_BYTES, 4 * p, 4 * p, 8 * p, 8 * p, p, p),
  }];
};

/**
 * Lowering of {@linkcode Kernels.graphNodes}: nodes split. A node takes some tens of sweeps over a few edges a vertex.
 */
export const graphNodes: Lowering<"graphNodes"> = (operands) => {
  const { nodes, variables: e, gram, diagonals, penalty } = operands, v = gram.rows;
  return [{
    entry: "graphNodes_f64",
    parameters: [
      v,
      e,
      ...rows(operands),
      addressOf(gram),
      strideOf(gram),
      addressOf(diagonals),
      strideOf(diagonals),
      penaltyStruct(penalty),
      limitStruct(operands),
    ],
    extent: nodes,
    grain: grainFor(50 * v ** 3),
    uneven: true,
    scratchBytes: laidOut(PROBLEM_BYTES, 8 * v * v, 8 * v, 8 * Math.max(e, v), 8 * e, 4 * e, 8 * e, e, e),
  }];
};
