/** The support of a task, and how it changes. @module */

/** A support and its coefficients. */
export interface Support {
  features: number[];
  values: number[];
}

/** One feature leaves, and the last takes its place; one enters at the end, or in the place of the one that leaves. */
export function move(support: Support, leaving: number, entering: number): void {
  const { features, values } = support;
  if (leaving < 0) {
    features.push(entering);
    values.push(0);
  } else if (entering < 0) {
    const feature = features.pop()!, value = values.pop()!;
    if (leaving < features.length) {
      features[leaving] = feature;
      values[leaving] = value;
    }
  } else {
    features[leaving] = entering;
    values[leaving] = 0;
  }
}
