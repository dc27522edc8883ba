/** The search of one fit of several tasks, plain TypeScript. @module */

import {
  DEPENDENT_SHARE,
  FIT_LEAST_GAIN,
  FIT_MOVES,
  FIT_RIDGE,
  FIT_SIZE,
  FIT_SUPPORT_SHARING,
  FIT_VALUE_SHARING,
  JOINT_SHARE,
  JOINT_STEPS,
} from "../../contract/l0/constants.ts";
import { Gains } from "./task_gains.ts";
import { move, type Support } from "./task_support.ts";

export type Numbers = ArrayLike<number>;

/** A task as a fit sees it. */
export interface TaskData {
  readonly linear: Numbers;
  readonly diagonal: Numbers;
  row(feature: number): Float64Array;
}

/** What a support says of every feature once its own coefficients are fitted again. */
interface View {
  /** `V = (G + rho I)^-1` on the support; rows of features that depend on others are 0. */
  readonly inverse: number[][];
  /** `P = V G` [support, features]. */
  readonly products: Float64Array[];
  readonly correlations: Float64Array;
  readonly curvatures: Float64Array;
}

/** Moves of one feature, from supports that are changed in place. */
export class TaskSearch {
  readonly tasks: number;
  readonly rho: number;
  readonly pull: number;

  constructor(
    readonly data: readonly TaskData[],
    readonly words: Float64Array,
    readonly features: number,
    readonly chosen: Support[],
  ) {
    this.tasks = data.length;
    const sharing = words[FIT_VALUE_SHARING];
    this.rho = words[FIT_RIDGE] + sharing * (1 - 1 / this.tasks);
    this.pull = sharing / this.tasks;
  }

  /** Sum of the coefficients of each feature over the tasks but one. */
  others(task: number): Float64Array {
    const sums = new Float64Array(this.features);
    this.chosen.forEach(({ features, values }, k) => {
      if (k !== task) features.forEach((j, i) => sums[j] += values[i]);
    });
    return sums;
  }

  /** Price of each feature in a task, by the tasks that have it beside. */
  prices(task: number): Float64Array {
    const prices = new Float64Array(this.features), { tasks } = this, sharing = this.words[FIT_SUPPORT_SHARING];
    if (sharing === 0) return prices;
    prices.fill(sharing / 2 * (tasks - 1) / tasks);
    this.chosen.forEach(({ features }, k) => {
      if (k !== task) { for (const j of features) prices[j] -= sharing / tasks; }
    });
    return prices;
  }

  inverseOf(task: number): number[][] {
    const { features } = this.chosen[task], count = features.length;
    const rows = features.map((j) => this.data[task].row(j));
    const factor = features.map(() => new Array<number>(count).fill(0));
    for (let i = 0; i < count; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = rows[i][features[j]] + (i === j ? this.rho : 0);
        for (let m = 0; m < j; m++) sum -= factor[i][m] * factor[j][m];
        if (j < i) factor[i][j] = factor[j][j] > 0 ? sum / factor[j][j] : 0;
        else {
          const whole = rows[i][features[i]] + this.rho;
          factor[i][i] = sum > DEPENDENT_SHARE * whole ? Math.sqrt(sum) : 0;
        }
      }
    }
    // L^-1 below the diagonal, then V = L^-T L^-1.
    const half = features.map(() => new Array<number>(count).fill(0));
    for (let j = 0; j < count; j++) {
      if (factor[j][j] === 0) continue;
      half[j][j] = 1 / factor[j][j];
      for (let i = j + 1; i < count; i++) {
        if (factor[i][i] === 0) continue;
        let sum = 0;
        for (let m = j; m < i; m++) sum -= factor[i][m] * half[m][j];
        half[i][j] = sum / factor[i][i];
      }
    }
    return features.map((_, i) =>
      features.map((_, j) => {
        let sum = 0;
        for (let m = Math.max(i, j); m < count; m++) sum += half[m][i] * half[m][j];
        return sum;
      })
    );
  }

  /** Looks at all features; the coefficients of the support are those given. */
  viewOf(task: number, inverse: number[][], linear: Float64Array): View {
    const { features: support, values } = this.chosen[task], { diagonal } = this.data[task];
    const rows = support.map((j) => this.data[task].row(j));
    const products = support.map(() => new Float64Array(this.features));
    const correlations = linear.slice(), curvatures = Float64Array.from(diagonal, (value) => value + this.rho);
    for (let j = 0; j < this.features; j++) {
      support.forEach((_, i) => {
        for (let m = 0; m < support.length; m++) products[i][j] += inverse[i][m] * rows[m][j];
      });
      support.forEach((_, i) => {
        curvatures[j] -= products[i][j] * rows[i][j];
        correlations[j] -= values[i] * rows[i][j];
      });
      if (!(curvatures[j] > DEPENDENT_SHARE * (diagonal[j] + this.rho))) curvatures[j] = 0;
    }
    return { inverse, products, correlations, curvatures };
  }

  linearOf(task: number): Float64Array {
    const others = this.others(task);
    return Float64Array.from(this.data[task].linear, (value, j) => value + this.pull * others[j]);
  }

  searchEach(): void {
    const { words } = this;
    // Supports come without coefficients: what the others have must be known before one task is looked at.
    if (this.pull > 0) this.fitTogether();
    for (;;) {
      let changed = false;
      for (let k = 0; k < this.tasks; k++) changed = this.searchOne(k) || changed;
      if (this.pull > 0) this.fitTogether();
      // Tasks that share nothing do not wait for one another.
      if (!changed || words[FIT_MOVES] <= 0 || this.pull === 0 && words[FIT_SUPPORT_SHARING] === 0) return;
    }
  }

  /** Moves in one task, the others as they are. */
  searchOne(task: number): boolean {
    const { words, features } = this, support = this.chosen[task], { diagonal } = this.data[task];
    const linear = this.linearOf(task), prices = this.prices(task), size = words[FIT_SIZE];
    for (let changed = false;; changed = true) {
      const inverse = this.inverseOf(task), chosen = support.features;
      support.values = chosen.map((_, i) => chosen.reduce((sum, j, m) => sum + inverse[i][m] * linear[j], 0));
      const { products, correlations, curvatures } = this.viewOf(task, inverse, linear);
      const cost = (i: number) => inverse[i][i] > 0 ? support.values[i] ** 2 / (2 * inverse[i][i]) : 0;
      let leaving = chosen.findIndex((_, i) => inverse[i][i] === 0), entering = -1;
      if (leaving < 0 && chosen.length > size) {
        leaving = 0;
        for (let i = 1; i < chosen.length; i++) {
          if (cost(i) - prices[chosen[i]] < cost(leaving) - prices[chosen[leaving]]) leaving = i;
        }
      }
      if (leaving < 0) {
        let best = words[FIT_LEAST_GAIN];
        const offer = (i: number, j: number, gain: number) => {
          if (!(gain > best)) return;
          [best, leaving, entering] = [gain, i, j];
        };
        if (chosen.length < size) {
          for (let j = 0; j < features; j++) {
            if (curvatures[j] === 0 || correlations[j] === 0 || chosen.includes(j)) continue;
            offer(-1, j, correlations[j] ** 2 / (2 * curvatures[j]) - prices[j]);
          }
        }
        chosen.forEach((feature, i) => {
          offer(i, -1, prices[feature] - cost(i));
          for (let j = 0; j < features; j++) {
            if (chosen.includes(j)) continue;
            const curvature = curvatures[j] + products[i][j] ** 2 / inverse[i][i];
            const correlation = correlations[j] + support.values[i] * products[i][j] / inverse[i][i];
            if (!(curvature > DEPENDENT_SHARE * (diagonal[j] + this.rho)) || correlation === 0) continue;
            offer(i, j, correlation ** 2 / (2 * curvature) - cost(i) + prices[feature] - prices[j]);
          }
        });
      }
      if (leaving < 0 && entering < 0 || words[FIT_MOVES] <= 0) return changed;
      words[FIT_MOVES]--;
      move(support, leaving, entering);
    }
  }

  searchCommon(): void {
    const { words, features, chosen, tasks, pull } = this;
    let before: { features: number[]; values: number[][]; value: number } | undefined;
    for (;;) {
      const support = chosen[0].features;
      for (const one of chosen) one.features = support.slice();
      const inverses = chosen.map((_, k) => this.inverseOf(k));
      chosen.forEach((one, k) => {
        one.values = support.map((_, i) =>
          support.reduce((sum, j, m) => sum + inverses[k][i][m] * this.data[k].linear[j], 0)
        );
      });
      if (pull > 0) this.fitTogether(inverses);
      const value = chosen.reduce(
        (sum, { values }, k) => values.reduce((part, b, i) => part - b * this.data[k].linear[support[i]] / 2, sum),
        0,
      );
      if (before && !(value < before.value - words[FIT_LEAST_GAIN])) {
        for (let k = 0; k < tasks; k++) {
          chosen[k].features = before.features.slice();
          chosen[k].values = before.values[k];
        }
        return;
      }
      const count = support.length, gains = new Gains(count, features, pull);
      for (let k = 0; k < tasks; k++) {
        const { values } = chosen[k], inverse = inverses[k], { diagonal } = this.data[k];
        const view = this.viewOf(k, inverse, this.linearOf(k));
        const add = (i: number, j: number, curvature: number, correlation: number) => {
          if (curvature > DEPENDENT_SHARE * (diagonal[j] + this.rho)) gains.enter(i, j, curvature, correlation);
        };
        for (let j = 0; j < features; j++) add(count, j, view.curvatures[j], view.correlations[j]);
        for (let i = 0; i < count; i++) {
          const variance = inverse[i][i];
          if (variance > 0) gains.leave(i, 1 / variance, values[i]);
          for (let j = 0; j < features; j++) {
            const product = variance > 0 ? view.products[i][j] : 0, by = variance > 0 ? product / variance : 0;
            add(i, j, view.curvatures[j] + by * product, view.correlations[j] + values[i] * by);
          }
        }
      }
      let leaving = -1, entering = -1;
      const forced = count > words[FIT_SIZE];
      if (forced) {
        leaving = 0;
        for (let i = 1; i < count; i++) if (gains.cost(i) < gains.cost(leaving)) leaving = i;
      } else {
        let best = words[FIT_LEAST_GAIN];
        for (let i = count < words[FIT_SIZE] ? -1 : 0; i < count; i++) {
          for (let j = 0; j < features; j++) {
            if (support.includes(j)) continue;
            const gain = gains.gain(i < 0 ? count : i, j) - (i < 0 ? 0 : gains.cost(i));
            if (gain > best) [best, leaving, entering] = [gain, i, j];
          }
        }
      }
      if (leaving < 0 && entering < 0 || words[FIT_MOVES] <= 0) return;
      words[FIT_MOVES]--;
      before = forced ? undefined : { features: support, values: chosen.map(({ values }) => values), value };
      const next: Support = { features: support.slice(), values: support.map(() => 0) };
      move(next, leaving, entering);
      chosen[0].features = next.features;
    }
  }

  /** All tasks fitted together on their supports, by conjugate gradients preconditioned by the tasks. */
  fitTogether(inverses = this.chosen.map((_, k) => this.inverseOf(k))): void {
    const { chosen, data, pull, rho } = this;
    const grams = chosen.map(({ features }, k) => {
      const rows = features.map((j) => data[k].row(j));
      return rows.map((row) => features.map((j) => row[j]));
    });
    const apply = (x: number[][]) => {
      const sums = new Float64Array(this.features);
      chosen.forEach(({ features }, k) => features.forEach((j, i) => sums[j] += x[k][i]));
      return x.map((own, k) =>
        own.map((value, i) =>
          own.reduce((sum, other, m) => sum + grams[k][i][m] * other, rho * value) -
          pull * (sums[chosen[k].features[i]] - value)
        )
      );
    };
    const times = (matrices: number[][][], x: number[][]) =>
      x.map((own, k) => own.map((_, i) => own.reduce((sum, value, m) => sum + matrices[k][i][m] * value, 0)));
    const inner = (x: number[][], y: number[][]) =>
      x.reduce((sum, own, k) => own.reduce((part, value, i) => part + value * y[k][i], sum), 0);
    const add = (x: number[][], scale: number, y: number[][]) =>
      x.forEach((own, k) => own.forEach((_, i) => own[i] += scale * y[k][i]));
    const right = chosen.map(({ features }, k) => features.map((j) => data[k].linear[j]));
    const x = chosen.map(({ values }, k) => values.map((value, i) => inverses[k][i][i] > 0 ? value : 0));
    const r = right.map((own) => own.slice());
    add(r, -1, apply(x));
    let z = times(inverses, r), rz = inner(r, z);
    const least = JOINT_SHARE * inner(right, times(inverses, right)), p = z.map((own) => own.slice());
    for (let step = 0; step < JOINT_STEPS && rz > least; step++) {
      const q = apply(p), alpha = rz / inner(p, q);
      add(x, alpha, p);
      add(r, -alpha, q);
      z = times(inverses, r);
      const next = inner(r, z), beta = next / rz;
      p.forEach((own, k) => own.forEach((value, i) => own[i] = z[k][i] + beta * value));
      rz = next;
    }
    chosen.forEach((support, k) => support.values = x[k]);
  }
}
