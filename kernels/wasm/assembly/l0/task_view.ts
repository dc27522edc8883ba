// What a support says of every feature: P, u and d of a task, anew and move by move. Notation: tasks.ts.

import { DEPENDENT_SHARE } from "../../../contract/l0/constants";
import { axpyInline } from "../dense/vector";
import { multiplyAdd } from "../simd";
import { f64At, u32At } from "./memory";
import { Search } from "./task_search";

/** `l` of a task: X^T y and the pull of the other tasks, once its own shares are taken from theirs. */
export function linearWithPull(search: Search, task: i32): void {
  const p = search.features, l = search.l;
  memory.copy(l, search.linearOf(task), <usize> p << 3);
  if (search.pull > 0) axpyInline<f64>(p, search.pull, search.pulls, l);
}

/** P, u and d of a task by its V and coefficients, given `l`: u alone where P and d are known. */
export function view(search: Search, task: i32): void {
  if (search.sees(task)) return correlate(search, task);
  look(search, task);
  store<u8>(search.seen + task, 1);
  settle(search, task);
}

/** u = l - b G_A. */
function correlate(search: Search, task: i32): void {
  const values = search.values(task), bytes = <usize> search.features << 3;
  memory.copy(search.u, search.l, bytes);
  for (let i: i32 = 0, count = search.count(task); i < count; i++) {
    axpyInline<f64>(search.features, -load<f64>(f64At(values, i)), search.row(task, i), search.u);
  }
}

/** Curvatures that are rounding become 0. */
function settle(search: Search, task: i32): void {
  const d = search.d(task), diagonal = search.diagonalOf(task), rho = search.rho;
  for (let j: i32 = 0; j < search.features; j++) {
    if (!(load<f64>(f64At(d, j)) > DEPENDENT_SHARE * (load<f64>(f64At(diagonal, j)) + rho))) store<f64>(f64At(d, j), 0);
  }
}

/** P, u and d of a task, whose V and coefficients are there. */
function look(search: Search, task: i32): void {
  const p = search.features, s = search.capacity, count = search.count(task), rho = search.rho;
  const inverse = search.inverse(task), values = search.values(task);
  const rowOf = search.rowOf + (<usize> (search.slot(task) * s) << 2);
  const diagonal = search.diagonalOf(task), l = search.l, u = search.u, d = search.d(task);
  const products = search.products(task, 0);
  const whole = p & ~3;
  // Four features at a time: their entries of all rows are read once for four rows of P.
  for (let j: i32 = 0; j < whole; j += 4) {
    const at = <usize> j << 3;
    let i: i32 = 0;
    for (; i + 3 < count; i += 4) {
      const v = f64At(inverse, i * s), w = f64At(v, s), x = f64At(w, s), y = f64At(x, s);
      let a0 = f64x2.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, e0 = a0, e1 = a0;
      for (let m: i32 = 0; m < count; m++) {
        const row = <usize> load<u32>(rowOf + (<usize> m << 2)) + at;
        const g0 = v128.load(row), g1 = v128.load(row, 16);
        const first = v128.load64_splat(f64At(v, m)), second = v128.load64_splat(f64At(w, m));
        a0 = multiplyAdd<f64>(first, g0, a0);
        a1 = multiplyAdd<f64>(first, g1, a1);
        b0 = multiplyAdd<f64>(second, g0, b0);
        b1 = multiplyAdd<f64>(second, g1, b1);
        const third = v128.load64_splat(f64At(x, m)), fourth = v128.load64_splat(f64At(y, m));
        c0 = multiplyAdd<f64>(third, g0, c0);
        c1 = multiplyAdd<f64>(third, g1, c1);
        e0 = multiplyAdd<f64>(fourth, g0, e0);
        e1 = multiplyAdd<f64>(fourth, g1, e1);
      }
      const wide = <usize> p << 3;
      let to = products + (<usize> i * p << 3) + at;
      v128.store(to, a0);
      v128.store(to, a1, 16);
      to += wide;
      v128.store(to, b0);
      v128.store(to, b1, 16);
      to += wide;
      v128.store(to, c0);
      v128.store(to, c1, 16);
      to += wide;
      v128.store(to, e0);
      v128.store(to, e1, 16);
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
        sum += load<f64>(f64At(inverse, i * s + m)) * load<f64>(f64At(search.row(task, m), j));
      }
      store<f64>(products + ((<usize> i * p + j) << 3), sum);
      const entry = load<f64>(f64At(search.row(task, i), j));
      curvature -= sum * entry;
      correlation -= load<f64>(f64At(values, i)) * entry;
    }
    store<f64>(f64At(u, j), correlation);
    store<f64>(f64At(d, j), curvature);
  }
}

/**
 * P, u and d after a move that V has followed. With the row `P_i` that leaves, shares `f`, and `r = g - w G_A` of the feature
 * that enters, `q = r / D`:
 *
 *     P_m - f_m P_i - w_m q,   P_e = q,   d + P_i^2 / V_ii - D q^2,   u = l - b G_A
 */
export function follow(search: Search, task: i32, leaving: i32, entering: i32): void {
  if (!search.sees(task)) return view(search, task);
  const p = search.features, s = search.capacity, count = search.count(task);
  const before = entering < 0 ? count + 1 : leaving < 0 ? count - 1 : count;
  const out = f64At(search.sharesOut, task * s), into = f64At(search.sharesIn, task * s);
  const pivots = f64At(search.pivots, 2 * task), values = search.values(task);
  const variance = load<f64>(pivots), curvature = load<f64>(pivots, 8);
  const products = search.products(task, 0), d = search.d(task), l = search.l, u = search.u;
  const rowOf = search.rowOf + (<usize> (search.slot(task) * s) << 2), wide = <usize> p << 3;
  const place = leaving < 0 ? before : leaving;
  const left = products + <usize> place * wide, over = leaving < 0 ? 0 : 1 / variance;
  const enters = entering >= 0, leaves = leaving >= 0, whole = p & ~3;
  for (let j: i32 = 0; j < whole; j += 4) {
    const at = <usize> j << 3;
    let q0 = f64x2.splat(0), q1 = q0, h0 = q0, h1 = q0;
    let d0 = v128.load(d + at), d1 = v128.load(d + at, 16);
    if (leaves) {
      h0 = v128.load(left + at);
      h1 = v128.load(left + at, 16);
      const by = f64x2.splat(over);
      d0 = multiplyAdd<f64>(f64x2.mul(h0, h0), by, d0);
      d1 = multiplyAdd<f64>(f64x2.mul(h1, h1), by, d1);
    }
    if (enters) {
      let u0 = v128.load(l + at), u1 = v128.load(l + at, 16);
      for (let m: i32 = 0; m < count; m++) {
        const row = <usize> load<u32>(rowOf + (<usize> m << 2)) + at;
        const g0 = v128.load(row), g1 = v128.load(row, 16);
        // The share of the place that enters is -1.
        const w = f64x2.neg(v128.load64_splat(f64At(into, m))), b = f64x2.neg(v128.load64_splat(f64At(values, m)));
        q0 = multiplyAdd<f64>(w, g0, q0);
        q1 = multiplyAdd<f64>(w, g1, q1);
        u0 = multiplyAdd<f64>(b, g0, u0);
        u1 = multiplyAdd<f64>(b, g1, u1);
      }
      v128.store(u + at, u0);
      v128.store(u + at, u1, 16);
      const by = f64x2.splat(1 / curvature), less = f64x2.splat(-curvature);
      q0 = f64x2.mul(q0, by);
      q1 = f64x2.mul(q1, by);
      d0 = multiplyAdd<f64>(f64x2.mul(q0, q0), less, d0);
      d1 = multiplyAdd<f64>(f64x2.mul(q1, q1), less, d1);
    }
    v128.store(d + at, d0);
    v128.store(d + at, d1, 16);
    let row = products + at;
    for (let m: i32 = 0; m < before; m++, row += wide) {
      if (m == leaving) continue;
      const f = f64x2.neg(v128.load64_splat(f64At(out, m))), w = f64x2.neg(v128.load64_splat(f64At(into, m)));
      v128.store(row, multiplyAdd<f64>(w, q0, multiplyAdd<f64>(f, h0, v128.load(row))));
      v128.store(row, multiplyAdd<f64>(w, q1, multiplyAdd<f64>(f, h1, v128.load(row, 16))), 16);
    }
    if (enters) {
      v128.store(left + at, q0);
      v128.store(left + at, q1, 16);
    }
  }
  for (let j = whole; j < p; j++) {
    const h = leaves ? load<f64>(f64At(left, j)) : 0;
    let q: f64 = 0, curvatureOf = load<f64>(f64At(d, j)) + h * h * over;
    if (enters) {
      let correlation = load<f64>(f64At(l, j));
      for (let m: i32 = 0; m < count; m++) {
        const entry = load<f64>(f64At(search.row(task, m), j));
        q -= load<f64>(f64At(into, m)) * entry;
        correlation -= load<f64>(f64At(values, m)) * entry;
      }
      store<f64>(f64At(u, j), correlation);
      q /= curvature;
      curvatureOf -= curvature * q * q;
    }
    store<f64>(f64At(d, j), curvatureOf);
    for (let m: i32 = 0; m < before; m++) {
      if (m == leaving) continue;
      const to = f64At(search.products(task, m), j);
      store<f64>(to, load<f64>(to) - load<f64>(f64At(out, m)) * h - load<f64>(f64At(into, m)) * q);
    }
    if (enters) store<f64>(f64At(left, j), q);
  }
  settle(search, task);
  if (enters) return;
  if (leaving < before - 1) memory.copy(left, search.products(task, before - 1), wide);
  correlate(search, task);
}
