/** What every picture asks of its arguments. */

import { OptionError, ShapeError } from "../solvers/core/errors.ts";

/** Least sizes of pictures. */
const leastWidth = 240, leastHeight = 160;

/** @throws {OptionError} for a size below the least, or none */
export function checkSizes(sizes: { readonly width?: number; readonly height?: number }): void {
  for (const [name, least] of [["width", leastWidth], ["height", leastHeight]] as const) {
    const value = sizes[name];
    if (value === undefined || value >= least && value < Infinity) continue;
    throw new OptionError(name, `Cannot use "${name}": expected a number >= ${least}, received ${value}.`);
  }
}

/** @throws {ShapeError} when there are no values, or what stands beside them is more or fewer */
export function checkLengths(
  argument: string,
  values: ArrayLike<unknown>,
  beside: Readonly<Record<string, ArrayLike<unknown> | undefined>>,
): void {
  if (values.length === 0) {
    throw new ShapeError(argument, `Cannot draw "${argument}": expected one or more, received none.`);
  }
  for (const [name, given] of Object.entries(beside)) {
    if (given === undefined || given.length === values.length) continue;
    throw new ShapeError(
      name,
      `Cannot draw "${argument}": there are ${values.length}, but "${name}" has ${given.length}.`,
    );
  }
}

/** Sees that colours are of a scale that there is, up to a limit that there can be. */
export function checkShading(scale: string | undefined, limit: number | undefined): void {
  if (scale !== undefined && scale !== "diverging" && scale !== "sequential") {
    throw new OptionError("scale", `Cannot use "scale": expected diverging or sequential, received ${scale}.`);
  }
  if (limit !== undefined && !(limit > 0 && limit < Infinity)) {
    throw new OptionError("limit", `Cannot use "limit": expected a number > 0, received ${limit}.`);
  }
}
