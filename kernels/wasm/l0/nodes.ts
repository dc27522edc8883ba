import type { HostArray, NodeBatchArguments } from "../../contract.ts";
import { nodeStateWords } from "../../contract/l0/nodes.ts";
import { penaltyParameters } from "./penalty.ts";
import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

const start = (array: unknown) => (array as HostArray).address;

const rows = ({ statuses, values, states, variables }: NodeBatchArguments) => {
  if (strideOf(values) !== variables || strideOf(states) !== nodeStateWords) {
    throw new RangeError("Cannot lower a batch of nodes: its rows must be contiguous.");
  }
  return [start(statuses), addressOf(values), addressOf(states)];
};

const ends = ({ penalty, upperBound, precision, sweeps }: NodeBatchArguments) => [
  ...penaltyParameters(penalty),
  upperBound,
  ...[precision.node, precision.leaf, precision.slack, precision.rounding, precision.finest],
  sweeps,
];

/** Bytes of arrays one after the other, each 16-byte aligned, as the kernels lay out their scratch. */
const laidOut = (...sizes: number[]) => sizes.reduce((sum, bytes) => (sum + bytes + 15) & ~15, 0);

/** Lowering of {@linkcode Kernels.regressionNodes}: nodes split. A node takes some hundred passes over its variables. */
export const regressionNodes: Lowering<"regressionNodes"> = (operands) => {
  const { nodes, variables: p, nullLoss, linear, gram, rowOf, wanted } = operands;
  return [{
    entry: "regressionNodes_f64",
    parameters: [
      ...[p, ...rows(operands), nullLoss, addressOf(linear)],
      ...[addressOf(gram), strideOf(gram), start(rowOf), start(wanted)],
      ...ends(operands),
    ],
    extent: nodes,
    grain: grainFor(100 * p * Math.min(p, 100)),
    uneven: true,
    scratchBytes: laidOut(4 * p, 4 * p, 8 * p, 8 * p, p, p),
  }];
};

/** Lowering of {@linkcode Kernels.graphNodes}: nodes split. A node takes some tens of sweeps over a few edges a vertex. */
export const graphNodes: Lowering<"graphNodes"> = (operands) => {
  const { nodes, variables: e, gram, diagonals } = operands, v = gram.rows;
  return [{
    entry: "graphNodes_f64",
    parameters: [
      ...[v, e, ...rows(operands)],
      ...[addressOf(gram), strideOf(gram), addressOf(diagonals), strideOf(diagonals)],
      ...ends(operands),
    ],
    extent: nodes,
    grain: grainFor(50 * v ** 3),
    uneven: true,
    scratchBytes: laidOut(8 * v * v, 8 * v, 8 * Math.max(e, v), 8 * e, 4 * e, 8 * e, e, e),
  }];
};
