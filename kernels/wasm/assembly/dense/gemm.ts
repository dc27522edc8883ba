// General matrix product: C = alpha * op(A) op(B) + beta * C, packed as by Goto & van de Geijn (2008).
//
// A and B carry a row and a column stride, so a transpose is a swap of strides; C has unit column stride. A block of B
// (depth x columns) is packed to stay in L2; one panel of A (MR rows, packed into L1) after the other meets every panel
// of B in turn. So C is walked along its rows, which the hardware prefetchers follow, and updates of small depth
// (K = 32..256) run at nearly the rate of large products. The textbook order walks C down its columns instead.
//
// An element of C is the sum over k in one order, cut into the same depth blocks whatever tile it falls in, and tiles
// at the edge run the same instructions on a copy. So the result is the same, bit for bit, for any range of rows.
//
// Scratch: PRODUCT_SCRATCH elements of T, private to the thread.

import { DEPTH_BLOCK, LEFT_PANEL, RIGHT_BLOCK, TILE_BLOCK } from "../../dense/blocking";
import { pack, paddedDepth } from "./pack";
import { at } from "../simd";
import { DEPTH_STEP, MR, tile, tileColumns } from "./tile";

// exported for f32, f64
export function gemm<T>(
  m: i32, n: i32, k: i32, alpha: T,
  a: usize, aRowStride: i32, aColumnStride: i32,
  b: usize, bRowStride: i32, bColumnStride: i32,
  beta: T, c: usize, cRowStride: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  product<T, T>(
    n, k, alpha, a, aRowStride, aColumnStride, b, bRowStride, bColumnStride,
    beta, c, cRowStride, begin, min(end, m), scratch, false,
  );
}

/** The multiple of `unit`, at most `limit`, that cuts `size` into the fewest and evenest parts. */
@inline
function evenBlock(size: i32, limit: i32, unit: i32): i32 {
  const most = limit / unit * unit;
  const blocks = (size + most - 1) / most;
  const part = (size + blocks - 1) / blocks;
  return (part + unit - 1) / unit * unit;
}

/**
 * Rows begin..end of C, of n columns; strides in elements. T is the type of A and B, U of C: f32 products may be added
 * to an f64 C, a depth block at a time. `upper` reads and writes only the columns j >= i.
 */
export function product<T, U>(
  n: i32, k: i32, alpha: U,
  a: usize, aRowStride: i32, aColumnStride: i32,
  b: usize, bRowStride: i32, bColumnStride: i32,
  beta: U, c: usize, cRowStride: i32,
  begin: i32, end: i32, scratch: usize, upper: bool,
): void {
  const left = upper ? begin : 0;
  if (begin >= end || left >= n) return;
  if (k <= 0 || alpha == 0) {
    scale<U>(n, beta, c, cRowStride, begin, end, upper);
    return;
  }
  const nr = tileColumns<T>();
  const size: usize = sizeof<T>();
  const aRow = <usize>aRowStride * size, aColumn = <usize>aColumnStride * size;
  const bRow = <usize>bRowStride * size, bColumn = <usize>bColumnStride * size;
  const cRow = <usize>cRowStride * sizeof<U>();
  const kc = evenBlock(k, DEPTH_BLOCK, DEPTH_STEP);
  const nc = evenBlock(n - left, RIGHT_BLOCK / kc, nr);
  const packedA = at(scratch, TILE_BLOCK, size);
  const packedB = at(packedA, LEFT_PANEL, size);
  for (let jc = left; jc < n; jc += nc) {
    const columns = min(nc, n - jc);
    const bottom = upper ? min(end, jc + columns) : end;
    for (let pc = 0; pc < k; pc += kc) {
      const depth = min(kc, k - pc);
      pack<T>(nr, at(at(b, pc, bRow), jc, bColumn), bColumn, bRow, columns, depth, packedB);
      for (let i = begin; i < bottom; i += MR) {
        const height = min(MR, bottom - i);
        pack<T>(MR, at(at(a, i, aRow), pc, aColumn), aRow, aColumn, height, depth, packedA);
        panelProduct<T, U>(
          height, columns, paddedDepth(depth), alpha, packedA, packedB, pc > 0 ? 1 : beta,
          at(at(c, i, cRow), jc, sizeof<U>()), cRow, scratch, upper ? i - jc : -MR,
        );
      }
    }
  }
}

/** One packed panel of A times all of packed B. Row i keeps the columns j >= i + skew. */
function panelProduct<T, U>(
  height: i32, columns: i32, depth: i32, alpha: U, packedA: usize, packedB: usize,
  beta: U, c: usize, cRow: usize, edge: usize, skew: i32,
): void {
  const nr = tileColumns<T>();
  const bPanel = <usize>(depth * nr) * sizeof<T>();
  for (let j = 0; j < columns; j += nr) {
    const width = min(nr, columns - j);
    const whole = height == MR && width == nr && skew + MR - 1 <= j;
    if (skew < j + width) {
      if (sizeof<T>() != sizeof<U>()) {
        tile<T>(depth, packedA, packedB, 1, 0, edge, nr * sizeof<T>());
        if (whole) widenTile(alpha, edge, beta, c, cRow);
        else widenPart(alpha, edge, beta, c, cRow, height, width, skew - j);
      } else if (whole) {
        tile<T>(depth, packedA, packedB, alpha, beta, c, cRow);
      } else {
        partialTile<T>(depth, packedA, packedB, alpha, beta, c, cRow, edge, height, width, skew - j);
      }
    }
    packedB += bPanel;
    c = at(c, nr, sizeof<U>());
  }
}

/** A tile cut by the border of C or by the diagonal, by way of a copy: row i keeps columns max(0, i + skew)..width. */
function partialTile<T>(
  depth: i32, a: usize, b: usize, alpha: T, beta: T, c: usize, cRow: usize,
  edge: usize, height: i32, width: i32, skew: i32,
): void {
  const edgeRow = tileColumns<T>() * sizeof<T>();
  if (beta != 0) copyPart<T>(c, cRow, edge, edgeRow, height, width, skew);
  tile<T>(depth, a, b, alpha, beta, edge, edgeRow);
  copyPart<T>(edge, edgeRow, c, cRow, height, width, skew);
}

function copyPart<T>(
  from: usize, fromRow: usize, to: usize, toRow: usize, height: i32, width: i32, skew: i32,
): void {
  for (let i = 0; i < height; i++) {
    for (let j = max(0, i + skew); j < width; j++) {
      store<T>(at(to, j, sizeof<T>()), load<T>(at(from, j, sizeof<T>())));
    }
    from += fromRow;
    to += toRow;
  }
}

/** C = alpha * edge + beta * C for one whole tile: f32 sums into an f64 C. */
function widenTile(alpha: f64, edge: usize, beta: f64, c: usize, cRow: usize): void {
  const va = f64x2.splat(alpha), vb = f64x2.splat(beta);
  for (let i = 0; i < MR; i++) {
    for (let j = 0; j < tileColumns<f32>(); j += 2) {
      const p = at(c, j, sizeof<f64>());
      let value = f64x2.mul(va, f64x2.promote_low_f32x4(v128.load64_zero(edge)));
      if (beta != 0) value = f64x2.add(value, f64x2.mul(vb, v128.load(p)));
      v128.store(p, value);
      edge += 2 * sizeof<f32>();
    }
    c += cRow;
  }
}

/** The same for a tile cut by the border or the diagonal. */
function widenPart(
  alpha: f64, edge: usize, beta: f64, c: usize, cRow: usize, height: i32, width: i32, skew: i32,
): void {
  for (let i = 0; i < height; i++) {
    for (let j = max(0, i + skew); j < width; j++) {
      const p = at(c, j, sizeof<f64>());
      let value = alpha * <f64>load<f32>(at(edge, j, sizeof<f32>()));
      if (beta != 0) value += beta * load<f64>(p);
      store<f64>(p, value);
    }
    edge += tileColumns<f32>() * sizeof<f32>();
    c += cRow;
  }
}

/** C = beta * C, without reading C where beta = 0. */
function scale<U>(
  n: i32, beta: U, c: usize, cRowStride: i32, begin: i32, end: i32, upper: bool,
): void {
  for (let i = begin; i < end; i++) {
    const row = at(c, i * cRowStride, sizeof<U>());
    for (let j = upper ? i : 0; j < n; j++) {
      const p = at(row, j, sizeof<U>());
      store<U>(p, beta == 0 ? 0 : beta * load<U>(p));
    }
  }
}
