// V of a task, anew and move by move, and the coefficients that it gives. Notation: tasks.ts.

import { DEPENDENT_SHARE } from "../../../contract/l0/constants";
import { f64At, u32At } from "./memory";
import { copyRow, loadRow, loadRows, Search } from "./task_search";

/** Updates after which V is made anew, and the share of a feature's curvature that may be left when it enters. */
const UPDATES: i32 = 12;
const SAFE_SHARE: f64 = 1e-4;

/** G_AA and V of a task, whose rows are loaded; rows of V are 0 for features that depend on those before them. */
export function invert(search: Search, task: i32): void {
  const count = search.count(task), s = search.capacity, support = search.support(task), rho = search.rho;
  const gram = search.gramOf(task), inverse = search.inverse(task), factor = search.factor;
  for (let i: i32 = 0; i < count; i++) {
    const row = search.row(task, i);
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
export function product(count: i32, s: i32, a: usize, x: usize, y: usize): void {
  for (let i: i32 = 0; i < count; i++) {
    let sum: f64 = 0;
    for (let j: i32 = 0; j < count; j++) sum += load<f64>(f64At(a, i * s + j)) * load<f64>(f64At(x, j));
    store<f64>(f64At(y, i), sum);
  }
}

/** b = V l_A. */
export function solve(search: Search, task: i32, l: usize): void {
  const count = search.count(task), support = search.support(task);
  for (let i: i32 = 0; i < count; i++) store<f64>(f64At(search.small, i), load<f64>(f64At(l, u32At(support, i))));
  product(count, search.capacity, search.inverse(task), search.small, search.values(task));
}

/** The feature at a place leaves, one enters at the end, or one takes the place of another: -1 for none. */
export function move(search: Search, task: i32, leaving: i32, entering: i32): void {
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

/** V of a task where it is not known. */
export function prepare(search: Search, task: i32): void {
  if (search.age(task) > 0) return;
  if (search.slots == 1) search.forget();
  loadRows(search, task);
  invert(search, task);
  search.setAge(task, 1);
}

/**
 * Makes a move; V follows by updates of rank one where it is young enough, G_AA always:
 *
 *     i leaves:  V_mn - V_mi V_in / V_ii        j enters, w = P_j, curvature d:  V_mn + w_m w_n / d,  V_mj = -w_m / d,  V_jj = 1 / d
 *
 * What the rows of P take of it is kept for `follow`.
 */
export function advance(search: Search, task: i32, leaving: i32, entering: i32): void {
  const s = search.capacity, before = search.count(task), inverse = search.inverse(task), gram = search.gramOf(task);
  const out = f64At(search.sharesOut, task * s), into = f64At(search.sharesIn, task * s);
  const pivots = f64At(search.pivots, 2 * task);
  const variance = leaving >= 0 ? load<f64>(f64At(inverse, leaving * s + leaving)) : 0;
  let known = search.age(task) > 0 && search.age(task) <= UPDATES && (leaving < 0 || variance > 0);
  if (entering >= 0 && !search.sees(task)) known = false;
  let curvature: f64 = 0;
  if (known) {
    for (let m: i32 = 0; m < before; m++) {
      store<f64>(f64At(out, m), leaving < 0 || m == leaving ? 0 : load<f64>(f64At(inverse, m * s + leaving)) / variance);
    }
    memory.fill(into, 0, <usize> before << 3);
    if (entering >= 0) {
      const share = leaving < 0 ? 0 : load<f64>(f64At(search.products(task, leaving), entering));
      for (let m: i32 = 0; m < before; m++) {
        const own = load<f64>(f64At(search.products(task, m), entering));
        store<f64>(f64At(into, m), m == leaving ? 0 : own - load<f64>(f64At(out, m)) * share);
      }
      curvature = load<f64>(f64At(search.d(task), entering));
      if (leaving >= 0) curvature += share * share / variance;
      const whole = load<f64>(f64At(search.diagonalOf(task), entering)) + search.rho;
      if (!(curvature > SAFE_SHARE * whole)) known = false;
    }
  }
  if (known && leaving >= 0) {
    for (let m: i32 = 0; m < before; m++) {
      const share = load<f64>(f64At(out, m));
      if (share == 0) continue;
      for (let n: i32 = 0; n < before; n++) {
        const at = f64At(inverse, m * s + n);
        store<f64>(at, load<f64>(at) - share * load<f64>(f64At(inverse, leaving * s + n)));
      }
    }
  }
  move(search, task, leaving, entering);
  if (!known) {
    search.setAge(task, 0);
    return;
  }
  search.setAge(task, search.age(task) + 1);
  store<f64>(pivots, variance);
  store<f64>(pivots, curvature, 8);
  if (entering < 0) {
    const last = before - 1;
    if (leaving == last) return;
    copyRow(search, task, last, leaving);
    for (let half: i32 = 0; half < 2; half++) {
      const square = half == 0 ? inverse : gram;
      for (let n: i32 = 0; n < last; n++) {
        const value = n == leaving ? load<f64>(f64At(square, last * s + last)) : load<f64>(f64At(square, last * s + n));
        store<f64>(f64At(square, leaving * s + n), value);
        store<f64>(f64At(square, n * s + leaving), value);
      }
    }
    return;
  }
  const place = leaving < 0 ? before : leaving, count = search.count(task), support = search.support(task);
  loadRow(search, task, place, entering);
  store<f64>(f64At(into, place), -1);
  const row = search.row(task, place);
  for (let m: i32 = 0; m < count; m++) {
    const share = load<f64>(f64At(into, m)) / curvature, entry = load<f64>(f64At(row, u32At(support, m)));
    store<f64>(f64At(gram, place * s + m), entry);
    store<f64>(f64At(gram, m * s + place), entry);
    for (let n: i32 = 0; n < count; n++) {
      const at = f64At(inverse, m * s + n), old = m == place || n == place ? 0 : load<f64>(at);
      store<f64>(at, old + share * load<f64>(f64At(into, n)));
    }
  }
}
