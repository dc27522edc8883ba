import assert from "node:assert/strict";
import type { DeviceArray, FloatDtype, HostArray, MatrixOperand, VectorOperand } from "../../../kernels/contract.ts";
import type { Workspace } from "../../../kernels/engine/mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement, type Residual } from "../agreement.ts";
import { type Bench, conformance } from "../grid.ts";
import { copyOf, elements, matrixOf, vectorOf, viewOf } from "../operands.ts";

const sizes = [0, 1, 2, 3, 4, 5, 9, 17, 33, 70];

/** A symmetric matrix, of a few eigenvalues where `rank` is given. */
function symmetric(workspace: Workspace, dtype: FloatDtype, n: number, gap: number, rank = 0): MatrixOperand {
  const random = createRandom(n + 1), a = matrixOf(workspace, dtype, n, n, () => NaN, gap), view = viewOf(a);
  const factor = Array.from({ length: n * rank }, random.normal);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let value = rank === 0 ? random.normal() : 0;
      for (let k = 0; k < rank; k++) value += factor[i * rank + k] * factor[j * rank + k];
      view[1 + i * a.stride! + j] = view[1 + j * a.stride! + i] = value;
    }
  }
  return a;
}

const values = ({ array, length, offset = 0 }: VectorOperand) =>
  Array.from((array as HostArray<"f64">).view.subarray(offset, offset + length));

/** Traces of A and of A^2, which the reduction keeps, from what is reduced and what is left. */
function traces(
  a: MatrixOperand,
  diagonal: number[],
  offDiagonal: number[],
  end: number,
): { trace: number; squares: number } {
  const n = a.rows, left = elements(a);
  let trace = 0, squares = 0;
  for (let i = 0; i < end; i++) {
    trace += diagonal[i];
    squares += diagonal[i] ** 2 + 2 * offDiagonal[i] ** 2;
  }
  for (let i = end; i < n; i++) {
    trace += left[i * (n + 1)];
    for (let j = end; j < n; j++) squares += left[i * n + j] ** 2;
  }
  return { trace, squares };
}

agreement("tridiagonalize", "keeps the traces of A and A^2, in one call or several", function* ({ dtype, workspace }) {
  for (const n of sizes) {
    for (const [begin, end] of n < 5 ? [[0, n]] : [[0, n], [0, 2]]) {
      for (const rank of [0, 1]) {
        const a = symmetric(workspace, dtype, n, n % 3, rank);
        const vector = () => vectorOf(workspace, "f64", n, () => 0);
        const magnitude = Math.max(1, traces(a, [], [], 0).squares);
        yield {
          what: `${n} x ${n}, columns ${begin} to ${end}, rank ${rank}`,
          operands: { a, diagonal: vector(), offDiagonal: vector(), factors: vector(), begin, end },
          // What is left of rows and columns that are reduced is nobody's concern.
          outputs: ({ diagonal, offDiagonal }) =>
            rank === 0 ? [diagonal, { ...offDiagonal, length: Math.max(0, n - 2) }] : [],
          working: ({ a, diagonal, offDiagonal, factors }) =>
            [a, diagonal, offDiagonal, factors].map(({ array }) => array),
          precision: dtype,
          *identity(after, before): Iterable<Residual> {
            const one = traces(after.a, values(after.diagonal), values(after.offDiagonal), end);
            const other = traces(before.a, [], [], 0);
            yield { what: "the trace", value: one.trace - other.trace, terms: 20 * n, magnitude };
            yield { what: "the squares", value: one.squares - other.squares, terms: 40 * n, magnitude };
          },
        };
      }
    }
  }
});

/** The reduction of a matrix by the reference. */
async function reduced({ workspace, reference, dtype }: Bench, n: number, rank = 0) {
  const original = symmetric(workspace, dtype, n, 1, rank), a = copyOf(workspace, original);
  const [diagonal, offDiagonal, factors] = [0, 1, 2].map(() => vectorOf(workspace, "f64", n, () => 0));
  await reference.tridiagonalize({ a, diagonal, offDiagonal, factors, begin: 0, end: n });
  return { original, a, diagonal, offDiagonal, factors };
}

/** `Q^T Q - 1` and `Q^T A Q - T`. */
function* basisIdentity(q: MatrixOperand, original: number[], d: number[], e: number[]): Iterable<Residual> {
  const n = q.rows, rows = elements(q);
  const image = new Float64Array(n * n), magnitude = Math.max(1, Math.hypot(...original));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) image[i * n + j] += rows[i * n + k] * original[k * n + j];
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let product = i === j ? -1 : 0, form = i === j ? -d[i] : i === j + 1 ? -e[j] : j === i + 1 ? -e[i] : 0;
      for (let k = 0; k < n; k++) {
        product += rows[i * n + k] * rows[j * n + k];
        form += image[i * n + k] * rows[j * n + k];
      }
      yield { what: `Q^T Q at (${i}, ${j})`, value: product, terms: 20 * n, magnitude: 1 };
      yield { what: `Q^T A Q at (${i}, ${j})`, value: form, terms: 40 * n, magnitude };
    }
  }
}

agreement("tridiagonalBasis", "is orthogonal and makes A the tridiagonal matrix", async function* (bench) {
  for (const n of sizes) {
    for (const rank of [0, 1]) {
      const { original, a, diagonal, offDiagonal, factors } = await reduced(bench, n, rank);
      const whole = elements(original), d = values(diagonal), e = values(offDiagonal);
      const vectors = matrixOf(bench.workspace, bench.dtype, n, n, () => NaN, 2);
      for (const { array } of [original, diagonal, offDiagonal]) bench.workspace.free(array);
      yield {
        what: `${n} x ${n}, rank ${rank}`,
        operands: { a, factors, vectors, begin: 0, end: n },
        outputs: ({ vectors }) => [vectors],
        identity: ({ vectors }) => basisIdentity(vectors, whole, d, e),
      };
    }
  }
});

conformance("tridiagonalBasis", "has the same bits by parts of its rows", async (bench) => {
  const { a, factors } = await reduced(bench, 33, 0);
  const [whole, parts] = [0, 1].map(() => matrixOf(bench.workspace, bench.dtype, 33, 33, () => NaN, 2));
  await bench.kernel.tridiagonalBasis({ a, factors, vectors: whole, begin: 0, end: 33 });
  for (const [begin, end] of [[0, 7], [7, 7], [7, 33]]) {
    await bench.kernel.tridiagonalBasis({ a, factors, vectors: parts, begin, end });
  }
  assert.deepEqual(elements(parts), elements(whole));
});

agreement("tridiagonalQl", "keeps traces while it works, and stops where the room is full", function* ({ workspace }) {
  for (const n of [1, 2, 3, 8, 33]) {
    for (const room of [Math.max(1, n - 1), 3 * n + 1]) {
      const random = createRandom(n);
      const diagonal = vectorOf(workspace, "f64", n, random.normal);
      const offDiagonal = vectorOf(workspace, "f64", n, random.normal);
      viewOf(offDiagonal)[n] = 0;
      const state = workspace.allocate("i32", 2, "state");
      const places = workspace.allocate("i32", room, "places");
      const rotations = workspace.allocate("f64", 2 * room, "rotations");
      const squares = (d: number[], e: number[]) => Math.hypot(...d, ...e.map((value) => Math.SQRT2 * value));
      yield {
        what: `${n} rows, room for ${room}`,
        operands: { diagonal, offDiagonal, state, places, rotations },
        outputs: ({ diagonal, offDiagonal, state, places, rotations }) => [
          diagonal,
          offDiagonal,
          state,
          places,
          rotations,
        ],
        *identity(after, before): Iterable<Residual> {
          const size = squares(values(before.diagonal), values(before.offDiagonal));
          const left = squares(values(after.diagonal), values(after.offDiagonal));
          yield { what: "the squares", value: left - size, terms: 30 * n, magnitude: size };
        },
      };
    }
  }
});

conformance("tridiagonalQl", "finds the eigenvalues of a path: 2 cos(pi k / (n + 1))", async (bench) => {
  const { workspace, kernel } = bench;
  for (const n of [1, 2, 5, 40, 301]) {
    const diagonal = vectorOf(workspace, "f64", n, () => 0), offDiagonal = vectorOf(workspace, "f64", n, () => 1);
    viewOf(offDiagonal)[n] = 0;
    const state = workspace.allocate("i32", 2, "state");
    const places = workspace.allocate("i32", 2 * n, "places"),
      rotations = workspace.allocate("f64", 4 * n, "rotations");
    for (let calls = 0;; calls++) {
      assert.ok(calls < 4 * n, "it ends");
      const made = await kernel.tridiagonalQl({ diagonal, offDiagonal, state, places, rotations });
      assert.ok(made >= 0);
      if (made === 0) break;
    }
    const found = values(diagonal).toSorted((a, b) => b - a);
    found.forEach((value, k) => {
      const wanted = 2 * Math.cos(Math.PI * (k + 1) / (n + 1));
      assert.ok(Math.abs(value - wanted) <= 2e-14 * n, `${n}: ${value} instead of ${wanted}`);
    });
    const arrays: DeviceArray[] = [diagonal.array, offDiagonal.array, state, places, rotations];
    for (const array of arrays) workspace.free(array);
  }
});

agreement("rotateRows", "turns neighbouring rows and keeps the length of columns", function* ({ dtype, workspace }) {
  for (const [rows, columns] of [[2, 1], [2, 3], [5, 8], [9, 15], [12, 33], [30, 200]]) {
    for (const count of [0, 1, 4 * rows]) {
      const random = createRandom(rows + count), vectors = matrixOf(workspace, dtype, rows, columns, random.normal, 1);
      const places = workspace.allocate("i32", count, "places");
      const rotations = workspace.allocate("f64", 2 * count, "rotations");
      const angles = Array.from({ length: count }, random.normal);
      // Falling, as sweeps go, and now and then anywhere.
      let place = rows - 2;
      workspace.write(
        places,
        angles.map((_, k) => {
          place = k % 5 === 4 || place < 0 ? random.integer(rows - 1) : place;
          return place--;
        }),
      );
      workspace.write(rotations, angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]));
      const lengths = (vectors: MatrixOperand) => {
        const all = elements(vectors);
        return Array.from(
          { length: columns },
          (_, j) => Array.from({ length: rows }, (_, i) => all[i * columns + j] ** 2).reduce((a, b) => a + b),
        );
      };
      yield {
        what: `${rows} x ${columns}, ${count} rotations`,
        operands: { vectors, places, rotations, count },
        outputs: ({ vectors }) => [vectors],
        *identity(after, before): Iterable<Residual> {
          const one = lengths(after.vectors), other = lengths(before.vectors);
          for (let j = 0; j < columns; j++) {
            yield { what: `column ${j}`, value: one[j] - other[j], terms: 6 * count, magnitude: other[j] };
          }
        },
      };
    }
  }
});
