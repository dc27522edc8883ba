// The largest magnitudes by radix selection: a histogram of the keys' leading digit tells in which digit the threshold
// lies and how many larger keys there are; the next digit is counted among the keys that share it, and so on.
//
// A key orders the magnitudes: the bits of |x| plus one; NaN is 0, below all. Of the keys equal to the threshold, those
// of lower index are taken.
//
// Scratch: SELECTION_SCRATCH bytes: the number of ties to take, then the histogram.

import { at } from "../simd";

const DIGIT_BITS: i32 = 11;

// exported for f32, f64
export function hardThreshold<T>(n: i32, keep: i32, values: usize, scratch: usize): void {
  const threshold = select<T>(n, keep, values, scratch);
  let ties = load<i32>(scratch);
  for (const end = at(values, n, sizeof<T>()); values < end; values += sizeof<T>()) {
    const key = keyOf<T>(values);
    if (key > threshold) continue;
    if (key == threshold && ties > 0) ties--;
    else store<T>(values, 0);
  }
}

// exported for f32, f64
export function topK<T>(n: i32, keep: i32, values: usize, indices: usize, scratch: usize): void {
  const threshold = select<T>(n, keep, values, scratch);
  let ties = load<i32>(scratch);
  for (let i = 0; i < n; i++) {
    const key = keyOf<T>(at(values, i, sizeof<T>()));
    if (key < threshold) continue;
    if (key == threshold && --ties < 0) continue;
    store<i32>(indices, i);
    indices += 4;
  }
}

@inline
function keyOf<T>(p: usize): u64 {
  if (sizeof<T>() == 4) {
    const bits = load<u32>(p) & 0x7fffffff;
    return bits > 0x7f800000 ? 0 : bits + 1;
  }
  const bits = load<u64>(p) & 0x7fffffffffffffff;
  return bits > 0x7ff0000000000000 ? 0 : bits + 1;
}

/**
 * The threshold: larger keys are kept, and of the equal ones as many as this leaves at `scratch`; `keep` in all.
 */
function select<T>(n: i32, keep: i32, values: usize, scratch: usize): u64 {
  const histogram = scratch + 8, end = at(values, n, sizeof<T>());
  let prefix: u64 = 0, left = keep;
  for (let high: i32 = 8 * sizeof<T>() - 1, low = 0; high > 0 && left > 0; high = low) {
    low = max(0, high - DIGIT_BITS);
    const last = (1 << (high - low)) - 1;
    memory.fill(histogram, 0, 4 << DIGIT_BITS);
    for (let p = values; p < end; p += sizeof<T>()) {
      const key = keyOf<T>(p);
      if (key >> high != prefix) continue;
      const bin = at(histogram, <i32>(key >> low) & last, 4);
      store<i32>(bin, load<i32>(bin) + 1);
    }
    let digit = last, count = load<i32>(at(histogram, digit, 4));
    while (count < left) {
      left -= count;
      count = load<i32>(at(histogram, --digit, 4));
    }
    prefix = prefix << (high - low) | digit;
    if (count == left) {
      // All that share this prefix are kept: larger keys and, however many there are, equal ones.
      store<i32>(scratch, n);
      return prefix << low;
    }
  }
  store<i32>(scratch, left);
  return keep > 0 ? prefix : u64.MAX_VALUE;
}
