import assert from "node:assert/strict";
import { binTable } from "../../../kernels/contract/completion/bins.ts";
import { binLoss, type Link } from "../../../kernels/contract/completion/link.ts";
import type { Workspace } from "../../../kernels/engine/mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement } from "../agreement.ts";
import { conformance } from "../grid.ts";
import { vectorOf, viewOf } from "../operands.ts";

const links: readonly Link[] = ["logit", "probit"];
const boundarySets = [[0], [-1, 0.5, 2], [-0.05, 0.05, 3, 3.001], [-400, 400]];

/** Latent values near the boundaries, between them and far out. */
const values = [-700, -40, -8.5, -3, -1, -0.31, -1e-9, 0, 0.01, 0.3, 1, 2.05, 3.0004, 8, 36, 700];

/** Entries of all levels at all values, weighted or not. */
function problem(workspace: Workspace, link: Link, boundaries: readonly number[], count: number, weighted: boolean) {
  const random = createRandom(count + boundaries.length);
  const bins = {
    array: workspace.allocate("f64", 3 * (boundaries.length + 1), "bins"),
    rows: boundaries.length + 1,
    columns: 3,
  };
  workspace.write(bins.array, binTable(link, boundaries));
  const levels = workspace.allocate("u32", count, "levels");
  workspace.write(levels, Array.from({ length: count }, (_, k) => k % (boundaries.length + 1)));
  const latent = vectorOf(workspace, "f64", count, () => values[random.integer(values.length)] + 0.1 * random.normal());
  const weights = weighted ? vectorOf(workspace, "f64", count, () => 0.1 + 3 * random.uniform()) : undefined;
  const vector = () => vectorOf(workspace, "f64", count, random.normal);
  return { operands: { link, bins, levels, ...weights && { weights } }, latent, weights, vector };
}

/** Rounding of a few functions in a row. */
const terms = 30;

agreement("binTerms", "agrees in both tails, in narrow bins and with weights", function* ({ workspace }) {
  for (const link of links) {
    for (const boundaries of boundarySets) {
      for (const [count, weighted] of [[0, false], [1, true], [193, false], [700, true]] as const) {
        const { operands, latent, weights, vector } = problem(workspace, link, boundaries, count, weighted);
        const losses = vector(), gradients = vector(), curvatures = vector();
        const x = viewOf(latent).slice(1), w = weights && viewOf(weights).slice(1);
        yield {
          what: `${link}, ${count} entries between ${boundaries}`,
          operands: { ...operands, latent, losses, gradients, curvatures },
          outputs: ({ losses, gradients, curvatures }) => [losses, gradients, curvatures],
          terms,
          // Squares of the distance in a normal tail; differences over the width in a narrow bin.
          magnitude(k) {
            const distance = Math.abs(x[k]) + Math.max(...boundaries.map(Math.abs));
            return (w ? w[k] : 1) * (20 + 20 * distance + (link === "probit" ? distance ** 2 : 0));
          },
        };
      }
    }
  }
});

conformance(
  "binTerms",
  "gives derivatives, and curvatures above the loss everywhere",
  async ({ workspace, kernel }) => {
    for (const link of links) {
      for (const boundaries of boundarySets) {
        const count = 200, { operands, latent, vector } = problem(workspace, link, boundaries, count, false);
        const losses = vector(), gradients = vector(), curvatures = vector();
        await kernel.binTerms({ ...operands, latent, losses, gradients, curvatures });
        const levels = await workspace.read(operands.levels), random = createRandom(2);
        const [x, loss, gradient, curvature] = [latent, losses, gradients, curvatures].map((v) => viewOf(v).slice(1));
        const ends = [-Infinity, ...boundaries, Infinity];
        for (let k = 0; k < count; k++) {
          const lower = ends[levels[k]], upper = ends[levels[k] + 1], size = 1 + Math.abs(x[k]) + loss[k];
          assert.ok([loss[k], gradient[k], curvature[k]].every(Number.isFinite), `${link} at ${x[k]}`);
          const h = 1e-5, ahead = binLoss(link, lower, upper, x[k] + h), behind = binLoss(link, lower, upper, x[k] - h);
          if (Math.abs(x[k]) < 50) {
            const difference = (ahead.loss - behind.loss) / (2 * h);
            assert.ok(
              Math.abs(difference - gradient[k]) <= 1e-6 * size,
              `${link}: ${difference} is not ${gradient[k]}`,
            );
          }
          for (let trial = 0; trial < 5; trial++) {
            const step = 6 * random.normal(), there = binLoss(link, lower, upper, x[k] + step).loss;
            const above = loss[k] + step * (gradient[k] + curvature[k] * step / 2);
            assert.ok(
              above >= there - 1e-9 * (size + there),
              `${link} from ${x[k]} by ${step}: ${above} is below ${there}`,
            );
          }
        }
      }
    }
  },
);

agreement("binProximal", "finds the same points, from any start", function* ({ workspace }) {
  for (const link of links) {
    for (const boundaries of boundarySets) {
      for (const [count, weighted, penalty] of [[0, false, 1], [1, true, 0.5], [333, true, 0.25]] as const) {
        const { operands, latent, vector } = problem(workspace, link, boundaries, count, weighted);
        const x = viewOf(latent).slice(1);
        yield {
          what: `${link}, ${count} entries between ${boundaries}`,
          operands: { ...operands, penalty, centers: latent, points: vector() },
          outputs: ({ points }) => [points],
          terms,
          magnitude: (k) => 400 + 20 * Math.abs(x[k]),
        };
      }
    }
  }
});

conformance("binProximal", "leaves no derivative", async ({ workspace, kernel }) => {
  for (const link of links) {
    for (const boundaries of boundarySets) {
      const count = 150,
        penalty = 0.5,
        { operands, latent, vector } = problem(workspace, link, boundaries, count, false);
      const points = vector();
      await kernel.binProximal({ ...operands, penalty, centers: latent, points });
      const levels = await workspace.read(operands.levels), ends = [-Infinity, ...boundaries, Infinity];
      const center = viewOf(latent).slice(1);
      viewOf(points).slice(1).forEach((z, k) => {
        const { gradient } = binLoss(link, ends[levels[k]], ends[levels[k] + 1], z);
        const size = 20 + Math.abs(gradient) + Math.abs(z) + Math.abs(center[k]);
        const residual = gradient + penalty * (z - center[k]);
        assert.ok(Math.abs(residual) <= 1e-12 * size, `${link}: ${residual} at ${z} from ${center[k]}`);
      });
    }
  }
});
