/** Patterns of true graphs in the literature on sparse precision matrices: who is joined to whom, and how strongly. */

/** What a design says of the true precision matrix. */
export type GraphPattern =
  /** Each entry off the diagonal 0.5 with probability `degree / variables` (the paper's "uniform"). */
  | { readonly kind: "uniform"; readonly degree: number }
  /** `0.5^|i - j|` up to the bandwidth (the paper's "banded"). */
  | { readonly kind: "banded"; readonly bandwidth: number }
  /** Each edge with probability `degree / variables` (R package huge). */
  | { readonly kind: "random"; readonly degree: number }
  /** Groups of consecutive variables, each joined to the first of its group alone (huge). */
  | { readonly kind: "hub"; readonly groupSize: number }
  /** Groups of consecutive variables, joined inside with probability `share`, not between (huge). */
  | {
    readonly kind: "cluster";
    readonly groupSize: number;
    readonly share: number;
  }
  /**
   * Each new variable is joined to one of those before, in proportion to their degrees (Barabási & Albert 1999; huge).
   */
  | { readonly kind: "scale-free" }
  /** Covariance `correlation^|i - j|`: an autoregressive process, whose precision matrix is a chain (gL0Learn). */
  | { readonly kind: "toeplitz"; readonly correlation: number }
  /** All correlations equal (gL0Learn): the precision matrix is dense. */
  | { readonly kind: "constant"; readonly correlation: number }
  /** No edges. */
  | { readonly kind: "independent" };

/** How the diagonal is set. */
export type Completion =
  /** Raised until the largest eigenvalue is twice the least. */
  | "condition number"
  /** Raised until the least eigenvalue is 0.2, as huge does with its `u = 0.1`. */
  | "least eigenvalue"
  /** The pattern is the whole matrix. */
  | "whole";

/** Entry of an edge in the patterns of huge. */
const hugeEntry = 0.3;

/** The pattern's matrix [size, size], symmetric, and what completes it. */
export function patternMatrix(
  pattern: GraphPattern,
  size: number,
  next: () => number,
): { values: Float64Array; completion: Completion } {
  const values = new Float64Array(size * size);
  const join = (i: number, j: number, value: number) => values[i * size + j] = values[j * size + i] = value;
  const pairs = (entry: (i: number, j: number) => number) => {
    for (let i = 0; i < size; i++) {
      for (let j = i + 1; j < size; j++) join(i, j, entry(i, j));
    }
  };
  switch (pattern.kind) {
    case "uniform":
      pairs(() => next() < pattern.degree / size ? 0.5 : 0);
      return { values, completion: "condition number" };
    case "banded":
      pairs((i, j) => j - i <= pattern.bandwidth ? 0.5 ** (j - i) : 0);
      return { values, completion: "condition number" };
    case "random":
      pairs(() => next() < pattern.degree / size ? hugeEntry : 0);
      return { values, completion: "least eigenvalue" };
    case "hub":
      pairs((i, j) => i % pattern.groupSize === 0 && j - i < pattern.groupSize ? hugeEntry : 0);
      return { values, completion: "least eigenvalue" };
    case "cluster": {
      const group = (i: number) => Math.floor(i / pattern.groupSize);
      pairs((i, j) => group(i) === group(j) && next() < pattern.share ? hugeEntry : 0);
      return { values, completion: "least eigenvalue" };
    }
    case "scale-free": {
      // Every edge puts both of its ends into the urn: drawing from it is drawing in proportion to degrees.
      const urn: number[] = [0];
      for (let i = 1; i < size; i++) {
        const other = urn[Math.floor(next() * urn.length)];
        join(other, i, hugeEntry);
        if (i === 1) urn.pop();
        urn.push(other, i);
      }
      return { values, completion: "least eigenvalue" };
    }
    case "toeplitz": {
      const { correlation } = pattern, scale = 1 / (1 - correlation ** 2);
      pairs((i, j) => j === i + 1 ? -correlation * scale : 0);
      for (let i = 0; i < size; i++) {
        const inside = i > 0 && i < size - 1;
        values[i * (size + 1)] = size === 1 ? 1 : scale * (inside ? 1 + correlation ** 2 : 1);
      }
      return { values, completion: "whole" };
    }
    case "constant": {
      // Sherman & Morrison on (1 - r) I + r 1 1^T.
      const { correlation } = pattern;
      const shared = correlation / (1 - correlation) /
        (1 - correlation + correlation * size);
      pairs(() => -shared);
      for (let i = 0; i < size; i++) values[i * (size + 1)] = 1 / (1 - correlation) - shared;
      return { values, completion: "whole" };
    }
    case "independent":
      for (let i = 0; i < size; i++) values[i * (size + 1)] = 1;
      return { values, completion: "whole" };
  }
}
