import type { RowDotsArguments, RowGramArguments } from "../../contract.ts";
import { matrixView, vectorView } from "../operands.ts";

/** Each row of `x` with that of `y`. */
export function rowDots({ x, y, values }: RowDotsArguments): void {
  const X = matrixView(x), Y = matrixView(y), sums = vectorView(values);
  for (let i = 0; i < X.rows; i++) {
    let sum = 0;
    for (let j = 0; j < X.columns; j++) sum += X.values[i * X.stride + j] * Y.values[i * Y.stride + j];
    sums[i] = sum;
  }
}

/** The Gram matrix of the rows. */
export function rowGram({ a, gram }: RowGramArguments): void {
  const A = matrixView(a), G = matrixView(gram);
  for (let i = 0; i < A.rows; i++) {
    for (let k = i; k < A.rows; k++) {
      let sum = 0;
      for (let j = 0; j < A.columns; j++) sum += A.values[i * A.stride + j] * A.values[k * A.stride + j];
      G.values[i * G.stride + k] = G.values[k * G.stride + i] = sum;
    }
  }
}
