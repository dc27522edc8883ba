// All tasks fitted together, where values are shared. Notation: tasks.ts.

import { JOINT_SHARE, JOINT_STEPS } from "../../../contract/l0/constants";
import { f64At, u32At } from "./memory";
import { product } from "./task_inverse";
import { Search } from "./task_search";

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
export function fitTogether(search: Search): void {
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

