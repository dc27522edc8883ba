// The pseudolikelihood of a sparse precision matrix without the product T S: y_j . r_i = sum_k t_ik S_kj is summed over
// the neighbours k of i where it is needed. S is symmetric, so the sum gathers from row j, which is one stretch of
// memory.
//
// A vertex i has the entries starts[i] .. starts[i + 1] of `neighbours` (vertices) and `incident` (edge numbers).

import { axpyInline, axpy } from "../dense/vector";
import { f64At, u32At } from "./memory";
import { Penalty } from "./penalty";
import { stepDiagonal, stepEdge } from "./pseudolikelihood_steps";

/** `y_j . r_i`. */
@inline
function productAt(
  i: i32, j: i32, gram: usize, gramBytes: usize, starts: usize, neighbours: usize, incident: usize,
  values: usize, diagonal: usize,
): f64 {
  const row = gram + <usize> j * gramBytes;
  let sum = load<f64>(f64At(diagonal, i)) * load<f64>(f64At(row, i));
  const end = u32At(starts, i + 1);
  for (let at = u32At(starts, i); at < end; at++) {
    const value = load<f64>(f64At(values, u32At(incident, at)));
    if (value != 0) sum += value * load<f64>(f64At(row, u32At(neighbours, at)));
  }
  return sum;
}

/** `diagonalProducts_i = y_i . r_i` and `norms_i = ||r_i||^2` of vertices `begin` to `end`. */
export function neighbourNorms_f64(
  vertices: i32, gram: usize, gramStride: i32, starts: usize, neighbours: usize, incident: usize,
  values: usize, diagonal: usize, norms: usize, diagonalProducts: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  const gramBytes = <usize> gramStride << 3;
  for (let i = begin; i < end; i++) {
    const product = productAt(i, i, gram, gramBytes, starts, neighbours, incident, values, diagonal);
    let norm = load<f64>(f64At(diagonal, i)) * product;
    const last = u32At(starts, i + 1);
    for (let at = u32At(starts, i); at < last; at++) {
      const value = load<f64>(f64At(values, u32At(incident, at)));
      if (value != 0) norm += value * productAt(i, u32At(neighbours, at), gram, gramBytes, starts, neighbours, incident, values, diagonal);
    }
    store<f64>(f64At(diagonalProducts, i), product);
    store<f64>(f64At(norms, i), norm);
  }
}

/** Steps of the edges `first + begin` to `first + end`; they may be taken at once where no two share a vertex. */
export function neighbourEdges_f64(
  vertices: i32, gram: usize, gramStride: i32, starts: usize, neighbours: usize, incident: usize,
  values: usize, diagonal: usize, ends: usize, kinds: usize, norms: usize, changes: usize,
  penalty: Penalty, first: i32,
  begin: i32, end: i32, _scratch: usize,
): void {
  const gramBytes = <usize> gramStride << 3;
  for (let e = first + begin; e < first + end; e++) {
    const i = u32At(ends, 2 * e), j = u32At(ends, 2 * e + 1);
    const si = load<f64>(f64At(gram + <usize> i * gramBytes, i)), sj = load<f64>(f64At(gram + <usize> j * gramBytes, j));
    const ti = load<f64>(f64At(diagonal, i)), tj = load<f64>(f64At(diagonal, j));
    const ij = productAt(i, j, gram, gramBytes, starts, neighbours, incident, values, diagonal);
    const ji = productAt(j, i, gram, gramBytes, starts, neighbours, incident, values, diagonal);
    stepEdge(
      e, i, j, si, sj, ti, tj, ij, ji, kinds, values, norms, changes, penalty,
    );
  }
}

/** Steps of the diagonal entries `begin` to `end`, which are independent. */
export function neighbourDiagonals_f64(
  vertices: i32, gram: usize, gramStride: i32, starts: usize, neighbours: usize, incident: usize,
  values: usize, diagonal: usize, norms: usize, diagonalProducts: usize, changes: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  const gramBytes = <usize> gramStride << 3;
  for (let i = begin; i < end; i++) {
    const product = productAt(i, i, gram, gramBytes, starts, neighbours, incident, values, diagonal);
    stepDiagonal(i, load<f64>(f64At(gram + <usize> i * gramBytes, i)), product, diagonal, norms, diagonalProducts, changes);
  }
}

// The same over blocks of S: vertex i has places, itself first, then its neighbours
// in the order of the adjacency, and a block S[places x places], symmetric, contiguous. Beside it stand the products
// y_j . r_i of its places j, kept current: a step along t_ij moves those of i by a row of its block, and those of j.

/** Number of places of vertex i. */
@inline
function sizeOf(starts: usize, i: i32): i32 {
  return u32At(starts, i + 1) - u32At(starts, i) + 1;
}

/** The products of vertex i: the vertices before it have a place more each than they have neighbours. */
@inline
function productsOf(starts: usize, products: usize, i: i32): usize {
  return f64At(products, u32At(starts, i) + i);
}

@inline
function blockOf(places: usize, blocks: usize, i: i32): usize {
  return blocks + (<usize> <u32> u32At(places, i) << 3);
}

/** Copies the blocks of vertices `begin` to `end`. */
export function packGram_f64(
  gram: usize, gramStride: i32, neighbours: usize, starts: usize, places: usize, blocks: usize, _products: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  const gramBytes = <usize> gramStride << 3;
  for (let i = begin; i < end; i++) {
    const size = sizeOf(starts, i), list = neighbours + (<usize> u32At(starts, i) << 2);
    let target = blockOf(places, blocks, i);
    for (let a: i32 = 0; a < size; a++) {
      const row = gram + <usize> (a == 0 ? i : u32At(list, a - 1)) * gramBytes;
      store<f64>(target, load<f64>(f64At(row, i)));
      for (let b: i32 = 1; b < size; b++) store<f64>(f64At(target, b), load<f64>(f64At(row, u32At(list, b - 1))));
      target = f64At(target, size);
    }
  }
}

/** Products of vertices `begin` to `end` from T, `diagonalProducts_i = y_i . r_i` and `norms_i = ||r_i||^2`. */
export function packedNorms_f64(
  starts: usize, places: usize, blocks: usize, products: usize, incident: usize, values: usize, diagonal: usize,
  norms: usize, diagonalProducts: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  for (let i = begin; i < end; i++) {
    const size = sizeOf(starts, i), sums = productsOf(starts, products, i), edges = incident + (<usize> u32At(starts, i) << 2);
    const block = blockOf(places, blocks, i), ti = load<f64>(f64At(diagonal, i));
    memory.fill(sums, 0, <usize> size << 3);
    axpy<f64>(size, ti, block, sums);
    for (let a: i32 = 1; a < size; a++) {
      const value = load<f64>(f64At(values, u32At(edges, a - 1)));
      if (value != 0) axpy<f64>(size, value, f64At(block, a * size), sums);
    }
    let norm = ti * load<f64>(sums);
    for (let a: i32 = 1; a < size; a++) norm += load<f64>(f64At(values, u32At(edges, a - 1))) * load<f64>(f64At(sums, a));
    store<f64>(f64At(diagonalProducts, i), load<f64>(sums));
    store<f64>(f64At(norms, i), norm);
  }
}

/** Steps of the edges `first + begin` to `first + end`; they may be taken at once where no two share a vertex. */
export function packedEdges_f64(
  starts: usize, places: usize, blocks: usize, products: usize, slots: usize, values: usize, diagonal: usize,
  ends: usize, kinds: usize, norms: usize, changes: usize,
  penalty: Penalty, first: i32,
  begin: i32, end: i32, _scratch: usize,
): void {
  for (let e = first + begin; e < first + end; e++) {
    const i = u32At(ends, 2 * e), j = u32At(ends, 2 * e + 1);
    const atI = u32At(slots, 2 * e), atJ = u32At(slots, 2 * e + 1);
    const blockI = blockOf(places, blocks, i), blockJ = blockOf(places, blocks, j);
    const ofI = productsOf(starts, products, i), ofJ = productsOf(starts, products, j);
    const delta = stepEdge(
      e, i, j, load<f64>(blockI), load<f64>(blockJ), load<f64>(f64At(diagonal, i)), load<f64>(f64At(diagonal, j)),
      load<f64>(f64At(ofI, atI)), load<f64>(f64At(ofJ, atJ)),
      kinds, values, norms, changes, penalty,
    );
    if (delta == 0) continue;
    const sizeI = sizeOf(starts, i), sizeJ = sizeOf(starts, j);
    axpyInline<f64>(sizeI, delta, f64At(blockI, atI * sizeI), ofI);
    axpyInline<f64>(sizeJ, delta, f64At(blockJ, atJ * sizeJ), ofJ);
  }
}

/** Steps of the diagonal entries `begin` to `end`, which are independent. */
export function packedDiagonals_f64(
  starts: usize, places: usize, blocks: usize, products: usize, diagonal: usize,
  norms: usize, diagonalProducts: usize, changes: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  for (let i = begin; i < end; i++) {
    const block = blockOf(places, blocks, i), sums = productsOf(starts, products, i);
    const delta = stepDiagonal(i, load<f64>(block), load<f64>(sums), diagonal, norms, diagonalProducts, changes);
    if (delta != 0) axpyInline<f64>(sizeOf(starts, i), delta, block, sums);
  }
}
