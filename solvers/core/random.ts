import { refuse } from "./resolve_options.ts";

/** A seeded stream of random numbers: the same numbers in every runtime. */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** A whole number in [0, bound). */
  integer(bound: number): number;
}

/**
 * A stream of random numbers that `seed` determines: xoshiro128** (Blackman & Vigna 2021), seeded through splitmix32.
 *
 * @param seed A whole number; its lowest 32 bits count.
 * @throws {OptionError} when `seed` is no whole number
 *
 * @example
 * ```ts
 * import { createRandom } from "@minima/minima";
 * if (createRandom(1).uniform() !== createRandom(1).uniform()) throw new Error("not reproducible");
 * ```
 */
export function createRandom(seed = 0): Random {
  if (!Number.isSafeInteger(seed)) throw refuse("seed", "a whole number", seed);
  let mix = seed >>> 0;
  const splitmix = () => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let a = splitmix(), b = splitmix(), c = splitmix(), d = splitmix();
  const next = () => {
    const five = Math.imul(b, 5);
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const uniform = () => ((next() >>> 5) * 0x4000000 + (next() >>> 6)) / 0x20000000000000;
  let spare: number | undefined;
  return {
    uniform,
    normal() {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      // Box-Muller; 1 - u is in (0, 1], so the logarithm is finite.
      const radius = Math.sqrt(-2 * Math.log(1 - uniform())), angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    integer: (bound) => Math.floor(uniform() * bound),
  };
}
