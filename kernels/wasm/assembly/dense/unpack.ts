// The way back from one packed panel (see pack) to rows of a matrix.

import { transpose } from "./pack";
import { at, lanes } from "../simd";

/**
 * Writes element i of step k to row i, column k of the target, for i < rows and k < columns; `row` is the distance
 * between rows in bytes. `width`, a multiple of the lanes, is a compile-time constant.
 */
@inline
export function unpack<T>(width: i32, panel: usize, rows: i32, columns: i32, target: usize, row: usize): void {
  const step: usize = width * sizeof<T>();
  const whole = rows == width ? columns & -lanes<T>() : 0;
  for (let k = 0; k < whole; k += lanes<T>()) {
    for (let i = 0; i < width; i += lanes<T>()) {
      transpose<T>(at(panel, k, step) + i * sizeof<T>(), step, at(at(target, i, row), k, sizeof<T>()), row);
    }
  }
  for (let i = 0; i < rows; i++) {
    for (let k = whole; k < columns; k++) {
      store<T>(at(at(target, i, row), k, sizeof<T>()), load<T>(at(at(panel, k, step), i, sizeof<T>())));
    }
  }
}
