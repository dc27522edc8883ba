/**
 * `C = alpha op(A) op(B) + beta C` by tiles of C. Where C is small and the depth long, as in Gram matrices of tall
 * matrices, workgroups sum parts of the depth, and a second dispatch adds the parts from first to last: the cut depends
 * on the shape alone, and so do the bits of the result.
 */

import type { DeviceArray, Dtype, GemmArguments, MatrixOperand } from "../../contract.ts";
import { gemmShader, type Layout } from "./gemm_shader.ts";
import { type Cut, cutProduct, partDepth, tileColumns, tileRows } from "./gemm_tiles.ts";
import {
  builtins,
  defineShader,
  type Dispatch,
  dispatch,
  type Scratch,
  strideOf,
  workgroupIndex,
  workgroupsFor,
} from "../shader.ts";

const threads = 64;

const addParts = defineShader("gemm, sum of parts", {
  parameters: {
    rows: "u32",
    columns: "u32",
    parts: "u32",
    upperOnly: "u32",
    cOffset: "u32",
    cStride: "u32",
    alpha: "f32",
    beta: "f32",
  },
  arrays: { partials: "read f32", c: "write f32" },
  code: /* wgsl */ `
@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let at = (${workgroupIndex}) * ${threads}u + thread;
  let count = p.rows * p.columns;
  if (at >= count) { return; }
  let row = at / p.columns;
  let column = at % p.columns;
  // The tiles below the diagonal were left out.
  if (p.upperOnly == 1u && column < row) { return; }
  var sum = 0.0;
  for (var part = 0u; part < p.parts; part++) { sum += partials[part * count + at]; }
  let place = p.cOffset + row * p.cStride + column;
  var value = p.alpha * sum;
  if (p.beta != 0.0) { value += p.beta * c[place]; }
  c[place] = value;
}`,
});

/** Whether every row of a matrix begins and ends at a multiple of four elements. */
function inFours(matrix: MatrixOperand<Dtype>): boolean {
  const { array, columns, offset = 0 } = matrix;
  return (offset | strideOf(matrix) | columns) % 4 === 0 && array.length >= 4;
}

/** How a product is lowered, beside its operands. */
export interface ProductOptions {
  /** Compute C on and above the diagonal; what lies below it is not defined. @default false */
  readonly upperOnly?: boolean;
  /** @default the cheapest for the shape */
  readonly cut?: Cut;
}

/** The dispatches of one product. */
export function product(
  { a, b, c, transposeA = false, transposeB = false, alpha = 1, beta = 0 }: GemmArguments,
  scratch: Scratch,
  { upperOnly = false, cut }: ProductOptions = {},
): Dispatch[] {
  const { rows, columns } = c, depth = transposeA ? a.rows : a.columns;
  if (rows === 0 || columns === 0) return [];
  const { tile, parts } = cut ?? cutProduct(rows, columns, depth);
  const layouts: { a: Layout; b: Layout } = {
    a: { byDepth: transposeA, aligned: inFours(a), halves: a.array.dtype === "f16" },
    b: { byDepth: !transposeB, aligned: inFours(b), halves: b.array.dtype === "f16" },
  };
  const columnTiles = Math.ceil(columns / tileColumns(tile)), rowTiles = Math.ceil(rows / tileRows(tile));
  const multiply = (target: MatrixOperand, alpha: number, beta: number) =>
    dispatch(gemmShader({ tile, ...layouts, alignedC: inFours(target), upperOnly }), {
      parameters: {
        rows,
        columns,
        depth,
        partDepth: partDepth(depth, parts),
        partStride: rows * columns,
        columnTiles,
        parts,
        aOffset: a.offset ?? 0,
        aStride: strideOf(a),
        bOffset: b.offset ?? 0,
        bStride: strideOf(b),
        cOffset: target.offset ?? 0,
        cStride: strideOf(target),
        alpha,
        beta,
      },
      arrays: { a: a.array, b: b.array, c: target.array },
      workgroups: workgroupsFor(columnTiles * parts * rowTiles),
    });
  if (parts === 1) return [multiply(c, alpha, beta)];
  const partials: DeviceArray<"f32"> = scratch("f32", parts * rows * columns, "parts of a product");
  return [
    multiply({ array: partials, rows, columns }, 1, 0),
    dispatch(addParts, {
      parameters: {
        rows,
        columns,
        parts,
        upperOnly: Number(upperOnly),
        cOffset: c.offset ?? 0,
        cStride: strideOf(c),
        alpha,
        beta,
      },
      arrays: { partials, c: c.array },
      workgroups: workgroupsFor(Math.ceil(rows * columns / threads)),
    }),
  ];
}
