import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { Miniflare } from "miniflare";
import { systems } from "../../scripts/systems.ts";

/** What tells of each system: words of its messages, which no bundler changes. */
const markers: Readonly<Record<string, readonly string[]>> = {
  quantization: ["quantize the layer", "quantizationSweep"],
  regression: ["sparse regression"],
  graph: ["sparse precision matrix"],
  factorization: ["factor the samples"],
  completion: ["complete the matrix"],
  multitask: ["fit a multi-task regression"],
  sharpness: ["train the classifier"],
};
const kernels: Readonly<Record<string, readonly string[]>> = {
  quantization: ["dense", "proximal", "quantization"],
  regression: ["dense", "l0"],
  graph: ["dense", "l0"],
  factorization: ["dense", "factorization", "proximal", "spectral"],
  completion: ["completion", "dense", "spectral"],
  multitask: ["dense", "l0"],
  sharpness: ["dense", "spectral", "training"],
};

/** Builds the service of one system; its files. */
async function buildSystem(system: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "scripts/build_worker.ts", `--system=${system}`],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const folder = `build/worker-${system}`;
  return new Map([...Deno.readDirSync(folder)].map(({ name }) => [name, Deno.readFileSync(`${folder}/${name}`)]));
}

describe("the edge bundle of one system", () => {
  it("is described here for every system", () => {
    for (const described of [markers, kernels, bodies]) {
      assert.deepEqual(Object.keys(described).sort(), systems().sort());
    }
  });

  for (const system of systems()) {
    it(`of ${system} has its kernels and no others, in 150 KiB, and works in workerd`, async () => {
      const files = await buildSystem(system);
      const bytes = [...files.values()].reduce((sum, contents) => sum + gzipSync(contents).length, 0);
      assert.ok(bytes <= 150 * 1024, `${bytes} bytes`);
      const modules = [...files.keys()].filter((name) => name.endsWith(".wasm"));
      const wanted = kernels[system].flatMap((family) => [`${family}.relaxed.wasm`, `${family}.simd.wasm`]);
      assert.deepEqual(modules.sort(), wanted.sort());
      const text = new TextDecoder().decode(files.get("worker.js"));
      for (const [other, words] of Object.entries(markers)) {
        for (const word of words) assert.equal(text.includes(word), other === system, `"${word}" of ${other}`);
      }
      const worker = new Miniflare({
        compatibilityDate: "2026-04-01",
        modules: [
          { type: "ESModule", path: "worker.js", contents: text },
          ...modules.map((path) => ({ type: "CompiledWasm" as const, path, contents: files.get(path)! })),
        ],
      });
      try {
        const description = await (await worker.dispatchFetch("http://worker/openapi.json")).json() as {
          paths: Record<string, unknown>;
        };
        const solvers = Object.keys(description.paths).filter((path) =>
          path !== "/v1/capabilities" && path.startsWith("/v1/")
        );
        assert.ok(solvers.length > 0);
        const body = bodies[system];
        const answer = await worker.dispatchFetch(`http://worker${solvers[0]}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        });
        assert.equal(answer.status, 200, await answer.clone().text());
        assert.equal((await answer.json() as { plan: { backend: string } }).plan.backend, "wasm");
        assert.equal((await worker.dispatchFetch("http://worker/")).status, 404);
      } finally {
        await worker.dispose();
      }
    });
  }
});

const samples = { shape: [6, 2], data: [1, 2, 0, 1, 3, 1, 2, 5, 4, 1, 0, 3] };
/** A small question for each. */
const bodies: Readonly<Record<string, object>> = {
  quantization: { weights: { shape: [2, 2], data: [1, 2, 3, 4] }, gram: { shape: [2, 2], data: [2, 1, 1, 2] } },
  regression: { X: samples, y: [1, 0, 2, 3, 1, 2], options: { lambda0: 0.1 } },
  graph: { samples, options: { lambda0: 0.1, lambda2: 0.1 } },
  factorization: { X: samples, options: { rank: 2 } },
  completion: { observed: [[1, 2, null], [2, null, 6], [null, 6, 9]], options: { holdout: 0 } },
  multitask: { tasks: [{ X: samples, y: [1, 0, 2, 3, 1, 2] }], options: { support: 1 } },
  sharpness: { kernel: [[2, 1], [1, 2]], y: [1, 2], options: { steps: 2 } },
};
