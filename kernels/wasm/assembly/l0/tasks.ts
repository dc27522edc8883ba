// Local search for the supports of several tasks: the rules are those of kernels/contract/l0/tasks.ts. With the Gram
// matrix G of a support A, rho = ridge + sharing (1 - 1/K), V = (G_AA + rho I)^-1, P = V G_A:
//
//     b = V l_A,   u = l - b G_A,   d = diag(G) + rho - sum_i P_i G_i
//     entry u_j^2 / (2 d_j),   exit -b_i^2 / (2 V_ii),   swap (u_j + b_i P_ij / V_ii)^2 / (2 (d_j + P_ij^2 / V_ii)) - exit
//
// V and P follow moves by updates of rank one (task_inverse.ts, task_view.ts); no search ends but by a look at what was made
// anew.
//
// Scratch of one thread, for p features, supports of s, K tasks and S slots: the search; rows, P [S, s, p]; d [S, p];
// squares, sums, inverses [s + 1, p]; l, u, prices, totals, members, pulls [p]; V, G_AA [K, s, s]; factor [s, s]; right,
// r, z, q, direction, before, shares out, shares in [K, s]; pivots [K, 2]; costs, sums, small [s]; scan [3, s]; rows of the
// supports, u32 [S, s]; features before, u32 [s]; ages, u32 [K]; seen, u8 [K]; inside, u8 [p].

import { FIT_COMMON, FIT_DATA, FIT_MOVES, FIT_RIDGE, FIT_SUPPORT_SHARING, FIT_VALUE_SHARING, FIT_WORDS, SEARCH_BYTES } from "../../../contract/l0/constants";
import { f64At } from "./memory";
import { after } from "./relaxation";
import { searchCommon } from "./task_common";
import { searchEach } from "./task_each";
import { Search } from "./task_search";

export function taskMoves_f64(
  tasks: i32, features: i32, capacity: i32, slots: i32, fits: usize, blocks: usize, samples: usize, gram: usize, linear: usize,
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
  search.slots = slots;
  search.rows = after(scratch, SEARCH_BYTES);
  search.views = after(search.rows, <usize> slots * s * p);
  search.curvatures = after(search.views, <usize> slots * s * p);
  search.squares = after(search.curvatures, <usize> slots * p);
  search.sums = after(search.squares, (s + 1) * p);
  search.inverses = after(search.sums, (s + 1) * p);
  search.l = after(search.inverses, (s + 1) * p);
  search.u = after(search.l, p);
  search.prices = after(search.u, p);
  search.totals = after(search.prices, p);
  search.members = after(search.totals, p);
  search.pulls = after(search.members, p);
  search.variances = after(search.pulls, p);
  search.grams = after(search.variances, square);
  search.factor = after(search.grams, square);
  search.right = after(search.factor, s * row);
  search.r = after(search.right, all);
  search.z = after(search.r, all);
  search.q = after(search.z, all);
  search.direction = after(search.q, all);
  search.valuesBefore = after(search.direction, all);
  search.sharesOut = after(search.valuesBefore, all);
  search.sharesIn = after(search.sharesOut, all);
  search.pivots = after(search.sharesIn, all);
  search.costs = after(search.pivots, <usize> tasks << 4);
  search.own = after(search.costs, row);
  search.small = after(search.own, row);
  search.scan = after(search.small, row);
  search.rowOf = after(search.scan, 3 * row);
  search.featuresBefore = after(search.rowOf, <usize> slots * s << 2);
  search.ages = after(search.featuresBefore, s << 2);
  search.seen = after(search.ages, <usize> tasks << 2);
  search.inside = after(search.seen, tasks);
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
    search.forget();
    if (search.word(FIT_COMMON) != 0) searchCommon(search);
    else searchEach(search);
    made += before - search.word(FIT_MOVES);
  }
  return <i32> made;
}
