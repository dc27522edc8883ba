import type { AdjacencyOperands, ClassDescentArguments, GraphOperands } from "../../contract.ts";
import { start } from "./addresses.ts";
import { addressOf, type Launch, strideOf } from "../launch.ts";

/** Multiply-adds that take as long as one gather from a matrix beyond the caches. */
export const gatherCost = 64;

/** Sweeps after which products are summed afresh. */
const refreshEvery = 16;

export const adjacency = ({ starts, neighbours, incident, values, diagonal }: AdjacencyOperands) => [
  start(starts),
  start(neighbours),
  start(incident),
  addressOf(values),
  addressOf(diagonal),
];

export const graph = (operands: GraphOperands) => [
  operands.diagonal.length,
  addressOf(operands.gram),
  strideOf(operands.gram),
  ...adjacency(operands),
];

/** The launches that a descent is made of; those of edges take the first edge of their class. */
interface Steps {
  /** Copies what the others need together. */
  readonly gather?: Launch;
  /**
   * Whether steps keep products current, which are summed afresh now and then, so that rounding errors do not pile up.
   */
  readonly keepsProducts?: boolean;
  readonly norms: Launch;
  readonly edges: Launch;
  readonly diagonals: Launch;
}

/** Sweeps class by class, then over the diagonal, until a sweep changes little. */
export function* sweepClasses(
  { classes, values, changes, sweeps, tolerance, breaks }: ClassDescentArguments,
  { gather, keepsProducts, norms, edges, diagonals }: Steps,
): Generator<Launch, number, number> {
  if (gather) yield gather;
  yield norms;
  let sweep = 0;
  while (sweep < sweeps) {
    if (keepsProducts && sweep > 0 && sweep % refreshEvery === 0) yield norms;
    sweep++;
    if (classes === undefined) {
      yield { ...edges, parameters: [...edges.parameters, 0], extent: values.length, grain: values.length };
    }
    for (let k = 0, first = 0; k < (classes?.length ?? 0); first = classes![k++]) {
      yield { ...edges, parameters: [...edges.parameters, first], extent: classes![k] - first };
    }
    yield diagonals;
    const counted = [changes.length, addressOf(changes), tolerance];
    if (yield { entry: "changesWithin_f64", parameters: counted }) break;
    if (breaks?.isOver()) break;
  }
  if (sweep > 0) yield norms;
  return sweep;
}
