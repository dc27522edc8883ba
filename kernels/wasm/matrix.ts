import type { MatrixOperand } from "../spec.ts";
import { PRODUCT_SCRATCH } from "./blocking.ts";
import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "./launch.ts";

/** A multiple of the rows of both builds' register tiles (5 and 2), so that few tiles are cut by the end of a piece. */
const rowUnit = 10;

/** Row and column stride of `op(matrix)`. */
function stridesOf(matrix: MatrixOperand, transpose: boolean): [row: number, column: number] {
  return transpose ? [1, strideOf(matrix)] : [strideOf(matrix), 1];
}

/** Lowering of {@linkcode Kernels.gemm}: the rows of C split. Packing does not pay for a single row or column. */
export const gemm: Lowering<"gemm"> = (
  { a: left, b: right, c, transposeA = false, transposeB = false, alpha = 1, beta = 0 },
) => {
  // Arrays of f16 live on devices alone.
  const a = left as MatrixOperand, b = right as MatrixOperand;
  const depth = transposeA ? a.rows : a.columns;
  const aStrides = stridesOf(a, transposeA), bStrides = stridesOf(b, transposeB);
  if (c.columns === 1 && strideOf(c) === 1 && bStrides[0] === 1) {
    return gemv({ a, transpose: transposeA, x: { ...b, length: depth }, y: { ...c, length: c.rows }, alpha, beta });
  }
  if (c.rows === 1 && aStrides[1] === 1) {
    return gemv({
      a: b,
      transpose: !transposeB,
      x: { ...a, length: depth },
      y: { ...c, length: c.columns },
      alpha,
      beta,
    });
  }
  return [{
    entry: `gemm_${c.array.dtype}`,
    parameters: [
      ...[c.rows, c.columns, depth, alpha],
      ...[addressOf(a), ...aStrides],
      ...[addressOf(b), ...bStrides],
      ...[beta, addressOf(c), strideOf(c)],
    ],
    extent: c.rows,
    grain: grainFor(c.columns * depth, rowUnit),
    scratchBytes: PRODUCT_SCRATCH * bytesPerElement[c.array.dtype],
  }];
};

/** Lowering of {@linkcode Kernels.syrk}: pairs of rows of the upper triangle split, then rows of the mirrored one. */
export const syrk: Lowering<"syrk"> = ({ a, c, alpha = 1, beta = 0 }) => {
  const n = a.columns, input = a.array.dtype, output = c.array.dtype;
  return [
    {
      entry: input === output ? `syrk_${output}` : `syrk_${input}_${output}`,
      parameters: [n, a.rows, alpha, addressOf(a), strideOf(a), beta, addressOf(c), strideOf(c)],
      extent: Math.ceil(n / 2),
      grain: grainFor(n * a.rows, rowUnit),
      scratchBytes: PRODUCT_SCRATCH * bytesPerElement[input],
    },
    {
      entry: `mirror_${output}`,
      parameters: [n, addressOf(c), strideOf(c)],
      extent: n,
      grain: grainFor(n, 16),
    },
  ];
};

/** Lowering of {@linkcode Kernels.gemv}: the elements of y split. */
export const gemv: Lowering<"gemv"> = ({ a, transpose = false, x, y, alpha = 1, beta = 0 }) => [
  {
    entry: `gemv_${y.array.dtype}`,
    parameters: [x.length, alpha, addressOf(a), ...stridesOf(a, transpose), addressOf(x), beta, addressOf(y)],
    extent: y.length,
    grain: grainFor(x.length, 16),
  },
];
