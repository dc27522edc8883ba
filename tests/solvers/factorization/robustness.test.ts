import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  createRandom,
  fromRows,
  type Matrix,
  matrix,
  projectOntoArchetypes,
  robustness,
  ShapeError,
} from "../../../mod.ts";
import { residualSquares, squares, uniformMatrix } from "./data.ts";

/** `D(X, H)`: squared distances of the samples to the hull. */
async function hullDistance(X: Matrix, H: Matrix): Promise<number> {
  return residualSquares(X, await projectOntoArchetypes(X, H, { tolerance: 1e-14 }), H);
}

describe("robustness", () => {
  it("is asymmetric: archetypes that repeat may be strong and still miss one (Example 2)", () => {
    const truth = fromRows([[1, 0], [0, 1], [0, 0]]);
    for (const angle of [0.3, 0.6, 0.78, 0.785]) {
      const far = 1 / Math.cos(2 * angle);
      const H = fromRows([[1, 0], [0, 1], [far, far]]);
      const { weak, strong } = robustness(truth, H);
      assert.ok(weak <= 4 && strong >= (far - 1) ** 2, `${weak}, ${strong}`);
    }
  });

  it("of archetypes blown up by delta is rank delta^2 (Example 3)", () => {
    for (const rank of [2, 5]) {
      for (const delta of [0.1, 0.5]) {
        const identity = matrix(rank, rank), blown = matrix(rank, rank);
        for (let t = 0; t < rank; t++) {
          identity.data[t * (rank + 1)] = 1;
          blown.data[t * (rank + 1)] = 1 + delta;
        }
        const { weak, strong } = robustness(identity, blown);
        assert.ok(Math.abs(strong - rank * delta ** 2) < 1e-12 && Math.abs(weak - rank * delta ** 2) < 1e-12);
      }
    }
  });

  it("tells what an archetype in the middle hides: weak alike, strong not (Example 1)", () => {
    const truth = fromRows([[0, 0], [1, 0], [0, 1]]);
    const near = fromRows([[0.05, 0.05], [0.95, 0], [0, 0.95]]);
    const inside = fromRows([[0.3, 0.3], [0.95, 0], [0, 0.95]]);
    const outside = fromRows([[-0.6, -0.6], [0.95, 0], [0, 0.95]]);
    const of = (H: Matrix) => robustness(truth, H);
    assert.ok(of(near).weak < of(inside).weak && of(near).strong < of(inside).strong);
    assert.ok(of(outside).strong > of(inside).strong);
  });

  it("keeps Theorem 1: weak <= 2 rank b^2 + 2 strong", () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = createRandom(seed), rank = 2 + random.integer(4), features = 1 + random.integer(5);
      const truth = uniformMatrix(rank, features, seed), H = uniformMatrix(rank, features, seed + 1000);
      let b = 0;
      for (let i = 0; i < rank; i++) {
        for (let j = 0; j < rank; j++) {
          let square = 0;
          for (let s = 0; s < features; s++) {
            square += (truth.data[i * features + s] - truth.data[j * features + s]) ** 2;
          }
          b = Math.max(b, square);
        }
      }
      const { weak, strong } = robustness(truth, H);
      assert.ok(weak <= 2 * rank * b + 2 * strong + 1e-12, `seed ${seed}`);
    }
  });

  it("keeps Theorem 2: the samples are as near to the hull as the archetypes to the truth", async () => {
    for (let seed = 0; seed < 20; seed++) {
      const { uniform, integer } = createRandom(seed), rank = 2 + integer(3), features = 4, samples = 15;
      const truth = uniformMatrix(rank, features, seed), H = uniformMatrix(rank, features, seed + 500);
      const X = matrix(samples, features);
      for (let i = 0; i < samples; i++) {
        const shares = Array.from({ length: rank }, uniform), sum = shares.reduce((a, b) => a + b, 0);
        for (let j = 0; j < features; j++) {
          X.data[i * features + j] = shares.reduce((x, share, t) => x + share / sum * truth.data[t * features + j], 0);
        }
      }
      const { weak, strong } = robustness(truth, H), distance = Math.sqrt(await hullDistance(X, H));
      const bound = Math.min(Math.sqrt(weak), rank * Math.sqrt(squares(truth)) + Math.sqrt(strong));
      assert.ok(distance <= Math.sqrt(samples) * bound + 1e-6, `seed ${seed}: ${distance}, ${bound}`);
    }
  });

  it("refuses archetypes of other features", () => {
    assert.throws(() => robustness(matrix(2, 3), matrix(2, 2)), ShapeError);
    assert.throws(() => robustness(matrix(0, 3), matrix(2, 3)), ShapeError);
  });
});
