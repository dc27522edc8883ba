/**
 * The multiply-add peak of one core: chains of `x = x * m + a` that live in registers and never touch memory.
 *
 * Twelve chains hide the latency of a fused multiply-add (4 cycles, two a cycle: 8 chains) and of a multiplication
 * followed by an addition (8 cycles, at most 1.5 pairs a cycle: 12 chains), and with m and a they fit the 15 registers
 * that x64 engines leave. m and a are arguments, and every chain starts elsewhere, so that no compiler folds them;
 * with a = 1 - m each chain tends to 1, so no step meets a denormal or an infinity.
 */

/** Independent chains, which is also the number of vector multiply-adds in one turn. */
export function chains(): i32 {
  return 12;
}

function step<T>(x: v128, m: v128, a: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(x, m, a);
  return v128.add<T>(v128.mul<T>(x, m), a);
}

function run<T>(turns: i32, multiplier: T, addend: T): T {
  const m = v128.splat<T>(multiplier);
  const a = v128.splat<T>(addend);
  let x0 = v128.splat<T>(<T> 0.1),
    x1 = v128.splat<T>(<T> 0.2),
    x2 = v128.splat<T>(<T> 0.3),
    x3 = v128.splat<T>(<T> 0.4);
  let x4 = v128.splat<T>(<T> 0.5),
    x5 = v128.splat<T>(<T> 0.6),
    x6 = v128.splat<T>(<T> 0.7),
    x7 = v128.splat<T>(<T> 0.8);
  let x8 = v128.splat<T>(<T> 0.9),
    x9 = v128.splat<T>(<T> 1.1),
    x10 = v128.splat<T>(<T> 1.2),
    x11 = v128.splat<T>(<T> 1.3);
  for (let turn: i32 = 0; turn < turns; turn++) {
    x0 = step<T>(x0, m, a);
    x1 = step<T>(x1, m, a);
    x2 = step<T>(x2, m, a);
    x3 = step<T>(x3, m, a);
    x4 = step<T>(x4, m, a);
    x5 = step<T>(x5, m, a);
    x6 = step<T>(x6, m, a);
    x7 = step<T>(x7, m, a);
    x8 = step<T>(x8, m, a);
    x9 = step<T>(x9, m, a);
    x10 = step<T>(x10, m, a);
    x11 = step<T>(x11, m, a);
  }
  const low = v128.add<T>(
    v128.add<T>(v128.add<T>(x0, x1), v128.add<T>(x2, x3)),
    v128.add<T>(x4, x5),
  );
  const high = v128.add<T>(
    v128.add<T>(v128.add<T>(x6, x7), v128.add<T>(x8, x9)),
    v128.add<T>(x10, x11),
  );
  return v128.extract_lane<T>(v128.add<T>(low, high), 0);
}

/** Runs `turns` turns on four lanes; the sum of lane 0 over the chains, which tends to their number. */
export function peak_f32(turns: i32, multiplier: f32, addend: f32): f32 {
  return run<f32>(turns, multiplier, addend);
}

/** Runs `turns` turns on two lanes. */
export function peak_f64(turns: i32, multiplier: f64, addend: f64): f64 {
  return run<f64>(turns, multiplier, addend);
}
