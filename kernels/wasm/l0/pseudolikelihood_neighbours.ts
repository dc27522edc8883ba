import type { NeighbourDescentArguments, PackedGram } from "../../contract.ts";
import { start } from "./addresses.ts";
import { penaltyStruct } from "./penalty.ts";
import { gatherCost, graph, sweepClasses } from "./pseudolikelihood_steps.ts";
import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.neighbourDescent}: edges of a class split, and vertices. */
export const neighbourDescent: Lowering<"neighbourDescent"> = (operands) =>
  operands.packing ? packedDescent(operands, operands.packing) : gatheredDescent(operands);

function packedDescent(operands: NeighbourDescentArguments, packing: PackedGram) {
  const { ends, kinds, values, diagonal, norms, diagonalProducts, changes, penalty, gram } = operands;
  const { starts, neighbours, incident } = operands;
  const most = packing.blocks.length / diagonal.length, degree = Math.sqrt(most);
  const held = [start(starts), start(packing.places), addressOf(packing.blocks), addressOf(packing.products)];
  const results = [addressOf(norms), addressOf(diagonalProducts)];
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
        ...held,
        start(packing.slots),
        addressOf(values),
        addressOf(diagonal),
        start(ends),
        start(kinds),
        addressOf(norms),
        addressOf(changes),
        penaltyStruct(penalty),
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
  const { ends, kinds, values, diagonal, norms, diagonalProducts, changes, penalty } = operands;
  const sums = gatherCost * (2 * values.length / diagonal.length + 1);
  const shared = graph(operands), results = [addressOf(norms), addressOf(diagonalProducts)];
  const vertices = { extent: diagonal.length, grain: grainFor(sums) };
  return sweepClasses(operands, {
    norms: { entry: "neighbourNorms_f64", parameters: [...shared, ...results], ...vertices },
    edges: {
      entry: "neighbourEdges_f64",
      parameters: [
        ...shared,
        start(ends),
        start(kinds),
        addressOf(norms),
        addressOf(changes),
        penaltyStruct(penalty),
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
