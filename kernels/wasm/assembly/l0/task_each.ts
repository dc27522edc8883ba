// Moves of one feature in one task, the others as they are. Notation: tasks.ts.

import {
  DEPENDENT_SHARE, FIT_LEAST_GAIN, FIT_MOVES, FIT_SIZE,
} from "../../../contract/l0/constants";
import { multiplyAdd } from "../simd";
import { f64At, u32At } from "./memory";
import { advance, prepare, solve } from "./task_inverse";
import { addShares, mark, Search, sumShares } from "./task_search";
import { fitTogether } from "./task_together";
import { follow, linearWithPull, view } from "./task_view";

/** Moves in one task, the others as they are. */
function searchOne(search: Search, task: i32): bool {
  const p = search.features, s = search.capacity, size = <i32> search.word(FIT_SIZE);
  const support = search.support(task), values = search.values(task), inverse = search.inverse(task);
  const prices = search.prices, costs = search.costs, inside = search.inside;
  const isApart = search.pull == 0 && search.sharing == 0;
  if (!isApart) addShares(search, task, -1);
  linearWithPull(search, task);
  const alone = search.sharing / 2 * (search.tasks - 1) / search.tasks, shared = search.sharing / search.tasks;
  for (let j: i32 = 0; j < p; j++) store<f64>(f64At(prices, j), alone - shared * load<f64>(f64At(search.members, j)));
  memory.fill(inside, 0, p);
  mark(search, task, 1);
  let changed = false, leaving: i32 = -1, entering: i32 = -1;
  while (true) {
    prepare(search, task);
    solve(search, task, search.l);
    const count = search.count(task), left = leaving, entered = entering;
    leaving = -1;
    entering = -1;
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
      if (left < 0 && entered < 0) view(search, task);
      else follow(search, task, left, entered);
      best(search, task, size);
      leaving = search.bestLeaving;
      entering = search.bestEntering;
    }
    if (leaving < 0 && entering < 0) break;
    const moves = search.word(FIT_MOVES);
    if (moves <= 0) break;
    store<f64>(f64At(search.words, FIT_MOVES), moves - 1);
    changed = true;
    if (leaving >= 0) store<u8>(inside + u32At(support, leaving), 0);
    if (entering >= 0) store<u8>(inside + entering, 1);
    advance(search, task, leaving, entering);
  }
  if (!isApart) addShares(search, task, 1);
  return changed;
}

/** The move that gains most, into `bestLeaving` and `bestEntering`; -1 for none. */
function best(search: Search, task: i32, size: i32): void {
  const p = search.features, s = search.capacity, count = search.count(task), support = search.support(task);
  const values = search.values(task), inverse = search.inverse(task), d = search.d(task), u = search.u;
  const prices = search.prices, inside = search.inside, costs = search.costs;
  let gained = search.word(FIT_LEAST_GAIN), leaving: i32 = -1, entering: i32 = -1;
  if (count < size) {
    for (let j: i32 = 0; j < p; j++) {
      const curvature = load<f64>(f64At(d, j)), correlation = load<f64>(f64At(u, j));
      if (curvature == 0 || correlation == 0 || load<u8>(inside + j) != 0) continue;
      const gain = correlation * correlation / (2 * curvature) - load<f64>(f64At(prices, j));
      if (gain > gained) {
        gained = gain;
        entering = j;
      }
    }
  }
  const bys = search.scan, overs = f64At(bys, s), limits = f64At(overs, s);
  for (let i: i32 = 0; i < count; i++) {
    const variance = load<f64>(f64At(inverse, i * s + i)), own = load<f64>(f64At(prices, u32At(support, i)));
    const cost = load<f64>(f64At(costs, i)) - own;
    store<f64>(f64At(costs, i), cost);
    store<f64>(f64At(bys, i), load<f64>(f64At(values, i)) / variance);
    store<f64>(f64At(overs, i), 1 / variance);
    if (-cost > gained) {
      gained = -cost;
      leaving = i;
      entering = -1;
    }
  }
  raise(limits, costs, count, gained);
  // Features pass by four at a time; few of them gain as much as the best so far.
  const products = search.products(task, 0), wide = <usize> p << 3, whole = p & ~3, twice = f64x2.splat(2);
  for (let j: i32 = 0; j < p; j += 4) {
    const at = <usize> j << 3;
    if (j < whole) {
      const u0 = v128.load(u + at), u1 = v128.load(u + at, 16), d0 = v128.load(d + at), d1 = v128.load(d + at, 16);
      const p0 = f64x2.mul(v128.load(prices + at), twice), p1 = f64x2.mul(v128.load(prices + at, 16), twice);
      let row = products + at, any = i64x2.splat(0);
      for (let i: i32 = 0; i < count; i++, row += wide) {
        const by = v128.load64_splat(f64At(bys, i)), over = v128.load64_splat(f64At(overs, i));
        const limit = v128.load64_splat(f64At(limits, i)), h0 = v128.load(row), h1 = v128.load(row, 16);
        const c0 = multiplyAdd<f64>(by, h0, u0), c1 = multiplyAdd<f64>(by, h1, u1);
        const k0 = multiplyAdd<f64>(f64x2.mul(h0, h0), over, d0), k1 = multiplyAdd<f64>(f64x2.mul(h1, h1), over, d1);
        const above0 = f64x2.gt(f64x2.mul(c0, c0), f64x2.mul(k0, f64x2.add(p0, limit)));
        const above1 = f64x2.gt(f64x2.mul(c1, c1), f64x2.mul(k1, f64x2.add(p1, limit)));
        any = v128.or(any, v128.or(above0, above1));
      }
      if (!v128.any_true(any)) continue;
    }
    const end = min(j + 4, p);
    for (let i: i32 = 0; i < count; i++) {
      const by = load<f64>(f64At(bys, i)), over = load<f64>(f64At(overs, i)), cost = load<f64>(f64At(costs, i));
      for (let lane = j; lane < end; lane++) {
        const gain = swapGain(search, task, i, lane, by, over, cost);
        if (!(gain > gained)) continue;
        gained = gain;
        leaving = i;
        entering = lane;
        raise(limits, costs, count, gained);
      }
    }
  }
  search.bestLeaving = leaving;
  search.bestEntering = entering;
}

/** What `correlation^2 / curvature` must be above, but for the price, so that a swap gains more than the best so far. */
@inline
function raise(limits: usize, costs: usize, count: i32, gained: f64): void {
  for (let i: i32 = 0; i < count; i++) {
    const limit = 2 * (gained + load<f64>(f64At(costs, i)));
    store<f64>(f64At(limits, i), limit - 1e-12 * abs(limit));
  }
}

@inline
function swapGain(search: Search, task: i32, i: i32, j: i32, by: f64, over: f64, cost: f64): f64 {
  if (load<u8>(search.inside + j) != 0) return -Infinity;
  const share = load<f64>(f64At(search.products(task, i), j));
  const curvature = load<f64>(f64At(search.d(task), j)) + share * share * over;
  if (!(curvature > DEPENDENT_SHARE * (load<f64>(f64At(search.diagonalOf(task), j)) + search.rho))) return -Infinity;
  const correlation = load<f64>(f64At(search.u, j)) + by * share;
  if (correlation == 0) return -Infinity;
  return correlation * correlation / (2 * curvature) - cost - load<f64>(f64At(search.prices, j));
}

export function searchEach(search: Search): void {
  // Supports come without coefficients: what the others have must be known before one task is looked at.
  if (search.pull > 0) {
    for (let k: i32 = 0; k < search.tasks; k++) prepare(search, k);
    fitTogether(search);
  }
  sumShares(search);
  // Tasks that share nothing do not wait for one another.
  const apart = search.pull == 0 && search.sharing == 0, tasks = search.tasks;
  // Where supports alone are shared, a task that was looked at since the last change is as it should be.
  let settled: i32 = 0;
  while (search.word(FIT_MOVES) > 0) {
    let changed = false;
    for (let k: i32 = 0; k < tasks; k++) {
      if (search.pull == 0 && settled >= tasks) break;
      settled++;
      if (!searchOne(search, k)) continue;
      changed = true;
      settled = apart ? settled : 1;
    }
    if (search.pull > 0) {
      fitTogether(search);
      sumShares(search);
    }
    if (changed && !apart) continue;
    // What updates of rank one have left is seen by a last look.
    let stale = false;
    for (let k: i32 = 0; k < tasks; k++) {
      if (search.age(k) <= 1) continue;
      search.setAge(k, 0);
      stale = true;
    }
    if (!stale) return;
    settled = 0;
  }
}
