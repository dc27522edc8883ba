import { likeVector, type Matrix, matrix } from "../core/matrix.ts";

/** The transpose, in the precision of the matrix. */
export function transposed({ data, shape: [rows, columns] }: Matrix): Matrix {
  const result = likeVector(data, data.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = data[i * columns + j];
  }
  return matrix(columns, rows, result);
}
