/** Which layer gets how many bits. @module */

import { OptionError } from "../solvers/core/errors.ts";
import { fitsPattern } from "../solvers/core/names.ts";
import { shown } from "../solvers/core/shown.ts";
import type { LinearLayer } from "./load.ts";

/** Bits of the codes of a layer. */
export type Bits = 2 | 3 | 4 | 8;

/** The widths that there are. */
export const widths: readonly Bits[] = [2, 3, 4, 8];

/**
 * Bits by layer; layers without any keep their weights.
 *
 * @throws {OptionError} for other widths, and for a pattern that fits no layer
 */
export function bitsByLayer(layers: readonly LinearLayer[], bits: unknown): Map<string, Bits> {
  if (widths.includes(bits as Bits)) return new Map(layers.map(({ name }) => [name, bits as Bits]));
  if (typeof bits !== "object" || bits === null || Array.isArray(bits)) throw refuse("bits", bits);
  const patterns = Object.entries(bits).map(([pattern, width]) => {
    if (!widths.includes(width)) throw refuse(`bits["${pattern}"]`, width);
    return { pattern, width: width as Bits };
  });
  const found = new Map<string, Bits>();
  for (const { name } of layers) {
    const first = patterns.find(({ pattern }) => fitsPattern(pattern, name));
    if (first) found.set(name, first.width);
  }
  for (const { pattern } of patterns) {
    if (layers.some(({ name }) => fitsPattern(pattern, name))) continue;
    throw new OptionError(
      "bits",
      `Cannot use "bits": no layer is called ${JSON.stringify(pattern)}; one is "${layers[0]?.name}".`,
    );
  }
  return found;
}

function refuse(label: string, received: unknown): OptionError {
  return new OptionError(label, `Cannot use "${label}": expected 2, 3, 4 or 8, received ${shown(received)}.`);
}

/** A choice of widths so far: bits in all, the sum of errors, and what was chosen last. */
interface Choice {
  readonly size: number;
  readonly error: number;
  readonly width?: Bits;
  readonly before?: Choice;
}

/** Choices that are kept after each layer; more than that are thinned to those that lie apart. */
const mostChoices = 20_000;

/**
 * The widths of least error in all, of those whose bits are within `averageBits` a weight: a knapsack, solved over the
 * choices that no other is both smaller and better than. Exact, unless layers differ so much in size that there are more
 * than 20,000 of these.
 *
 * @param errors Error of each layer by width.
 * @param available Widths to choose from, rising.
 */
export function chooseBits(
  layers: readonly LinearLayer[],
  errors: ReadonlyMap<string, ReadonlyMap<Bits, number>>,
  averageBits: number,
  available: readonly Bits[] = widths,
): Map<string, Bits> {
  const sizes = layers.map(({ outputs, inputs }) => outputs * inputs);
  const total = sizes.reduce((sum, size) => sum + size, 0), most = averageBits * total * (1 + 1e-12);
  // What the layers to come take at least.
  const rest = new Float64Array(layers.length + 1);
  for (let at = layers.length - 1; at >= 0; at--) rest[at] = rest[at + 1] + available[0] * sizes[at];
  let choices: Choice[] = [{ size: 0, error: 0 }];
  layers.forEach(({ name }, at) => {
    const next: Choice[] = [];
    for (const before of choices) {
      for (const width of available) {
        const size = before.size + width * sizes[at];
        if (size + rest[at + 1] <= most) {
          next.push({ size, error: before.error + errors.get(name)!.get(width)!, width, before });
        }
      }
    }
    choices = undominated(next);
  });
  const found = new Map<string, Bits>();
  let choice: Choice | undefined = choices.at(-1);
  for (let at = layers.length - 1; at >= 0; at--) {
    found.set(layers[at].name, choice!.width!);
    choice = choice!.before;
  }
  return found;
}

/** By rising size and falling error. */
function undominated(choices: Choice[]): Choice[] {
  choices.sort((a, b) => a.size - b.size || a.error - b.error);
  const kept: Choice[] = [];
  for (const choice of choices) if (kept.length === 0 || choice.error < kept.at(-1)!.error) kept.push(choice);
  if (kept.length <= mostChoices) return kept;
  return Array.from({ length: mostChoices }, (_, k) => kept[Math.round(k * (kept.length - 1) / (mostChoices - 1))]);
}
