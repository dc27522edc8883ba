/**
 * Slopes of attention with linear biases (Press, Smith & Lewis 2022): a geometric sequence for a power of two, and for
 * other numbers of heads every second slope of twice that power for those that are left.
 */
export function linearBiasSlopes(heads: number, factor = 1): Float32Array {
  const power = 2 ** Math.floor(Math.log2(heads));
  return Float32Array.from({ length: heads }, (_, head) => {
    const exponent = head < power ? 8 * (head + 1) / power : 4 * (2 * (head - power) + 1) / power;
    return factor * 2 ** -exponent;
  });
}
