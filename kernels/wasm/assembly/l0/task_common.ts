// Moves of one feature in all tasks at once. Notation: tasks.ts.

import { DEPENDENT_SHARE, FIT_LEAST_GAIN, FIT_MOVES, FIT_SIZE } from "../../../contract/l0/constants";
import { f64At, u32At } from "./memory";
import { advance, prepare, solve } from "./task_inverse";
import { addShares, mark, Search, sumShares } from "./task_search";
import { fitTogether } from "./task_together";
import { follow, linearWithPull, view } from "./task_view";

/** What each feature would gain in all tasks, beside the support (row `count`) or in the place of one of its features. */
function accumulate(search: Search, task: i32): void {
  const p = search.features, s = search.capacity, count = search.count(task), rho = search.rho, pull = search.pull;
  const inverse = search.inverse(task), values = search.values(task), diagonal = search.diagonalOf(task);
  const u = search.u, d = search.d(task);
  for (let i: i32 = 0; i <= count; i++) {
    const variance = i < count ? load<f64>(f64At(inverse, i * s + i)) : 0;
    const value = variance > 0 ? load<f64>(f64At(values, i)) : 0, over = variance > 0 ? 1 / variance : 0;
    if (variance > 0) {
      const cost = f64At(search.costs, i), own = f64At(search.own, i);
      store<f64>(cost, load<f64>(cost) + (over + pull) * value * value);
      store<f64>(own, load<f64>(own) + value);
    }
    const row = search.products(task, i < count ? i : 0), offset = <usize> i * p << 3;
    const squares = search.squares + offset, sums = search.sums + offset, inverses = search.inverses + offset;
    const by = value * over, whole = p & ~1;
    const leastShare = f64x2.splat(DEPENDENT_SHARE), more = f64x2.splat(rho), pulls = f64x2.splat(pull);
    const bys = f64x2.splat(by), overs = f64x2.splat(over), taken = i64x2.splat(variance > 0 ? -1 : 0), one = f64x2.splat(1);
    for (let j: i32 = 0; j < whole; j += 2) {
      const at = <usize> j << 3, share = v128.and(v128.load(row + at), taken);
      const curvature = f64x2.add(v128.load(d + at), f64x2.mul(f64x2.mul(share, share), overs));
      const least = f64x2.mul(leastShare, f64x2.add(v128.load(diagonal + at), more));
      const inverted = v128.and(f64x2.gt(curvature, least), f64x2.div(one, f64x2.add(curvature, pulls)));
      const correlation = f64x2.add(v128.load(u + at), f64x2.mul(bys, share)), part = f64x2.mul(correlation, inverted);
      v128.store(squares + at, f64x2.add(v128.load(squares + at), f64x2.mul(part, correlation)));
      if (pull == 0) continue;
      v128.store(sums + at, f64x2.add(v128.load(sums + at), part));
      v128.store(inverses + at, f64x2.add(v128.load(inverses + at), inverted));
    }
    for (let j = whole; j < p; j++) {
      const share = variance > 0 ? load<f64>(f64At(row, j)) : 0, curvature = load<f64>(f64At(d, j)) + share * share * over;
      if (!(curvature > DEPENDENT_SHARE * (load<f64>(f64At(diagonal, j)) + rho))) continue;
      const correlation = load<f64>(f64At(u, j)) + by * share;
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

export function searchCommon(search: Search): void {
  const p = search.features, s = search.capacity, tasks = search.tasks, size = <i32> search.word(FIT_SIZE);
  const least = search.word(FIT_LEAST_GAIN), inside = search.inside, support = search.support(0);
  let known = false, before: f64 = 0, countBefore: i32 = 0, leaving: i32 = -1, entering: i32 = -1;
  share(search);
  while (true) {
    const count = search.count(0);
    for (let k: i32 = 0; k < tasks; k++) {
      prepare(search, k);
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
    if (search.pull > 0) sumShares(search);
    for (let k: i32 = 0; k < tasks; k++) {
      prepare(search, k);
      if (search.pull > 0) addShares(search, k, -1);
      linearWithPull(search, k);
      if (search.pull > 0) addShares(search, k, 1);
      if (leaving < 0 && entering < 0) view(search, k);
      else follow(search, k, leaving, entering);
      accumulate(search, k);
    }
    leaving = -1;
    entering = -1;
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
    if (leaving < 0 && entering < 0) {
      // What updates of rank one have left is seen by the last look.
      if (!updated(search)) return;
      search.forget();
      known = false;
      continue;
    }
    const left = search.word(FIT_MOVES);
    if (left <= 0) return;
    store<f64>(f64At(search.words, FIT_MOVES), left - 1);
    known = !forced;
    before = value;
    countBefore = count;
    memory.copy(search.featuresBefore, support, <usize> count << 2);
    memory.copy(search.valuesBefore, search.coefficients, <usize> (tasks * s) << 3);
    for (let k: i32 = 0; k < tasks; k++) advance(search, k, leaving, entering);
  }
}

/** Whether any V is not as it was made. */
function updated(search: Search): bool {
  for (let k: i32 = 0; k < search.tasks; k++) if (search.age(k) > 1) return true;
  return false;
}
