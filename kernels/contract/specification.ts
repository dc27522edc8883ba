/** What is known of a kernel before it runs. @module */

import type { FloatDtype } from "./operands.ts";

/**
 * How far an implementation may be from the reference; `tests/conformance/agreement.ts` holds it to that:
 * - `exact`: the same bits;
 * - `elementwise`: a few units in the last place of each element;
 * - `sum`: the error of a sum of n products, `n * eps * sum |x_i y_i|`;
 * - `solve`: a backward error, checked through the identity that the kernel promises.
 */
export type ToleranceFamily = "exact" | "elementwise" | "sum" | "solve";

/** Facts about one kernel. */
export interface KernelSpecification {
  /** Dtypes of the arithmetic that backends offer; devices have f32 alone. */
  readonly dtypes: readonly FloatDtype[];
  readonly tolerance: ToleranceFamily;
}

/** A specification for every kernel of a family. */
export type FamilySpecifications<Family> = {
  readonly [K in keyof Family]: KernelSpecification;
};
