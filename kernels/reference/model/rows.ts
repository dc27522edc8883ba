import type {
  ActivateArguments,
  Activation,
  AddBiasArguments,
  NormalizeRowsArguments,
  TokenLossesArguments,
} from "../../contract.ts";
import { scaledTail } from "../../contract/normal_tail.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";

/** Mean and squares of each row in f64. */
export function normalizeRows({ x, y, weight, bias, epsilon, centered }: NormalizeRowsArguments): void {
  const source = matrixView(x), target = matrixView(y), w = vectorView(weight), b = bias && vectorView(bias);
  for (let i = 0; i < x.rows; i++) {
    const row = source.values.subarray(i * source.stride, i * source.stride + x.columns);
    let mean = 0, squares = 0;
    if (centered) {
      for (const value of row) mean += value;
      mean /= x.columns;
    }
    for (const value of row) squares += (value - mean) ** 2;
    const factor = 1 / Math.sqrt(squares / x.columns + epsilon);
    for (let j = 0; j < x.columns; j++) {
      target.values[i * target.stride + j] = (row[j] - mean) * factor * w[j] + (b ? b[j] : 0);
    }
  }
}

/** Row by row. */
export function addBias({ x, bias }: AddBiasArguments): void {
  const { values, stride } = matrixView(x), b = vectorView(bias);
  for (let i = 0; i < x.rows; i++) {
    for (let j = 0; j < x.columns; j++) values[i * stride + j] += b[j];
  }
}

const functions: { readonly [A in Activation]: (x: number) => number } = {
  silu: (x) => x / (1 + Math.exp(-x)),
  gelu(x) {
    const tail = scaledTail(Math.abs(x) * Math.SQRT1_2) * Math.exp(-x * x / 2) / 2;
    return x * (x > 0 ? 1 - tail : tail);
  },
  "gelu-tanh": (x) => x / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  relu: (x) => Math.max(x, 0),
};

/** Element by element in f64. */
export function activate({ activation, x, factor }: ActivateArguments): void {
  const { values, stride } = matrixView(x), other = factor && matrixView(factor), f = functions[activation];
  for (let i = 0; i < x.rows; i++) {
    for (let j = 0; j < x.columns; j++) {
      const at = i * stride + j;
      values[at] = f(values[at]) * (other ? other.values[i * other.stride + j] : 1);
    }
  }
}

/** Exponentials less the largest of their row. */
export function tokenLosses({ logits, targets, losses }: TokenLossesArguments): void {
  const { values, stride } = matrixView(logits), target = hostView(targets), loss = vectorView(losses);
  for (let i = 0; i < logits.rows; i++) {
    const row = values.subarray(i * stride, i * stride + logits.columns);
    let most = -Infinity, sum = 0;
    for (const value of row) most = Math.max(most, value);
    for (const value of row) sum += Math.exp(value - most);
    loss[i] = Math.log(sum) + (most - row[target[i]]);
  }
}
