import type { BackwardEliminationArguments, HostArray, SupportUpdateArguments } from "../../../kernels/contract.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement, type Residual } from "../agreement.ts";
import { elements, matrixOf, vectorOf } from "../operands.ts";
import { gramOf } from "./problems.ts";

agreement("supportUpdate", "is within the error of its sums", function* ({ workspace }) {
  for (const [rows, features] of [[0, 5], [3, 0], [1, 1], [2, 3], [7, 9], [8, 64], [5, 65], [9, 67], [20, 131]]) {
    for (const enters of [true, false]) {
      const random = createRandom(rows + features),
        vector = (length: number) => vectorOf(workspace, "f64", length, random.normal);
      const operands: SupportUpdateArguments = {
        products: matrixOf(workspace, "f64", rows, features, random.normal, 3),
        row: vector(features),
        shares: vector(enters ? rows : 0),
        factors: vector(rows),
        curvatures: vectorOf(workspace, "f64", features, () => 5 * random.uniform()),
        correlations: vector(features),
        whole: vectorOf(workspace, "f64", features, () => 5),
        square: enters ? -0.5 : 0.5,
        single: -0.7,
        least: 0,
      };
      yield {
        what: `${rows} rows, ${features} features, ${enters ? "one enters" : "one leaves"}`,
        operands,
        outputs: ({ products, curvatures, correlations }) => [products, curvatures, correlations],
        terms: 3 * rows + 8,
      };
    }
  }
  // Whole numbers, of which those whose curvature is used up are exactly 0.
  const features = 70, some = () => vectorOf(workspace, "f64", features, () => 2);
  yield {
    what: "curvatures that are used up",
    operands: {
      products: matrixOf(workspace, "f64", 1, features, () => 1),
      row: some(),
      shares: vectorOf(workspace, "f64", 1, () => 1),
      factors: vectorOf(workspace, "f64", 1, () => -1),
      curvatures: vectorOf(
        workspace,
        "f64",
        features,
        (() => {
          let next = 0;
          return () => next++ % 20;
        })(),
      ),
      correlations: some(),
      whole: some(),
      square: -1,
      single: 1,
      least: 0.5,
    },
    outputs: ({ products, curvatures, correlations }) => [products, curvatures, correlations],
    exact: true,
  };
});

agreement("backwardElimination", "lets features go in the order of the reference, at their costs", function* (bench) {
  const { workspace } = bench;
  for (const features of [0, 1, 2, 3, 7, 8, 9, 16, 33, 70]) {
    for (const staying of [false, true]) {
      const random = createRandom(features);
      const gram = matrixOf(workspace, "f64", features, features, random.normal, 2);
      const whole = gramOf(features, 2 * features + 3, features + 1), view = (gram.array as HostArray<"f64">).view;
      for (let i = 0; i < features; i++) {
        for (let j = 0; j < features; j++) {
          // What is above the diagonal is not read.
          view[gram.offset! + i * gram.stride! + j] = j <= i ? whole[i * features + j] : NaN;
        }
      }
      const stays = workspace.allocate("u8", features, "stays");
      if (staying) workspace.write(stays, Array.from({ length: features }, (_, j) => j % 5 === 1 ? 1 : 0));
      yield {
        what: `${features} features${staying ? ", some stay" : ""}`,
        operands: {
          gram,
          linear: vectorOf(workspace, "f64", features, random.normal),
          stays,
          order: workspace.allocate("u32", features, "order"),
          costs: { array: workspace.allocate("f64", features, "costs"), length: features },
        },
        outputs: ({ order, costs }) => [order, costs],
        working: ({ gram }) => [gram.array],
        identity: totalOfCosts,
      };
    }
  }
  // Whole numbers: of features that cost the same the first one leaves, whatever has taken its place; or all stay.
  for (const [features, linear] of [[9, [3, 1, 3, 1, 2, 1, 3, 2, 1]], [5, [1, 1, 1, 1, 1]]] as const) {
    for (const staying of [false, true]) {
      const gram = matrixOf(workspace, "f64", features, features, () => 0),
        stays = workspace.allocate("u8", features, "stays");
      const { view } = gram.array as HostArray<"f64">, linears = [0, ...linear];
      for (let i = 0; i < features; i++) view[gram.offset! + i * (gram.stride! + 1)] = 4;
      if (staying) workspace.write(stays, new Uint8Array(features).fill(1));
      yield {
        what: `${features} features that cost the same${staying ? ", all of which stay" : ""}`,
        operands: {
          gram,
          linear: vectorOf(workspace, "f64", features, () => linears.shift()!),
          stays,
          order: workspace.allocate("u32", features, "order"),
          costs: { array: workspace.allocate("f64", features, "costs"), length: features },
        },
        outputs: ({ order, costs }) => [order, costs],
        working: ({ gram }) => [gram.array],
        exact: true,
      };
    }
  }
  const negative = matrixOf(workspace, "f64", 2, 2, () => -1);
  yield {
    what: "no positive definite matrix",
    operands: {
      gram: negative,
      linear: vectorOf(workspace, "f64", 2, () => 1),
      stays: workspace.allocate("u8", 2, "stays"),
      order: workspace.allocate("u32", 2, "order"),
      costs: { array: workspace.allocate("f64", 2, "costs"), length: 2 },
    },
    outputs: () => [],
    working: ({ gram }) => [gram.array],
    identity: () => [],
  };
});

/** Where all features leave, they take with them what least squares on all of them explains. */
function* totalOfCosts(after: BackwardEliminationArguments, before: BackwardEliminationArguments): Iterable<Residual> {
  const stays = (before.stays as HostArray<"u8">).view, linear = vectorOfNumbers(before.linear), count = linear.length;
  if (stays.includes(1)) return;
  const gram = elements(before.gram), factor = new Float64Array(count * count);
  let explained = 0;
  const half = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = gram[i * count + j];
      for (let k = 0; k < j; k++) sum -= factor[i * count + k] * factor[j * count + k];
      factor[i * count + j] = j < i ? sum / factor[j * (count + 1)] : Math.sqrt(sum);
    }
    let sum = linear[i];
    for (let k = 0; k < i; k++) sum -= factor[i * count + k] * half[k];
    half[i] = sum / factor[i * (count + 1)];
    explained += half[i] ** 2 / 2;
  }
  const gained = vectorOfNumbers(after.costs).reduce((sum, cost) => sum + cost, 0);
  yield { what: "sum of the costs", value: gained - explained, terms: 20 * count ** 2, magnitude: 1 + explained };
}

function vectorOfNumbers({ array, offset = 0, length }: BackwardEliminationArguments["linear"]): Float64Array {
  return (array as HostArray<"f64">).view.subarray(offset, offset + length);
}
