// One pass of coordinate descent over quantised rows, columns from left to right; contract/quantization/sweep.ts has
// the step.
//
// Two levels of blocking. The columns of a block (COLUMN_BLOCK) see each other through a packed copy of the coupling's
// diagonal block: a register tile of 2 vectors of rows x 4 columns gathers what the earlier columns of the block
// changed, then updates its four columns one after the other, all in registers. All columns see the finished block, the
// block's own included, through one matrix product:
//
//     G[rows, :] += D M[block, :]          D [rows, block] = s (old level - new level)
//
// These updates work on copies of G, so that each element of G gets every change exactly once, from the product. The
// copies are the share COLUMN_BLOCK / (2 columns) of all multiply-adds.
//
// Tiles are transposed while they are copied: step j holds the rows' elements of column j, so that the arithmetic runs
// along rows and lanes never exchange data. A row's result does not depend on its neighbours, nor on the range.
//
// Scratch: PRODUCT_SCRATCH + SWEEP_SCRATCH elements of T, private to the thread.

import { PRODUCT_SCRATCH } from "../../dense/blocking";
import { COLUMN_BLOCK, ROW_BLOCK, TALLEST_TILE } from "../../quantization/blocking";
import { product } from "../dense/gemm";
import { pack, paddedDepth } from "../dense/pack";
import { at, broadcast, lanes, multiplyAdd, VECTOR } from "../simd";
import { unpack } from "../dense/unpack";

/** Columns of the register tile. */
const TILE_COLUMNS: i32 = 4;
/** Vectors of rows of the register tile. */
const TILE_VECTORS: i32 = 2;

// exported for f32, f64
export function quantizationSweep<T>(
  columns: i32, levels: usize, levelsStride: i32, residual: usize, residualStride: i32,
  coupling: usize, couplingStride: i32, scales: usize, scalesStride: i32, zeros: usize, zerosStride: i32,
  groups: usize, maximumCode: T, relaxed: i32, triangular: i32, first: i32, last: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  const size: usize = sizeof<T>();
  const tileRows = TILE_VECTORS * lanes<T>();
  const tileSize = <usize>(TALLEST_TILE * COLUMN_BLOCK) * size;
  const levelsRow = <usize>levelsStride * size, residualRow = <usize>residualStride * size;
  const scalesRow = <usize>scalesStride * size, zerosRow = <usize>zerosStride * size;
  const couplingRow = <usize>couplingStride * size, changesRow = <usize>COLUMN_BLOCK * size;
  const block = at(scratch, PRODUCT_SCRATCH, size);
  const changes = at(block, COLUMN_BLOCK * COLUMN_BLOCK, size);
  const residualTile = at(changes, ROW_BLOCK * COLUMN_BLOCK, size);
  const levelTile = residualTile + tileSize, scaleTile = levelTile + tileSize, zeroTile = scaleTile + tileSize;

  for (let top = begin; top < end; top += ROW_BLOCK) {
    const rows = min(ROW_BLOCK, end - top);
    for (let left = first; left < last; left += COLUMN_BLOCK) {
      const width = min(COLUMN_BLOCK, last - left);
      const corner = at(at(coupling, left, couplingRow), left, size);
      pack<T>(TILE_COLUMNS, corner, size, couplingRow, width, width, block);
      for (let i = 0; i < rows; i += tileRows) {
        const height = min(tileRows, rows - i);
        const levelRows = at(at(levels, top + i, levelsRow), left, size);
        const residualRows = at(at(residual, top + i, residualRow), left, size);
        pack<T>(tileRows, residualRows, residualRow, size, height, width, residualTile);
        pack<T>(tileRows, levelRows, levelsRow, size, height, width, levelTile);
        spreadGroups<T>(at(scales, top + i, scalesRow), scalesRow, groups, left, width, height, 1, scaleTile);
        spreadGroups<T>(at(zeros, top + i, zerosRow), zerosRow, groups, left, width, height, 0, zeroTile);
        updateTile<T>(width, block, residualTile, levelTile, scaleTile, zeroTile, maximumCode, relaxed != 0);
        unpack<T>(tileRows, levelTile, height, width, levelRows, levelsRow);
        unpack<T>(tileRows, residualTile, height, width, at(changes, i, changesRow), changesRow);
      }
      const from = triangular != 0 ? left : 0;
      product<T, T>(
        columns - from, width, 1, changes, COLUMN_BLOCK, 1,
        at(at(coupling, left, couplingRow), from, size), couplingStride, 1,
        1, at(at(residual, top, residualRow), from, size), residualStride, 0, rows, scratch, false,
      );
    }
  }
}

/**
 * Scales or zero points of a tile, one step a column, from values given per row and group; `padding` beyond the
 * borders. `groups` holds the group of each column of the matrix, or is null where there is one group.
 */
function spreadGroups<T>(
  values: usize, row: usize, groups: usize, left: i32, width: i32, height: i32, padding: T, tile: usize,
): void {
  const step: usize = TILE_VECTORS * VECTOR;
  let current: i32 = -1;
  for (let j = 0; j < paddedDepth(width); j++) {
    const group: i32 = groups && j < width ? load<i32>(at(groups, left + j, 4)) : 0;
    if (group == current) {
      v128.store(tile, v128.load(tile - step));
      v128.store(tile, v128.load(tile - step, VECTOR), VECTOR);
    } else {
      for (let i = 0; i < TILE_VECTORS * lanes<T>(); i++) {
        store<T>(at(tile, i, sizeof<T>()), i < height ? load<T>(at(at(values, i, row), group, sizeof<T>())) : padding);
      }
      current = group;
    }
    tile += step;
  }
}

/**
 * Updates the columns of a tile in turn. `tile` holds the residual at first and the changes afterwards; `block` the
 * coupling among the columns, in panels of TILE_COLUMNS.
 */
function updateTile<T>(
  width: i32, block: usize, tile: usize, levels: usize, scales: usize, zeros: usize, maximumCode: T, relaxed: bool,
): void {
  const step: usize = TILE_VECTORS * VECTOR;
  const panel = <usize>(paddedDepth(width) * TILE_COLUMNS) * sizeof<T>();
  const most = v128.splat<T>(maximumCode);
  for (let first = 0; first < width; first += TILE_COLUMNS) {
    const own = at(tile, first, step);
    let g00 = v128.load(own), g01 = v128.load(own, 1 * VECTOR);
    let g10 = v128.load(own, 2 * VECTOR), g11 = v128.load(own, 3 * VECTOR);
    let g20 = v128.load(own, 4 * VECTOR), g21 = v128.load(own, 5 * VECTOR);
    let g30 = v128.load(own, 6 * VECTOR), g31 = v128.load(own, 7 * VECTOR);
    let m = block, d0 = g00, d1 = g00, low = g00, high = g00, s = g00;
    for (let change = tile; change < own; change += step) {
      d0 = v128.load(change);
      d1 = v128.load(change, VECTOR);
      low = v128.load(m);
      if (sizeof<T>() == 8) high = v128.load(m, VECTOR);
      s = coefficient<T>(low, high, 0);
      g00 = multiplyAdd<T>(s, d0, g00);
      g01 = multiplyAdd<T>(s, d1, g01);
      s = coefficient<T>(low, high, 1);
      g10 = multiplyAdd<T>(s, d0, g10);
      g11 = multiplyAdd<T>(s, d1, g11);
      s = coefficient<T>(low, high, 2);
      g20 = multiplyAdd<T>(s, d0, g20);
      g21 = multiplyAdd<T>(s, d1, g21);
      s = coefficient<T>(low, high, 3);
      g30 = multiplyAdd<T>(s, d0, g30);
      g31 = multiplyAdd<T>(s, d1, g31);
      m += TILE_COLUMNS * sizeof<T>();
    }
    const l = at(levels, first, step), sc = at(scales, first, step), z = at(zeros, first, step);

    d0 = stepLevel<T>(g00, m, 0, l, sc, z, 0 * VECTOR, most, relaxed);
    d1 = stepLevel<T>(g01, m, 0, l, sc, z, 1 * VECTOR, most, relaxed);
    v128.store(own, d0, 0 * VECTOR);
    v128.store(own, d1, 1 * VECTOR);
    s = v128.load_splat<T>(m, 1 * sizeof<T>());
    g10 = multiplyAdd<T>(s, d0, g10);
    g11 = multiplyAdd<T>(s, d1, g11);
    s = v128.load_splat<T>(m, 2 * sizeof<T>());
    g20 = multiplyAdd<T>(s, d0, g20);
    g21 = multiplyAdd<T>(s, d1, g21);
    s = v128.load_splat<T>(m, 3 * sizeof<T>());
    g30 = multiplyAdd<T>(s, d0, g30);
    g31 = multiplyAdd<T>(s, d1, g31);
    m += TILE_COLUMNS * sizeof<T>();

    d0 = stepLevel<T>(g10, m, 1, l, sc, z, 2 * VECTOR, most, relaxed);
    d1 = stepLevel<T>(g11, m, 1, l, sc, z, 3 * VECTOR, most, relaxed);
    v128.store(own, d0, 2 * VECTOR);
    v128.store(own, d1, 3 * VECTOR);
    s = v128.load_splat<T>(m, 2 * sizeof<T>());
    g20 = multiplyAdd<T>(s, d0, g20);
    g21 = multiplyAdd<T>(s, d1, g21);
    s = v128.load_splat<T>(m, 3 * sizeof<T>());
    g30 = multiplyAdd<T>(s, d0, g30);
    g31 = multiplyAdd<T>(s, d1, g31);
    m += TILE_COLUMNS * sizeof<T>();

    d0 = stepLevel<T>(g20, m, 2, l, sc, z, 4 * VECTOR, most, relaxed);
    d1 = stepLevel<T>(g21, m, 2, l, sc, z, 5 * VECTOR, most, relaxed);
    v128.store(own, d0, 4 * VECTOR);
    v128.store(own, d1, 5 * VECTOR);
    s = v128.load_splat<T>(m, 3 * sizeof<T>());
    g30 = multiplyAdd<T>(s, d0, g30);
    g31 = multiplyAdd<T>(s, d1, g31);
    m += TILE_COLUMNS * sizeof<T>();

    v128.store(own, stepLevel<T>(g30, m, 3, l, sc, z, 6 * VECTOR, most, relaxed), 6 * VECTOR);
    v128.store(own, stepLevel<T>(g31, m, 3, l, sc, z, 7 * VECTOR, most, relaxed), 7 * VECTOR);
    block += panel;
  }
}

/** Element `index` of four consecutive ones in one f32 vector or two f64 vectors, in every lane. */
@inline
function coefficient<T>(low: v128, high: v128, index: i32): v128 {
  return index < lanes<T>() ? broadcast<T>(low, index % lanes<T>()) : broadcast<T>(high, index % lanes<T>());
}

/** Takes the step of one column in as many rows as a vector has lanes; returns the change in weight units. */
@inline
function stepLevel<T>(
  residual: v128, row: usize, column: i32, levels: usize, scales: usize, zeros: usize, offset: i32,
  most: v128, relaxed: bool,
): v128 {
  const level = v128.load(levels + offset), scale = v128.load(scales + offset);
  let next = level;
  if (load<T>(row + column * sizeof<T>()) != 0) next = v128.add<T>(level, v128.div<T>(residual, scale));
  if (!relaxed) {
    const zero = v128.load(zeros + offset);
    // An instruction each; what is no number stays so.
    next = v128.pmin<T>(v128.pmax<T>(v128.nearest<T>(next), v128.neg<T>(zero)), v128.sub<T>(most, zero));
  }
  v128.store(levels + offset, next);
  return v128.mul<T>(scale, v128.sub<T>(level, next));
}
