// Vector kernels: dot, axpy. Contiguous operands, no alignment required.

export function dot_f64(n: i32, x: usize, y: usize): f64 {
  let even: v128 = f64x2.splat(0), odd: v128 = f64x2.splat(0);
  const blocks = n & ~3;
  let i: i32 = 0;
  for (; i < blocks; i += 4) {
    const at = <usize> i << 3;
    even = f64x2.add(even, f64x2.mul(v128.load(x + at), v128.load(y + at)));
    odd = f64x2.add(odd, f64x2.mul(v128.load(x + at, 16), v128.load(y + at, 16)));
  }
  const pair = f64x2.add(even, odd);
  let sum = f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
  for (; i < n; i++) sum += load<f64>(x + (<usize> i << 3)) * load<f64>(y + (<usize> i << 3));
  return sum;
}

export function dot_f32(n: i32, x: usize, y: usize): f64 {
  let sum: f64 = 0;
  for (let i: i32 = 0; i < n; i++) {
    const at = <usize> i << 2;
    sum += <f64> load<f32>(x + at) * <f64> load<f32>(y + at);
  }
  return sum;
}
