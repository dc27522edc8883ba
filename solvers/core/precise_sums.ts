/** Sums as if in twice the precision of f64. @module */

/** Splits a number into two halves of its digits (Dekker 1971). */
const splitter = 2 ** 27 + 1;

/**
 * `value - shift - sum_j row_j factors_j` over some places `j`, rounded once: what each sum and product loses is gathered
 * beside it (Ogita, Rump & Oishi 2005, algorithm 5.3). Some 25 operations a place; for numbers below 1e290.
 *
 * @param from Where the row begins.
 */
export function differenceOfProducts(
  value: number,
  shift: number,
  row: ArrayLike<number>,
  from: number,
  places: Uint32Array,
  factors: Float64Array,
): number {
  let sum = value - shift;
  const first = sum - value;
  let lost = value - (sum - first) - (shift + first);
  for (let k = 0; k < places.length; k++) {
    const a = row[from + places[k]], b = -factors[places[k]], product = a * b;
    const splitA = splitter * a, splitB = splitter * b;
    const highA = splitA - (splitA - a), highB = splitB - (splitB - b), lowA = a - highA, lowB = b - highB;
    const next = sum + product, added = next - sum;
    lost += lowA * lowB - (product - highA * highB - lowA * highB - highA * lowB);
    lost += sum - (next - added) + (product - added);
    sum = next;
  }
  return sum + lost;
}
