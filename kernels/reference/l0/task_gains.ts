/** What a common support of several tasks gains by a move. @module */

/**
 * What a group of coefficients, one a task, gains: `u^T C^-1 u / 2` for the curvatures `C = diag(d + pull) - pull 1 1^T`;
 * and what it costs to lose one, `b^T C b / 2`.
 */
export class Gains {
  readonly squares: Float64Array;
  readonly sums: Float64Array;
  readonly inverses: Float64Array;
  readonly costs: Float64Array;
  readonly totals: Float64Array;

  constructor(readonly count: number, readonly features: number, readonly pull: number) {
    const length = (count + 1) * features;
    this.squares = new Float64Array(length);
    this.sums = new Float64Array(length);
    this.inverses = new Float64Array(length);
    this.costs = new Float64Array(count);
    this.totals = new Float64Array(count);
  }

  enter(i: number, j: number, curvature: number, correlation: number): void {
    const at = i * this.features + j, part = correlation / (curvature + this.pull);
    this.squares[at] += part * correlation;
    this.sums[at] += part;
    this.inverses[at] += 1 / (curvature + this.pull);
  }

  leave(i: number, curvature: number, value: number): void {
    this.costs[i] += (curvature + this.pull) * value * value;
    this.totals[i] += value;
  }

  gain(i: number, j: number): number {
    const at = i * this.features + j, shared = this.pull * this.sums[at] ** 2 / (1 - this.pull * this.inverses[at]);
    return (this.squares[at] + shared) / 2;
  }

  cost(i: number): number {
    return (this.costs[i] - this.pull * this.totals[i] ** 2) / 2;
  }
}
