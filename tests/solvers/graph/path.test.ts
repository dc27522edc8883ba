import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { graphEdges, type PrecisionPathPoint, sparsePrecision, sparsePrecisionPath } from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { chain, golden } from "./data.ts";

describe("sparsePrecisionPath", () => {
  it("begins at the empty graph with the known lambda0 and adds edges as lambda0 falls", async () => {
    for (const [lambda2, first] of [[0, 0.590943958], [0.05, 0.578942292], [1, 0.417744362]]) {
      const points: PrecisionPathPoint[] = [];
      for await (const point of sparsePrecisionPath(golden, { lambda2, bigM: 1000, count: 6 })) points.push(point);
      assert.ok(points[0].lambda0 > first && points[0].edgeCount === 0 && points[1].lambda0 < first);
      assert.ok(points[1].edgeCount >= 1);
      points.slice(1).forEach(({ lambda0 }, i) => assert.ok(lambda0 < points[i].lambda0));
    }
  });

  it("has its least criterion at the true chain, whichever it is", async () => {
    const samples = chain(1000, 10, 0, createRandom(8).normal);
    for (let at = 0; at < samples.data.length; at++) if (at % 10) samples.data[at] += 0.5 * samples.data[at - 1];
    for (const criterion of ["ebic", "pseudo-ebic"] as const) {
      let best: PrecisionPathPoint | undefined;
      for await (const point of sparsePrecisionPath(samples, { lambda2: 0.01, criterion, maxEdges: 20 })) {
        if (best === undefined || point.criterion < best.criterion) best = point;
      }
      const found = graphEdges(best!.precision).filter(({ ends: [i, j] }) => j === i + 1);
      assert.ok(found.length === 9 && best!.edgeCount === 9, `${criterion}: ${best!.edgeCount} edges`);
    }
  });

  it("has its least criterion at the empty graph in noise, whichever it is", async () => {
    for (const criterion of ["ebic", "pseudo-ebic"] as const) {
      let found = 0;
      for (let seed = 1; seed <= 12; seed++) {
        const samples = chain(500, 10, 0, createRandom(seed).normal);
        let best: PrecisionPathPoint | undefined;
        for await (const point of sparsePrecisionPath(samples, { lambda2: 0.05, criterion, maxEdges: 10 })) {
          if (best === undefined || point.criterion < best.criterion) best = point;
        }
        if (best!.edgeCount > 0) found++;
      }
      assert.ok(found <= 1, `${criterion}: edges in ${found} of 12`);
    }
  });

  it("chooses no more edges by a larger gamma along the same path", async () => {
    const noise = chain(30, 30, 0, createRandom(2).normal), truth = chain(40, 12, 0.6, createRandom(5).normal);
    for (const [samples, criterion] of [[noise, "ebic"], [truth, "ebic"], [truth, "pseudo-ebic"]] as const) {
      const chosen: number[] = [], paths: number[][] = [];
      for (const gamma of [0, 0.5, 1, undefined]) {
        const options = { lambda2: 0.05, standardize: true, maxEdges: 60, criterion, gamma };
        let best: PrecisionPathPoint | undefined;
        const path: number[] = [];
        for await (const point of sparsePrecisionPath(samples, options)) {
          path.push(point.lambda0);
          if (best === undefined || point.criterion < best.criterion) best = point;
        }
        chosen.push(best!.edgeCount);
        paths.push(path);
      }
      const [none, half, one, usual] = chosen;
      paths.forEach((path) => assert.deepEqual(path, paths[0]));
      assert.ok(one <= half && half <= none && usual === half, `${criterion}: ${chosen}`);
    }
  });

  it("chooses edges of noise in all, less than half and none of 20 draws by gamma 0, 1/2 and 1", async () => {
    const size = 30, gammas = [0, 0.5, 1], draws = [0, 0, 0];
    for (let seed = 1; seed <= 20; seed++) {
      const samples = chain(size, size, 0, createRandom(seed).normal);
      const best = gammas.map(() => ({ value: Infinity, edges: 0 }));
      const options = { lambda2: 0.05, standardize: true, gamma: 0, maxEdges: 2 * size };
      for await (const { criterion, edgeCount: edges } of sparsePrecisionPath(samples, options)) {
        gammas.forEach((gamma, k) => {
          const value = criterion + 4 * gamma * edges * Math.log(size);
          if (value < best[k].value) best[k] = { value, edges };
        });
      }
      best.forEach(({ edges }, k) => draws[k] += edges > 0 ? 1 : 0);
    }
    assert.ok(draws[0] === 20 && draws[1] < 10 && draws[2] <= 1, `edges in ${draws} of 20`);
  });

  it("takes a gamma between 0 and 1, and none where there is no path", async () => {
    for (const gamma of [-0.1, 1.1, NaN]) {
      const points = sparsePrecisionPath(golden, { lambda2: 0.1, gamma });
      await assert.rejects(points.next(), /"gamma": expected a number from 0 to 1/);
    }
    const single = { lambda0: 0.1, lambda2: 0.1, gamma: 1 };
    await assert.rejects(sparsePrecision(golden, single), /"gamma"/);
  });

  it("ends where edges gain no more than rounding", async () => {
    const samples = chain(40, 8, 0.5, createRandom(1).normal);
    for (let at = 0; at < samples.data.length; at++) samples.data[at] *= 1e-8;
    let points = 0, calls = 0;
    const onProgress = () => void calls++;
    for await (const { edgeCount } of sparsePrecisionPath(samples, { lambda2: 0.05, onProgress })) {
      points += 1 + edgeCount;
    }
    assert.ok(points === 1 && calls < 100, `${points} points, ${calls} calls`);
  });
});
