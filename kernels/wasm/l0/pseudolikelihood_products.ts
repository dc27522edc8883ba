import { start } from "./addresses.ts";
import { penaltyStruct } from "./penalty.ts";
import { addressOf, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.productDescent}. */
export const productDescent: Lowering<"productDescent"> = (
  {
    gram,
    ends,
    kinds,
    values,
    diagonal,
    products,
    norms,
    diagonalProducts,
    penalty,
    sweeps,
    tolerance,
    resumes = false,
  },
) => [{
  entry: "productDescent_f64",
  parameters: [
    diagonal.length,
    values.length,
    addressOf(gram),
    strideOf(gram),
    start(ends),
    start(kinds),
    addressOf(values),
    addressOf(diagonal),
    addressOf(products),
    strideOf(products),
    addressOf(norms),
    addressOf(diagonalProducts),
    penaltyStruct(penalty),
    sweeps,
    tolerance,
    Number(resumes),
  ],
}];
