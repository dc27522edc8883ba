import assert from "node:assert/strict";
import type { CholeskyArguments, MatrixOperand } from "../../../kernels/contract.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement, growth, type Residual } from "../agreement.ts";
import { type Bench, conformance } from "../grid.ts";
import { copyOf, elements, matrixOf, viewOf } from "../operands.ts";

// Around the tile (4) and the block (64); with blocks of unequal width, and large enough to split.
const sizes = [0, 1, 2, 3, 4, 5, 31, 63, 64, 65, 67, 128, 130, 193, 321];

/** A positive definite matrix; what lies below its diagonal must not be read. */
async function positiveDefinite({ workspace, reference }: Bench, n: number, gap: number): Promise<MatrixOperand> {
  const random = createRandom(n);
  const root = matrixOf(workspace, "f64", n + 3, n, random.normal),
    a = matrixOf(workspace, "f64", n, n, () => NaN, gap);
  await reference.syrk({ a: root, c: a });
  const view = viewOf(a);
  for (let i = 0; i < n; i++) view[a.offset! + i * (a.stride! + 1)] += 0.5;
  workspace.free(root.array);
  return a;
}

agreement("cholesky", "gives an upper triangular R with A = R R^T", async function* (bench) {
  for (const n of sizes) {
    for (const gap of [0, 3]) {
      const a = await positiveDefinite(bench, n, gap), view = viewOf(a);
      for (let i = 0; i < n; i++) view.fill(NaN, 1 + i * (n + gap), 1 + i * (n + gap) + i);
      yield { what: `${n} x ${n}, gap ${gap}`, operands: { a }, outputs: ({ a }) => [a], identity };
    }
  }
});

/** `A - R R^T` above the diagonal, and the zeros below. */
function* identity(after: CholeskyArguments, before: CholeskyArguments): Iterable<Residual> {
  const form = elements(before.a), r = elements(after.a), n = after.a.columns;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      yield { what: `what is below the diagonal at (${i}, ${j})`, value: r[i * n + j], terms: 0, magnitude: 0 };
    }
    for (let j = i; j < n; j++) {
      let sum = 0;
      for (let k = j; k < n; k++) sum += r[i * n + k] * r[j * n + k];
      const magnitude = Math.sqrt(form[i * (n + 1)] * form[j * (n + 1)]);
      yield { what: `A - R R^T at (${i}, ${j})`, value: sum - form[i * n + j], terms: n, magnitude };
    }
  }
}

conformance("cholesky", "leaves a Schur complement whose factor completes the factor of the whole", async (bench) => {
  const { workspace, kernel, reference, epsilon } = bench;
  for (const n of [1, 5, 64, 65, 130, 321]) {
    const a = await positiveDefinite(bench, n, 2), whole = copyOf(workspace, a), form = elements(a);
    assert.equal(await reference.cholesky({ a: whole }), -1);
    const cuts = new Set([0, 1, 3, 63, 64, 65, n - 65, n - 64, n - 3, n].filter((cut) => cut >= 0 && cut <= n));
    for (const cut of cuts) {
      const parts = copyOf(workspace, a), expected = copyOf(workspace, a);
      const agree = (actual: MatrixOperand, wanted: MatrixOperand, what: string) => {
        const values = elements(wanted);
        elements(actual).forEach((value, at) => {
          const i = Math.floor(at / n), j = at % n;
          // Below the diagonal of what is not factored yet nothing is said.
          if (j < i && i < cut && what === "Schur complement") return;
          const bound = growth * epsilon * Math.sqrt(form[i * (n + 1)] * Math.max(1, form[j * (n + 1)]));
          assert.ok(Math.abs(value - values[at]) <= bound, `${what}, element (${i}, ${j}) of ${n} cut at ${cut}`);
        });
      };
      assert.equal(await kernel.cholesky({ a: parts, schur: cut }), -1);
      assert.equal(await reference.cholesky({ a: expected, schur: cut }), -1);
      agree(parts, expected, "Schur complement");
      assert.equal(await kernel.cholesky({ a: { ...parts, rows: cut, columns: cut } }), -1);
      agree(parts, whole, "factor");
      for (const operand of [parts, expected]) workspace.free(operand.array);
    }
    for (const operand of [a, whole]) workspace.free(operand.array);
  }
});

conformance("cholesky", "names the first pivot that is not positive", async (bench) => {
  const { workspace, kernel, reference } = bench;
  for (const n of [1, 5, 64, 130, 200]) {
    const a = await positiveDefinite(bench, n, 1);
    for (const bad of new Set([0, 1, n >> 1, n - 66, n - 65, n - 64, n - 1].filter((j) => j >= 0 && j < n))) {
      for (const value of [-1, 0, NaN]) {
        const broken = copyOf(workspace, a), expected = copyOf(workspace, a);
        for (const matrix of [broken, expected]) viewOf(matrix)[1 + bad * (n + 2)] = value;
        const index = await kernel.cholesky({ a: broken });
        assert.equal(index, await reference.cholesky({ a: expected }), `${value} at ${bad} of ${n}`);
        assert.equal(index, bad);
        for (const matrix of [broken, expected]) workspace.free(matrix.array);
      }
    }
  }
});
