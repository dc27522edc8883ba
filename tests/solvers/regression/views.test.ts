import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveOptions } from "../../../solvers/core/resolve_options.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { atOnce } from "../../../solvers/core/steps.ts";
import { l0Penalty } from "../../../solvers/l0/penalty.ts";
import { solveOn } from "../../../solvers/regression/descent.ts";
import { bestMove } from "../../../solvers/regression/moves.ts";
import { sparseRegressionOptions } from "../../../solvers/regression/options.ts";
import { openRegression } from "../../../solvers/regression/session.ts";
import type { Task } from "../../../solvers/regression/task.ts";
import { solveByView, viewFrom } from "../../../solvers/regression/views.ts";
import { simulate } from "./data.ts";

/** What is minimised on simulated data, without a solve. */
async function withTask(lambda2: number, correlation: number, use: (task: Task) => Promise<void>): Promise<void> {
  const { X, y } = simulate(60, 40, 8, correlation, 1, 3), options = { lambda0: 1, lambda2 };
  const session = await openRegression(X, y, resolveOptions(sparseRegressionOptions, options, "a test"));
  try {
    await use(session.taskAt(1));
  } finally {
    session.close();
  }
}

/** Supports that come one after another by a feature or two. */
function* walk(steps: number): Generator<number[]> {
  const random = createRandom(7), support: number[] = [];
  for (let step = 0; step < steps; step++) {
    const feature = random.integer(40), place = support.indexOf(feature);
    if (place >= 0) support.splice(place, 1);
    else support.push(feature);
    if (step % 3 === 0 && support.length > 4) support.splice(random.integer(support.length), 1);
    yield support.slice();
  }
}

describe("views of supports", () => {
  it("solveByView stays the direct solve while features enter and leave, past the changes after which it begins anew", async () => {
    for (const lambda2 of [0, 0.5]) {
      await withTask(lambda2, 0.9, async (task) => {
        for (const support of walk(500)) {
          const followed = await solveByView(task, support), direct = await solveOn(task, support);
          assert.ok(followed !== undefined, `support ${support}`);
          assert.deepEqual(followed.estimate.features, support);
          assert.ok(Math.abs(followed.objective - direct.objective) <= 1e-10 * task.problem.nullLoss);
          const { coefficients, correlations } = direct.estimate;
          followed.estimate.coefficients.forEach((value, i) => {
            assert.ok(Math.abs(value - coefficients[i]) < 1e-8, `coefficient ${i} of ${support}`);
          });
          followed.estimate.correlations.forEach((value, j) => {
            assert.ok(
              Math.abs(value - correlations[j]) < 1e-8 * task.problem.samples,
              `correlation ${j} of ${support}`,
            );
          });
        }
      });
    }
  });

  it("bestMove finds the best of all moves, each of them solved directly", async () => {
    for (const [lambda2, correlation] of [[0, 0.3], [0, 0.95], [0.5, 0.95]]) {
      await withTask(lambda2, correlation, async (given) => {
        for (const lambda0 of [0.05, 1]) {
          const task = { ...given, penalty: l0Penalty(lambda0, lambda2, Infinity) };
          let found = 0;
          for (const support of [...walk(60)].filter((_, step) => step % 30 === 29)) {
            const { estimate, objective } = await solveOn(task, support);
            const [move] = atOnce(bestMove(await viewFrom(task, estimate), task, 1e-9));
            let most = 0;
            for (const leaving of [-1, ...support]) {
              for (let entering = -1; entering < 40; entering++) {
                if (support.includes(entering)) continue;
                const next = support.filter((feature) => feature !== leaving);
                if (entering >= 0) next.push(entering);
                most = Math.max(most, objective - (await solveOn(task, next)).objective);
              }
            }
            if (move) found++;
            assert.ok(Math.abs((move?.gain ?? 0) - most) < 1e-8, `${move?.gain} instead of ${most} from ${support}`);
          }
          assert.ok(found > 0);
        }
      });
    }
  });

  it("a support whose features depend on each other is left to the direct solve", async () => {
    const { X, y } = simulate(60, 40, 8, 0.5, 1, 3);
    for (let i = 0; i < 60; i++) X.data[i * 40 + 1] = X.data[i * 40] * (1 + 1e-9 * (i % 2));
    const session = await openRegression(
      X,
      y,
      resolveOptions(sparseRegressionOptions, { lambda0: 1 }, "a test"),
    );
    try {
      const task = session.taskAt(1);
      assert.ok(await solveByView(task, [0, 5]));
      assert.equal(await solveByView(task, [0, 5, 1]), undefined);
      assert.ok(await solveByView(task, [1, 5]));
    } finally {
      session.close();
    }
  });
});
