// Local search for the supports of several tasks: the rules are those of kernels/contract/l0/tasks.ts. With the Gram
// matrix G of a support A, rho = ridge + sharing (1 - 1/K), V = (G_AA + rho I)^-1, P = V G_A:
//
//     b = V l_A,   u = l - b G_A,   d = diag(G) + rho - sum_i P_i G_i
//     entry u_j^2 / (2 d_j),   exit -b_i^2 / (2 V_ii),   swap (u_j + b_i P_ij / V_ii)^2 / (2 (d_j + P_ij^2 / V_ii)) - exit
//
// Scratch of one thread, for p features, supports of s and K tasks: the search; rows, P [s, p]; squares, sums, inverses
// [s + 1, p]; l, u, d, prices, totals [p]; V, G_AA [K, s, s]; factor [s, s]; right, r, z, q, direction, before [K, s];
// costs, sums, small [s]; rows of the support, u32 [s]; features before, u32 [s]; inside, u8 [p].

import {
  BLOCK_FROM, BLOCK_GRAM, BLOCK_SAMPLES, BLOCK_WORDS, DEPENDENT_SHARE, FIT_COMMON, FIT_DATA, FIT_LEAST_GAIN, FIT_MOVES,
  FIT_RIDGE, FIT_SIZE, FIT_SUPPORT_SHARING, FIT_VALUE_SHARING, FIT_WORDS, JOINT_SHARE, JOINT_STEPS, SEARCH_BYTES,
} from "../../../contract/l0/constants";
import { axpyInline } from "../dense/vector";
import { multiplyAdd } from "../simd";
import { f64At, u32At } from "./memory";
import { after } from "./relaxation";

@unmanaged
class Search {
  features: i32;
  tasks: i32;
  capacity: i32;
  blocks: usize;
  samples: usize;
  gram: usize;
  linear: usize;
  diagonal: usize;
  /** Words, supports, counts and coefficients of the fit. */
  words: usize;
  supports: usize;
  counts: usize;
  coefficients: usize;
  rho: f64;
  pull: f64;
  sharing: f64;
  rows: usize;
  products: usize;
  squares: usize;
  sums: usize;
  inverses: usize;
  l: usize;
  u: usize;
  d: usize;
  prices: usize;
  totals: usize;
  variances: usize;
  grams: usize;
  factor: usize;
  right: usize;
  r: usize;
  z: usize;
  q: usize;
  direction: usize;
  costs: usize;
  own: usize;
  small: usize;
  valuesBefore: usize;
  rowOf: usize;
  featuresBefore: usize;
  inside: usize;

  @inline
  word(at: i32): f64 {
    return load<f64>(f64At(this.words, at));
  }

  @inline
  data(task: i32): i32 {
    return <i32> this.word(FIT_DATA) * this.tasks + task;
  }

  @inline
  count(task: i32): i32 {
    return u32At(this.counts, task);
  }

  @inline
  setCount(task: i32, count: i32): void {
    store<i32>(this.counts + (<usize> task << 2), count);
  }

  @inline
  support(task: i32): usize {
    return this.supports + (<usize> task * this.capacity << 2);
  }

  @inline
  values(task: i32): usize {
    return f64At(this.coefficients, task * this.capacity);
  }

  @inline
  linearOf(task: i32): usize {
    return this.linear + (<usize> this.data(task) * this.features << 3);
  }

  @inline
  diagonalOf(task: i32): usize {
    return this.diagonal + (<usize> this.data(task) * this.features << 3);
  }

  @inline
  inverse(task: i32): usize {
    return f64At(this.variances, task * this.capacity * this.capacity);
  }

  @inline
  gramOf(task: i32): usize {
    return f64At(this.grams, task * this.capacity * this.capacity);
  }

  @inline
  row(i: i32): usize {
    return load<u32>(this.rowOf + (<usize> i << 2));
  }
}

/** The Gram row of a feature: where it is, or summed from the samples into place `i`. */
function loadRow(search: Search, task: i32, i: i32, feature: i32): void {
  const p = search.features, block = search.blocks + (<usize> (search.data(task) * BLOCK_WORDS) << 2);
  const known = u32At(block, BLOCK_GRAM);
  let row: usize;
  if (known != 0) row = search.gram + ((<usize> <u32> known - 1 + <usize> feature * p) << 3);
  else {
    row = search.rows + (<usize> i * p << 3);
    memory.fill(row, 0, <usize> p << 3);
    let sample = search.samples + (<usize> <u32> u32At(block, BLOCK_FROM) << 3);
    for (let n = u32At(block, BLOCK_SAMPLES); n > 0; n--) {
      axpyInline<f64>(p, load<f64>(f64At(sample, feature)), sample, row);
      sample += <usize> p << 3;
    }
  }
  store<u32>(search.rowOf + (<usize> i << 2), <u32> row);
}

function loadRows(search: Search, task: i32): void {
  const support = search.support(task);
  for (let i: i32 = 0, count = search.count(task); i < count; i++) loadRow(search, task, i, u32At(support, i));
}

/** G_AA and V of a task, whose rows are loaded; rows of V are 0 for features that depend on those before them. */
function invert(search: Search, task: i32): void {
  const count = search.count(task), s = search.capacity, support = search.support(task), rho = search.rho;
  const gram = search.gramOf(task), inverse = search.inverse(task), factor = search.factor;
  for (let i: i32 = 0; i < count; i++) {
    const row = search.row(i);
    for (let j: i32 = 0; j < count; j++) store<f64>(f64At(gram, i * s + j), load<f64>(f64At(row, u32At(support, j))));
  }
  for (let i: i32 = 0; i < count; i++) {
    for (let j: i32 = 0; j <= i; j++) {
      const entry = load<f64>(f64At(gram, i * s + j)), whole = i == j ? entry + rho : entry;
      let sum = whole;
      for (let m: i32 = 0; m < j; m++) sum -= load<f64>(f64At(factor, i * s + m)) * load<f64>(f64At(factor, j * s + m));
      let value: f64;
      if (j < i) {
        const pivot = load<f64>(f64At(factor, j * s + j));
        value = pivot > 0 ? sum / pivot : 0;
      } else value = sum > DEPENDENT_SHARE * whole ? sqrt(sum) : 0;
      store<f64>(f64At(factor, i * s + j), value);
    }
  }
  // L^-1 in the place of L, column by column; then V = L^-T L^-1.
  for (let j: i32 = 0; j < count; j++) {
    const pivot = load<f64>(f64At(factor, j * s + j));
    store<f64>(f64At(search.small, j), pivot > 0 ? 1 / pivot : 0);
  }
  for (let j: i32 = 0; j < count; j++) {
    const first = load<f64>(f64At(search.small, j));
    for (let i = j + 1; i < count; i++) {
      let sum: f64 = 0;
      if (first > 0) {
        sum = load<f64>(f64At(factor, i * s + j)) * first;
        for (let m = j + 1; m < i; m++) sum += load<f64>(f64At(factor, i * s + m)) * load<f64>(f64At(inverse, m * s + j));
      }
      store<f64>(f64At(inverse, i * s + j), -sum * load<f64>(f64At(search.small, i)));
    }
    store<f64>(f64At(inverse, j * s + j), first);
  }
  for (let i: i32 = 0; i < count; i++) {
    for (let j: i32 = 0; j <= i; j++) {
      let sum: f64 = 0;
      for (let m = i; m < count; m++) sum += load<f64>(f64At(inverse, m * s + i)) * load<f64>(f64At(inverse, m * s + j));
      store<f64>(f64At(factor, i * s + j), sum);
    }
  }
  for (let i: i32 = 0; i < count; i++) {
    for (let j: i32 = 0; j <= i; j++) {
      const value = load<f64>(f64At(factor, i * s + j));
      store<f64>(f64At(inverse, i * s + j), value);
      store<f64>(f64At(inverse, j * s + i), value);
    }
  }
}

/** y = A x for a square matrix of `count` rows, `s` apart. */
@inline
function product(count: i32, s: i32, a: usize, x: usize, y: usize): void {
  for (let i: i32 = 0; i < count; i++) {
    let sum: f64 = 0;
    for (let j: i32 = 0; j < count; j++) sum += load<f64>(f64At(a, i * s + j)) * load<f64>(f64At(x, j));
    store<f64>(f64At(y, i), sum);
  }
}

/** b = V l_A. */
function solve(search: Search, task: i32, l: usize): void {
  const count = search.count(task), support = search.support(task);
  for (let i: i32 = 0; i < count; i++) store<f64>(f64At(search.small, i), load<f64>(f64At(l, u32At(support, i))));
  product(count, search.capacity, search.inverse(task), search.small, search.values(task));
}

/** Coefficients of each feature summed over the tasks but one, into `totals`. */
function sumOthers(search: Search, task: i32): void {
  const totals = search.totals;
  memory.fill(totals, 0, <usize> search.features << 3);
  for (let k: i32 = 0; k < search.tasks; k++) {
    if (k == task) continue;
    const support = search.support(k), values = search.values(k);
    for (let i: i32 = 0, count = search.count(k); i < count; i++) {
      const to = f64At(totals, u32At(support, i));
      store<f64>(to, load<f64>(to) + load<f64>(f64At(values, i)));
    }
  }
}

/** `l` of a task: X^T y and the pull of the other tasks. */
function linearWithPull(search: Search, task: i32): void {
  const p = search.features, l = search.l;
  memory.copy(l, search.linearOf(task), <usize> p << 3);
  if (search.pull == 0) return;
  sumOthers(search, task);
  axpyInline<f64>(p, search.pull, search.totals, l);
}

/** Marks the support of a task. */
@inline
function mark(search: Search, task: i32, flag: u8): void {
  const support = search.support(task);
  for (let i: i32 = 0, count = search.count(task); i < count; i++) store<u8>(search.inside + u32At(support, i), flag);
}

/** P, u and d of a task, whose rows are loaded and whose V and coefficients are there. */
function view(search: Search, task: i32): void {
  const p = search.features, s = search.capacity, count = search.count(task), rho = search.rho;
  const inverse = search.inverse(task), values = search.values(task), rowOf = search.rowOf;
  const diagonal = search.diagonalOf(task), l = search.l, u = search.u, d = search.d, products = search.products;
  const whole = p & ~3;
  // Four features at a time: their entries of all rows are read once for two rows of P.
  for (let j: i32 = 0; j < whole; j += 4) {
    const at = <usize> j << 3;
    let i: i32 = 0;
    for (; i + 1 < count; i += 2) {
      const first = f64At(inverse, i * s), second = f64At(inverse, (i + 1) * s);
      let a0 = f64x2.splat(0), a1 = a0, b0 = a0, b1 = a0;
      for (let m: i32 = 0; m < count; m++) {
        const row = <usize> load<u32>(rowOf + (<usize> m << 2)) + at;
        const g0 = v128.load(row), g1 = v128.load(row, 16);
        const v = v128.load64_splat(f64At(first, m)), w = v128.load64_splat(f64At(second, m));
        a0 = multiplyAdd<f64>(v, g0, a0);
        a1 = multiplyAdd<f64>(v, g1, a1);
        b0 = multiplyAdd<f64>(w, g0, b0);
        b1 = multiplyAdd<f64>(w, g1, b1);
      }
      const to = products + (<usize> i * p << 3) + at, next = to + (<usize> p << 3);
      v128.store(to, a0);
      v128.store(to, a1, 16);
      v128.store(next, b0);
      v128.store(next, b1, 16);
    }
    for (; i < count; i++) {
      const first = f64At(inverse, i * s);
      let a0 = f64x2.splat(0), a1 = a0;
      for (let m: i32 = 0; m < count; m++) {
        const row = <usize> load<u32>(rowOf + (<usize> m << 2)) + at;
        const v = v128.load64_splat(f64At(first, m));
        a0 = multiplyAdd<f64>(v, v128.load(row), a0);
        a1 = multiplyAdd<f64>(v, v128.load(row, 16), a1);
      }
      const to = products + (<usize> i * p << 3) + at;
      v128.store(to, a0);
      v128.store(to, a1, 16);
    }
    const plus = f64x2.splat(rho);
    let u0 = v128.load(l + at), u1 = v128.load(l + at, 16);
    let d0 = f64x2.add(v128.load(diagonal + at), plus), d1 = f64x2.add(v128.load(diagonal + at, 16), plus);
    for (let m: i32 = 0; m < count; m++) {
      const row = <usize> load<u32>(rowOf + (<usize> m << 2)) + at, from = products + (<usize> m * p << 3) + at;
      const g0 = v128.load(row), g1 = v128.load(row, 16);
      const b = f64x2.neg(v128.load64_splat(f64At(values, m)));
      u0 = multiplyAdd<f64>(b, g0, u0);
      u1 = multiplyAdd<f64>(b, g1, u1);
      d0 = multiplyAdd<f64>(f64x2.neg(v128.load(from)), g0, d0);
      d1 = multiplyAdd<f64>(f64x2.neg(v128.load(from, 16)), g1, d1);
    }
    v128.store(u + at, u0);
    v128.store(u + at, u1, 16);
    v128.store(d + at, d0);
    v128.store(d + at, d1, 16);
  }
  for (let j = whole; j < p; j++) {
    let correlation = load<f64>(f64At(l, j)), curvature = load<f64>(f64At(diagonal, j)) + rho;
    for (let i: i32 = 0; i < count; i++) {
      let sum: f64 = 0;
      for (let m: i32 = 0; m < count; m++) {
        sum += load<f64>(f64At(inverse, i * s + m)) * load<f64>(f64At(search.row(m), j));
      }
      store<f64>(products + ((<usize> i * p + j) << 3), sum);
      const entry = load<f64>(f64At(search.row(i), j));
      curvature -= sum * entry;
      correlation -= load<f64>(f64At(values, i)) * entry;
    }
    store<f64>(f64At(u, j), correlation);
    store<f64>(f64At(d, j), curvature);
  }
  for (let j: i32 = 0; j < p; j++) {
    if (!(load<f64>(f64At(d, j)) > DEPENDENT_SHARE * (load<f64>(f64At(diagonal, j)) + rho))) store<f64>(f64At(d, j), 0);
  }
}

/** The feature at a place leaves, one enters at the end, or one takes the place of another: -1 for none. */
function move(search: Search, task: i32, leaving: i32, entering: i32): void {
  const count = search.count(task), support = search.support(task), values = search.values(task);
  if (leaving < 0) {
    store<i32>(support + (<usize> count << 2), entering);
    store<f64>(f64At(values, count), 0);
    search.setCount(task, count + 1);
  } else if (entering < 0) {
    store<i32>(support + (<usize> leaving << 2), u32At(support, count - 1));
    store<f64>(f64At(values, leaving), load<f64>(f64At(values, count - 1)));
    search.setCount(task, count - 1);
  } else {
    store<i32>(support + (<usize> leaving << 2), entering);
    store<f64>(f64At(values, leaving), 0);
  }
}

/** Moves in one task, the others as they are. */
function searchOne(search: Search, task: i32): bool {
  const p = search.features, s = search.capacity, size = <i32> search.word(FIT_SIZE), rho = search.rho;
  const support = search.support(task), values = search.values(task), inverse = search.inverse(task);
  const u = search.u, d = search.d, prices = search.prices, costs = search.costs, inside = search.inside;
  const diagonal = search.diagonalOf(task), least = search.word(FIT_LEAST_GAIN);
  linearWithPull(search, task);
  const alone = search.sharing / 2 * (search.tasks - 1) / search.tasks, shared = search.sharing / search.tasks;
  for (let j: i32 = 0; j < p; j++) store<f64>(f64At(prices, j), alone);
  if (search.sharing > 0) {
    for (let k: i32 = 0; k < search.tasks; k++) {
      if (k == task) continue;
      const other = search.support(k);
      for (let i: i32 = 0, count = search.count(k); i < count; i++) {
        const at = f64At(prices, u32At(other, i));
        store<f64>(at, load<f64>(at) - shared);
      }
    }
  }
  loadRows(search, task);
  memory.fill(inside, 0, p);
  mark(search, task, 1);
  let changed = false;
  while (true) {
    invert(search, task);
    solve(search, task, search.l);
    const count = search.count(task);
    let leaving: i32 = -1, entering: i32 = -1;
    for (let i: i32 = 0; i < count; i++) {
      const variance = load<f64>(f64At(inverse, i * s + i)), value = load<f64>(f64At(values, i));
      if (variance == 0 && leaving < 0) leaving = i;
      store<f64>(f64At(costs, i), variance > 0 ? value * value / (2 * variance) : 0);
    }
    if (leaving < 0 && count > size) {
      let lowest: f64 = Infinity;
      for (let i: i32 = 0; i < count; i++) {
        const cost = load<f64>(f64At(costs, i)) - load<f64>(f64At(prices, u32At(support, i)));
        if (cost < lowest) {
          lowest = cost;
          leaving = i;
        }
      }
    }
    if (leaving < 0) {
      view(search, task);
      let best = least;
      if (count < size) {
        for (let j: i32 = 0; j < p; j++) {
          const curvature = load<f64>(f64At(d, j)), correlation = load<f64>(f64At(u, j));
          if (curvature == 0 || correlation == 0 || load<u8>(inside + j) != 0) continue;
          const gain = correlation * correlation / (2 * curvature) - load<f64>(f64At(prices, j));
          if (gain > best) {
            best = gain;
            entering = j;
          }
        }
      }
      for (let i: i32 = 0; i < count; i++) {
        const variance = load<f64>(f64At(inverse, i * s + i)), own = load<f64>(f64At(prices, u32At(support, i)));
        const cost = load<f64>(f64At(costs, i)) - own, by = load<f64>(f64At(values, i)) / variance;
        if (-cost > best) {
          best = -cost;
          leaving = i;
          entering = -1;
        }
        const row = search.products + (<usize> i * p << 3), byLanes = f64x2.splat(by), over = f64x2.splat(1 / variance);
        let limit = f64x2.splat(2 * (best + cost) * (1 - 1e-12)), j: i32 = 0;
        const twice = f64x2.splat(2);
        for (; j + 1 < p; j += 2) {
          const at = <usize> j << 3, share = v128.load(row + at);
          const correlation = multiplyAdd<f64>(byLanes, share, v128.load(u + at));
          const curvature = multiplyAdd<f64>(f64x2.mul(share, share), over, v128.load(d + at));
          const needed = f64x2.mul(curvature, multiplyAdd<f64>(twice, v128.load(prices + at), limit));
          if (!v128.any_true(f64x2.gt(f64x2.mul(correlation, correlation), needed))) continue;
          for (let lane: i32 = j; lane < j + 2; lane++) {
            const gain = swapGain(search, lane, row, by, variance, cost, diagonal, rho);
            if (gain > best) {
              best = gain;
              leaving = i;
              entering = lane;
              limit = f64x2.splat(2 * (best + cost) * (1 - 1e-12));
            }
          }
        }
        for (; j < p; j++) {
          const gain = swapGain(search, j, row, by, variance, cost, diagonal, rho);
          if (gain > best) {
            best = gain;
            leaving = i;
            entering = j;
          }
        }
      }
    }
    const left = search.word(FIT_MOVES);
    if (leaving < 0 && entering < 0 || left <= 0) break;
    store<f64>(f64At(search.words, FIT_MOVES), left - 1);
    changed = true;
    const place = leaving < 0 ? count : leaving;
    if (leaving >= 0) store<u8>(inside + u32At(support, leaving), 0);
    move(search, task, leaving, entering);
    if (entering >= 0) {
      store<u8>(inside + entering, 1);
      loadRow(search, task, place, entering);
    } else if (place < count - 1) loadRow(search, task, place, u32At(support, place));
  }
  return changed;
}

@inline
function swapGain(
  search: Search, j: i32, row: usize, by: f64, variance: f64, cost: f64, diagonal: usize, rho: f64,
): f64 {
  if (load<u8>(search.inside + j) != 0) return -Infinity;
  const share = load<f64>(f64At(row, j)), curvature = load<f64>(f64At(search.d, j)) + share * share / variance;
  if (!(curvature > DEPENDENT_SHARE * (load<f64>(f64At(diagonal, j)) + rho))) return -Infinity;
  const correlation = load<f64>(f64At(search.u, j)) + by * share;
  if (correlation == 0) return -Infinity;
  return correlation * correlation / (2 * curvature) - cost - load<f64>(f64At(search.prices, j));
}

function searchEach(search: Search): void {
  // Supports come without coefficients: what the others have must be known before one task is looked at.
  if (search.pull > 0) {
    for (let k: i32 = 0; k < search.tasks; k++) {
      loadRows(search, k);
      invert(search, k);
    }
    fitTogether(search);
  }
  while (true) {
    let changed = false;
    for (let k: i32 = 0; k < search.tasks; k++) if (searchOne(search, k)) changed = true;
    if (search.pull > 0) fitTogether(search);
    // Tasks that share nothing do not wait for one another.
    if (!changed || search.word(FIT_MOVES) <= 0 || search.pull == 0 && search.sharing == 0) return;
  }
}

/** q = H x over all tasks: the tasks' own matrices and ridge, less the pull of the others. */
function apply(search: Search, x: usize, q: usize): void {
  const s = search.capacity, totals = search.totals;
  for (let k: i32 = 0; k < search.tasks; k++) {
    const support = search.support(k);
    for (let i: i32 = 0, count = search.count(k); i < count; i++) store<f64>(f64At(totals, u32At(support, i)), 0);
  }
  for (let k: i32 = 0; k < search.tasks; k++) {
    const support = search.support(k);
    for (let i: i32 = 0, count = search.count(k); i < count; i++) {
      const to = f64At(totals, u32At(support, i));
      store<f64>(to, load<f64>(to) + load<f64>(f64At(x, k * s + i)));
    }
  }
  for (let k: i32 = 0; k < search.tasks; k++) {
    const support = search.support(k), count = search.count(k), own = f64At(x, k * s), to = f64At(q, k * s);
    product(count, s, search.gramOf(k), own, to);
    for (let i: i32 = 0; i < count; i++) {
      const value = load<f64>(f64At(own, i)), others = load<f64>(f64At(totals, u32At(support, i))) - value;
      store<f64>(f64At(to, i), load<f64>(f64At(to, i)) + search.rho * value - search.pull * others);
    }
  }
}

/** z = V r, task by task; returns r . z. */
function precondition(search: Search, r: usize, z: usize): f64 {
  const s = search.capacity;
  let sum: f64 = 0;
  for (let k: i32 = 0; k < search.tasks; k++) {
    const count = search.count(k);
    product(count, s, search.inverse(k), f64At(r, k * s), f64At(z, k * s));
    for (let i = k * s; i < k * s + count; i++) sum += load<f64>(f64At(r, i)) * load<f64>(f64At(z, i));
  }
  return sum;
}

/** All tasks fitted together on their supports, by conjugate gradients preconditioned by the tasks' V. */
function fitTogether(search: Search): void {
  const s = search.capacity, tasks = search.tasks, right = search.right, x = search.coefficients, r = search.r;
  const z = search.z, q = search.q, direction = search.direction;
  for (let k: i32 = 0; k < tasks; k++) {
    const support = search.support(k), l = search.linearOf(k), inverse = search.inverse(k);
    for (let i: i32 = 0, count = search.count(k); i < count; i++) {
      const at = k * s + i;
      store<f64>(f64At(right, at), load<f64>(f64At(l, u32At(support, i))));
      if (load<f64>(f64At(inverse, i * s + i)) == 0) store<f64>(f64At(x, at), 0);
    }
  }
  apply(search, x, q);
  for (let k: i32 = 0; k < tasks; k++) {
    for (let at = k * s, end = k * s + search.count(k); at < end; at++) {
      store<f64>(f64At(r, at), load<f64>(f64At(right, at)) - load<f64>(f64At(q, at)));
    }
  }
  const least = JOINT_SHARE * precondition(search, right, z);
  let rz = precondition(search, r, z);
  for (let k: i32 = 0; k < tasks; k++) {
    memory.copy(f64At(direction, k * s), f64At(z, k * s), <usize> search.count(k) << 3);
  }
  for (let step: i32 = 0; step < JOINT_STEPS && rz > least; step++) {
    apply(search, direction, q);
    let inner: f64 = 0;
    for (let k: i32 = 0; k < tasks; k++) {
      for (let at = k * s, end = k * s + search.count(k); at < end; at++) {
        inner += load<f64>(f64At(direction, at)) * load<f64>(f64At(q, at));
      }
    }
    const alpha = rz / inner;
    for (let k: i32 = 0; k < tasks; k++) {
      for (let at = k * s, end = k * s + search.count(k); at < end; at++) {
        store<f64>(f64At(x, at), load<f64>(f64At(x, at)) + alpha * load<f64>(f64At(direction, at)));
        store<f64>(f64At(r, at), load<f64>(f64At(r, at)) - alpha * load<f64>(f64At(q, at)));
      }
    }
    const next = precondition(search, r, z), beta = next / rz;
    for (let k: i32 = 0; k < tasks; k++) {
      for (let at = k * s, end = k * s + search.count(k); at < end; at++) {
        store<f64>(f64At(direction, at), load<f64>(f64At(z, at)) + beta * load<f64>(f64At(direction, at)));
      }
    }
    rz = next;
  }
}

/** What each feature would gain in all tasks, beside the support (row `count`) or in the place of one of its features. */
function accumulate(search: Search, task: i32): void {
  const p = search.features, s = search.capacity, count = search.count(task), rho = search.rho, pull = search.pull;
  const inverse = search.inverse(task), values = search.values(task), diagonal = search.diagonalOf(task);
  const u = search.u, d = search.d;
  for (let i: i32 = 0; i <= count; i++) {
    const variance = i < count ? load<f64>(f64At(inverse, i * s + i)) : 0;
    const value = variance > 0 ? load<f64>(f64At(values, i)) : 0, over = variance > 0 ? 1 / variance : 0;
    if (variance > 0) {
      const cost = f64At(search.costs, i), own = f64At(search.own, i);
      store<f64>(cost, load<f64>(cost) + (over + pull) * value * value);
      store<f64>(own, load<f64>(own) + value);
    }
    const row = search.products + (<usize> (i < count ? i : 0) * p << 3), offset = <usize> i * p << 3;
    const squares = search.squares + offset, sums = search.sums + offset, inverses = search.inverses + offset;
    for (let j: i32 = 0; j < p; j++) {
      const share = variance > 0 ? load<f64>(f64At(row, j)) : 0;
      const curvature = load<f64>(f64At(d, j)) + share * share * over;
      if (!(curvature > DEPENDENT_SHARE * (load<f64>(f64At(diagonal, j)) + rho))) continue;
      const correlation = load<f64>(f64At(u, j)) + value * over * share;
      const inverted = 1 / (curvature + pull), part = correlation * inverted;
      store<f64>(f64At(squares, j), load<f64>(f64At(squares, j)) + part * correlation);
      if (pull == 0) continue;
      store<f64>(f64At(sums, j), load<f64>(f64At(sums, j)) + part);
      store<f64>(f64At(inverses, j), load<f64>(f64At(inverses, j)) + inverted);
    }
  }
}

@inline
function groupGain(search: Search, at: usize): f64 {
  const square = load<f64>(search.squares + at);
  if (search.pull == 0) return square / 2;
  const sum = load<f64>(search.sums + at);
  return (square + search.pull * sum * sum / (1 - search.pull * load<f64>(search.inverses + at))) / 2;
}

@inline
function groupCost(search: Search, i: i32): f64 {
  const own = load<f64>(f64At(search.own, i));
  return (load<f64>(f64At(search.costs, i)) - search.pull * own * own) / 2;
}

/** The support of the first task becomes that of all. */
function share(search: Search): void {
  const count = search.count(0);
  for (let k: i32 = 1; k < search.tasks; k++) {
    memory.copy(search.support(k), search.support(0), <usize> count << 2);
    search.setCount(k, count);
  }
}

function searchCommon(search: Search): void {
  const p = search.features, s = search.capacity, tasks = search.tasks, size = <i32> search.word(FIT_SIZE);
  const least = search.word(FIT_LEAST_GAIN), inside = search.inside, support = search.support(0);
  let known = false, before: f64 = 0, countBefore: i32 = 0;
  while (true) {
    share(search);
    const count = search.count(0);
    for (let k: i32 = 0; k < tasks; k++) {
      loadRows(search, k);
      invert(search, k);
      solve(search, k, search.linearOf(k));
    }
    if (search.pull > 0) fitTogether(search);
    let value: f64 = 0;
    for (let k: i32 = 0; k < tasks; k++) {
      const l = search.linearOf(k), values = search.values(k);
      for (let i: i32 = 0; i < count; i++) value -= load<f64>(f64At(values, i)) * load<f64>(f64At(l, u32At(support, i))) / 2;
    }
    if (known && !(value < before - least)) {
      // The move gains nothing once all is fitted again.
      search.setCount(0, countBefore);
      memory.copy(support, search.featuresBefore, <usize> countBefore << 2);
      share(search);
      memory.copy(search.coefficients, search.valuesBefore, <usize> (tasks * s) << 3);
      return;
    }
    const bytes = <usize> (count + 1) * p << 3;
    memory.fill(search.squares, 0, bytes);
    memory.fill(search.sums, 0, bytes);
    memory.fill(search.inverses, 0, bytes);
    memory.fill(search.costs, 0, <usize> count << 3);
    memory.fill(search.own, 0, <usize> count << 3);
    for (let k: i32 = 0; k < tasks; k++) {
      loadRows(search, k);
      linearWithPull(search, k);
      view(search, k);
      accumulate(search, k);
    }
    let leaving: i32 = -1, entering: i32 = -1;
    const forced = count > size;
    if (forced) {
      let lowest: f64 = Infinity;
      for (let i: i32 = 0; i < count; i++) {
        const cost = groupCost(search, i);
        if (cost < lowest) {
          lowest = cost;
          leaving = i;
        }
      }
    } else {
      memory.fill(inside, 0, p);
      mark(search, 0, 1);
      let best = least;
      for (let i: i32 = count < size ? -1 : 0; i < count; i++) {
        const cost = i < 0 ? 0 : groupCost(search, i), from = <usize> (i < 0 ? count : i) * p;
        for (let j: i32 = 0; j < p; j++) {
          if (load<u8>(inside + j) != 0) continue;
          const gain = groupGain(search, (from + j) << 3) - cost;
          if (gain > best) {
            best = gain;
            leaving = i;
            entering = j;
          }
        }
      }
    }
    const left = search.word(FIT_MOVES);
    if (leaving < 0 && entering < 0 || left <= 0) return;
    store<f64>(f64At(search.words, FIT_MOVES), left - 1);
    known = !forced;
    before = value;
    countBefore = count;
    memory.copy(search.featuresBefore, support, <usize> count << 2);
    memory.copy(search.valuesBefore, search.coefficients, <usize> (tasks * s) << 3);
    move(search, 0, leaving, entering);
  }
}

export function taskMoves_f64(
  tasks: i32, features: i32, capacity: i32, fits: usize, blocks: usize, samples: usize, gram: usize, linear: usize,
  diagonal: usize, supports: usize, counts: usize, coefficients: usize,
  begin: i32, end: i32, scratch: usize,
): i32 {
  if (offsetof<Search>() > <usize> SEARCH_BYTES) ERROR("The search does not fit in its part of the scratch.");
  const search = changetype<Search>(scratch);
  const p = <usize> features << 3, s = <usize> capacity, row = s << 3, all = <usize> tasks * row, square = <usize> tasks * s * row;
  search.features = features;
  search.tasks = tasks;
  search.capacity = capacity;
  search.blocks = blocks;
  search.samples = samples;
  search.gram = gram;
  search.linear = linear;
  search.diagonal = diagonal;
  search.rows = after(scratch, SEARCH_BYTES);
  search.products = after(search.rows, s * p);
  search.squares = after(search.products, s * p);
  search.sums = after(search.squares, (s + 1) * p);
  search.inverses = after(search.sums, (s + 1) * p);
  search.l = after(search.inverses, (s + 1) * p);
  search.u = after(search.l, p);
  search.d = after(search.u, p);
  search.prices = after(search.d, p);
  search.totals = after(search.prices, p);
  search.variances = after(search.totals, p);
  search.grams = after(search.variances, square);
  search.factor = after(search.grams, square);
  search.right = after(search.factor, s * row);
  search.r = after(search.right, all);
  search.z = after(search.r, all);
  search.q = after(search.z, all);
  search.direction = after(search.q, all);
  search.valuesBefore = after(search.direction, all);
  search.costs = after(search.valuesBefore, all);
  search.own = after(search.costs, row);
  search.small = after(search.own, row);
  search.rowOf = after(search.small, row);
  search.featuresBefore = after(search.rowOf, s << 2);
  search.inside = after(search.featuresBefore, s << 2);
  let made: f64 = 0;
  for (let fit = begin; fit < end; fit++) {
    const first = <usize> fit * tasks;
    search.words = f64At(fits, fit * FIT_WORDS);
    if (search.word(FIT_MOVES) <= 0) continue;
    search.supports = supports + (first * s << 2);
    search.counts = counts + (first << 2);
    search.coefficients = coefficients + first * row;
    const sharing = search.word(FIT_VALUE_SHARING), before = search.word(FIT_MOVES);
    search.rho = search.word(FIT_RIDGE) + sharing * (1 - 1 / <f64> tasks);
    search.pull = sharing / <f64> tasks;
    search.sharing = search.word(FIT_SUPPORT_SHARING);
    if (search.word(FIT_COMMON) != 0) searchCommon(search);
    else searchEach(search);
    made += before - search.word(FIT_MOVES);
  }
  return <i32> made;
}
