// The state of a local search for the supports of several tasks: where its arrays are. Sizes and layout: tasks.ts.

import {
  BLOCK_FROM, BLOCK_GRAM, BLOCK_SAMPLES, BLOCK_WORDS, FIT_DATA,
} from "../../../contract/l0/constants";
import { axpyInline } from "../dense/vector";
import { f64At, u32At } from "./memory";

@unmanaged
export class Search {
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
  views: usize;
  squares: usize;
  sums: usize;
  inverses: usize;
  l: usize;
  u: usize;
  curvatures: usize;
  prices: usize;
  totals: usize;
  /** Tasks that have each feature, and the sum of its coefficients: of all tasks, or of those beside one. [p] each. */
  members: usize;
  pulls: usize;
  variances: usize;
  /** Tasks whose rows, P and d are kept beside one another: all, or one. */
  slots: i32;
  /** Updates of V since it was made, and 1; 0 where it is not known. u32 [K]. */
  ages: usize;
  /** Whether P and d of a task are known. u8 [K]. */
  seen: usize;
  /** The move that gains most. */
  bestLeaving: i32;
  bestEntering: i32;
  /** Of each place, what swaps are compared by: [3, s]. */
  scan: usize;
  /** What the last move takes from each row of P, of the row that leaves and of the one that enters: [K, s] each. */
  sharesOut: usize;
  sharesIn: usize;
  /** V_ii of the place that leaves, 0 for none, and the curvature of the feature that enters: [K, 2]. */
  pivots: usize;
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
  slot(task: i32): i32 {
    return this.slots > 1 ? task : 0;
  }

  /** Where the Gram row of a place is. */
  @inline
  row(task: i32, i: i32): usize {
    return load<u32>(this.rowOf + (<usize> (this.slot(task) * this.capacity + i) << 2));
  }

  /** Row `i` of P. */
  @inline
  products(task: i32, i: i32): usize {
    return this.views + (<usize> (this.slot(task) * this.capacity + i) * this.features << 3);
  }

  /** d of a task. */
  @inline
  d(task: i32): usize {
    return this.curvatures + (<usize> this.slot(task) * this.features << 3);
  }

  @inline
  age(task: i32): i32 {
    return u32At(this.ages, task);
  }

  @inline
  setAge(task: i32, age: i32): void {
    store<i32>(this.ages + (<usize> task << 2), age);
    if (age == 0) store<u8>(this.seen + task, 0);
  }

  @inline
  sees(task: i32): bool {
    return load<u8>(this.seen + task) != 0;
  }

  /** Forgets what is known of the tasks: of all, or of all that have no place of their own beside this one. */
  forget(): void {
    memory.fill(this.ages, 0, <usize> this.tasks << 2);
    memory.fill(this.seen, 0, this.tasks);
  }
}

/** The Gram row of a feature: where it is, or summed from the samples into place `i`. */
export function loadRow(search: Search, task: i32, i: i32, feature: i32): void {
  const p = search.features, block = search.blocks + (<usize> (search.data(task) * BLOCK_WORDS) << 2);
  const known = u32At(block, BLOCK_GRAM);
  let row: usize;
  if (known != 0) row = search.gram + ((<usize> <u32> known - 1 + <usize> feature * p) << 3);
  else {
    row = search.rows + (<usize> (search.slot(task) * search.capacity + i) * p << 3);
    memory.fill(row, 0, <usize> p << 3);
    let sample = search.samples + (<usize> <u32> u32At(block, BLOCK_FROM) << 3);
    for (let n = u32At(block, BLOCK_SAMPLES); n > 0; n--) {
      axpyInline<f64>(p, load<f64>(f64At(sample, feature)), sample, row);
      sample += <usize> p << 3;
    }
  }
  store<u32>(search.rowOf + (<usize> (search.slot(task) * search.capacity + i) << 2), <u32> row);
}

export function loadRows(search: Search, task: i32): void {
  const support = search.support(task);
  for (let i: i32 = 0, count = search.count(task); i < count; i++) loadRow(search, task, i, u32At(support, i));
}

/** The Gram row of one place becomes that of another. */
export function copyRow(search: Search, task: i32, from: i32, to: i32): void {
  const places = search.rowOf + (<usize> (search.slot(task) * search.capacity) << 2), p = search.features;
  const known = u32At(search.blocks + (<usize> (search.data(task) * BLOCK_WORDS) << 2), BLOCK_GRAM);
  if (known != 0) store<u32>(places + (<usize> to << 2), load<u32>(places + (<usize> from << 2)));
  else memory.copy(search.row(task, to), search.row(task, from), <usize> p << 3);
}

/** Marks the support of a task. */
@inline
export function mark(search: Search, task: i32, flag: u8): void {
  const support = search.support(task);
  for (let i: i32 = 0, count = search.count(task); i < count; i++) store<u8>(search.inside + u32At(support, i), flag);
}


/** Counts what the tasks have of each feature: how many, and the sum of its coefficients. */
export function sumShares(search: Search): void {
  const bytes = <usize> search.features << 3;
  memory.fill(search.members, 0, bytes);
  memory.fill(search.pulls, 0, bytes);
  for (let k: i32 = 0; k < search.tasks; k++) addShares(search, k, 1);
}

/** Adds what a task has of each feature, or with sign -1 takes it away; what no task has is exactly 0. */
export function addShares(search: Search, task: i32, sign: f64): void {
  const support = search.support(task), values = search.values(task);
  for (let i: i32 = 0, count = search.count(task); i < count; i++) {
    const at = <usize> u32At(support, i) << 3, members = load<f64>(search.members + at) + sign;
    store<f64>(search.members + at, members);
    const sum = load<f64>(search.pulls + at) + sign * load<f64>(f64At(values, i));
    store<f64>(search.pulls + at, members > 0 ? sum : 0);
  }
}
