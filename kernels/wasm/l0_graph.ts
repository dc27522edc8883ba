import type {
  AdjacencyOperands,
  ClassDescentArguments,
  GraphOperands,
  NeighbourDescentArguments,
  PackedGram,
} from "../spec.ts";
import { penaltyParameters, start } from "./l0.ts";
import { addressOf, grainFor, type Launch, type Lowering, strideOf } from "./launch.ts";

/** Multiply-adds that take as long as one gather from a matrix beyond the caches. */
const gatherCost = 64;

/** Sweeps after which products are summed afresh. */
const refreshEvery = 16;

/** Rows of slopes that are summed together. */
const slopeGroup = 8;

const adjacency = ({ starts, neighbours, incident, values, diagonal }: AdjacencyOperands) => [
  ...[start(starts), start(neighbours), start(incident), addressOf(values), addressOf(diagonal)],
];

const graph = (operands: GraphOperands) => [
  ...[operands.diagonal.length, addressOf(operands.gram), strideOf(operands.gram), ...adjacency(operands)],
];

/** The launches that a descent is made of; those of edges take the first edge of their class. */
interface Steps {
  /** Copies what the others need together. */
  readonly gather?: Launch;
  /** Whether steps keep products current, which are summed afresh now and then, so that rounding errors do not pile up. */
  readonly keepsProducts?: boolean;
  readonly norms: Launch;
  readonly edges: Launch;
  readonly diagonals: Launch;
}

/** Sweeps class by class, then over the diagonal, until a sweep changes little. */
function* sweepClasses(
  { classes, values, changes, sweeps, tolerance }: ClassDescentArguments,
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
  }
  if (sweep > 0) yield norms;
  return sweep;
}

/** Lowering of {@linkcode Kernels.neighbourDescent}: edges of a class split, and vertices. */
export const neighbourDescent: Lowering<"neighbourDescent"> = (operands) =>
  operands.packing ? packedDescent(operands, operands.packing) : gatheredDescent(operands);

function packedDescent(operands: NeighbourDescentArguments, packing: PackedGram) {
  const { ends, kinds, values, diagonal, norms, own, changes, penalty, gram } = operands;
  const { starts, neighbours, incident } = operands;
  const most = packing.blocks.length / diagonal.length, degree = Math.sqrt(most);
  const held = [start(starts), start(packing.places), addressOf(packing.blocks), addressOf(packing.products)];
  const results = [addressOf(norms), addressOf(own)];
  return sweepClasses(operands, {
    ...(!packing.gathered && {
      gather: {
        entry: "packGram_f64",
        parameters: [addressOf(gram), strideOf(gram), start(neighbours), ...held],
        extent: diagonal.length,
        grain: grainFor(gatherCost / 4 * most),
      },
    }),
    keepsProducts: true,
    norms: {
      entry: "packedNorms_f64",
      parameters: [...held, start(incident), addressOf(values), addressOf(diagonal), ...results],
      extent: diagonal.length,
      grain: grainFor(most),
    },
    edges: {
      entry: "packedEdges_f64",
      parameters: [
        ...[...held, start(packing.slots), addressOf(values), addressOf(diagonal), start(ends), start(kinds)],
        ...[addressOf(norms), addressOf(changes), ...penaltyParameters(penalty)],
      ],
      grain: grainFor(4 * degree + gatherCost),
    },
    diagonals: {
      entry: "packedDiagonals_f64",
      parameters: [...held, addressOf(diagonal), ...results, addressOf(changes) + 8 * values.length],
      extent: diagonal.length,
      grain: grainFor(degree + gatherCost),
    },
  });
}

function gatheredDescent(operands: NeighbourDescentArguments) {
  const { ends, kinds, values, diagonal, norms, own, changes, penalty } = operands;
  const sums = gatherCost * (2 * values.length / diagonal.length + 1);
  const shared = graph(operands), results = [addressOf(norms), addressOf(own)];
  const vertices = { extent: diagonal.length, grain: grainFor(sums) };
  return sweepClasses(operands, {
    norms: { entry: "neighbourNorms_f64", parameters: [...shared, ...results], ...vertices },
    edges: {
      entry: "neighbourEdges_f64",
      parameters: [
        ...[...shared, start(ends), start(kinds), addressOf(norms), addressOf(changes)],
        ...penaltyParameters(penalty),
      ],
      grain: grainFor(2 * sums),
    },
    diagonals: {
      entry: "neighbourDiagonals_f64",
      parameters: [...shared, ...results, addressOf(changes) + 8 * values.length],
      ...vertices,
    },
  });
}

/** Lowering of {@linkcode Kernels.residualDescent}: edges of a class split, and vertices. */
export const residualDescent: Lowering<"residualDescent"> = (operands) => {
  const { samples, residuals, variances, ends, kinds, values, diagonal, norms, own, changes, penalty } = operands;
  const shared = [samples.columns, ...[samples, residuals].flatMap((matrix) => [addressOf(matrix), strideOf(matrix)])];
  const results = [addressOf(norms), addressOf(own)];
  const vertices = { extent: diagonal.length, grain: grainFor(2 * samples.columns) };
  return sweepClasses(operands, {
    norms: { entry: "residualNorms_f64", parameters: [...shared, ...adjacency(operands), ...results], ...vertices },
    edges: {
      entry: "residualEdges_f64",
      parameters: [
        ...[...shared, addressOf(variances), addressOf(values), addressOf(diagonal), start(ends), start(kinds)],
        ...[addressOf(norms), addressOf(changes), ...penaltyParameters(penalty)],
      ],
      grain: grainFor(4 * samples.columns),
    },
    diagonals: {
      entry: "residualDiagonals_f64",
      parameters: [
        ...[...shared, addressOf(variances), addressOf(diagonal), ...results],
        addressOf(changes) + 8 * values.length,
      ],
      ...vertices,
    },
  });
};

/** Lowering of {@linkcode Kernels.graphSlopes}: rows split. */
export const graphSlopes: Lowering<"graphSlopes"> = (operands) => {
  const { first, from = 0, slopes, values, diagonal } = operands;
  return [{
    entry: "graphSlopes_f64",
    parameters: [...graph(operands), first, from, addressOf(slopes), strideOf(slopes)],
    extent: slopes.rows,
    grain: grainFor(2 * (values.length + diagonal.length), slopeGroup),
    scratchBytes: 8 * slopeGroup * diagonal.length,
  }];
};

/** Lowering of {@linkcode Kernels.pairedSlopes}: rows split. */
export const pairedSlopes: Lowering<"pairedSlopes"> = (
  { first, from = 0, products, mirrored, transposed, diagonal, slopes },
) => [{
  entry: "pairedSlopes_f64",
  parameters: [
    ...[slopes.columns, first, from, addressOf(products), strideOf(products), addressOf(mirrored)],
    ...(transposed ? [1, strideOf(mirrored)] : [strideOf(mirrored), 1]),
    ...[addressOf(diagonal), addressOf(slopes), strideOf(slopes)],
  ],
  extent: slopes.rows,
  grain: grainFor(8 * slopes.columns),
}];

/** Lowering of {@linkcode Kernels.steepEntries}: rows split. */
export const steepEntries: Lowering<"steepEntries"> = ({ first, slopes, limits, columns, counts }) => [{
  entry: "steepEntries_f64",
  parameters: [
    ...[slopes.columns, first, addressOf(slopes), strideOf(slopes), addressOf(limits), start(columns), start(counts)],
  ],
  extent: slopes.rows,
  grain: grainFor(slopes.columns),
}];

/** Lowering of {@linkcode Kernels.scaledConjugates}: rows split. */
export const scaledConjugates: Lowering<"scaledConjugates"> = (
  { first, slopes, statuses, scales, penalty, sums, steepest },
) => [{
  entry: "scaledConjugates_f64",
  parameters: [
    ...[slopes.columns, first, addressOf(slopes), strideOf(slopes), start(statuses)],
    ...[scales.length, addressOf(scales), penalty.lambda0, penalty.lambda2, penalty.bound, penalty.threshold],
    ...[addressOf(sums), strideOf(sums), addressOf(steepest)],
  ],
  extent: slopes.rows,
  grain: grainFor(4 * slopes.columns),
}];

/** Lowering of {@linkcode Kernels.graphSwaps}: vertices split. */
export const graphSwaps: Lowering<"graphSwaps"> = (operands) => {
  const { first, slopes, gram, rows, rowsFrom, variances, leastCurvatures, penalty } = operands;
  const { gains, targets, along, values, diagonal } = operands;
  return [{
    entry: "graphSwaps_f64",
    parameters: [
      ...[diagonal.length, ...adjacency(operands), first, addressOf(slopes), strideOf(slopes)],
      ...[addressOf(gram), strideOf(gram), start(rows), rowsFrom, addressOf(variances), addressOf(leastCurvatures)],
      ...[penalty.lambda0, penalty.lambda2, penalty.bound, addressOf(gains), start(targets), addressOf(along)],
    ],
    extent: slopes.rows,
    grain: grainFor(4 * values.length),
  }];
};
