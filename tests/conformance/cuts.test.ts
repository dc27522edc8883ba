import assert from "node:assert/strict";
import { it } from "node:test";
import { createArena } from "../../kernels/engine/arena.ts";
import { capabilities } from "../../kernels/engine/mod.ts";
import { loadModule } from "../../kernels/engine/modules.ts";
import type { FloatDtype, MatrixOperand, VectorOperand } from "../../kernels/contract.ts";
import { type Launch, type Launches, passStructs, runLaunches, structWords } from "../../kernels/wasm/launch.ts";
import { gemm } from "../../kernels/wasm/dense/gemm.ts";
import { gemv } from "../../kernels/wasm/dense/gemv.ts";
import { syrk } from "../../kernels/wasm/dense/syrk.ts";
import { projectSimplex } from "../../kernels/wasm/proximal/simplex.ts";
import { axpy } from "../../kernels/wasm/dense/vector.ts";
import { createRandom } from "../../solvers/core/random.ts";

const { build } = await capabilities();

/** A WASM instance of its own, whose kernels are called over any cut of their range. */
async function openInstance() {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 1024, shared: true });
  const instance = new WebAssembly.Instance(await loadModule(build === "relaxed" ? "relaxed" : "simd"), {
    env: { memory },
  });
  const exports = instance.exports as unknown as Record<string, (...parameters: number[]) => number>;
  const arena = createArena(memory, exports.heapBase(), 64 << 20);
  const scratch = arena.allocate("u8", 4 << 20, "scratch"), structs = arena.allocate("f64", structWords, "structs");
  const random = createRandom(7);
  const fill = (dtype: FloatDtype, length: number) => {
    const array = arena.allocate(dtype, length, "operand");
    for (let i = 0; i < length; i++) array.view[i] = random.normal();
    return array;
  };
  return {
    matrix: (dtype: FloatDtype, rows: number, columns: number) => ({
      array: fill(dtype, rows * columns),
      rows,
      columns,
    }),
    vector: (dtype: FloatDtype, length: number) => ({ array: fill(dtype, length), length }),
    run({ entry, parameters, extent = 0 }: Launch, cuts: readonly number[]): number {
      const ends = [...cuts, extent], values = passStructs(parameters, structs.view, structs.address);
      ends.forEach((end, i) => exports[entry](...values, i === 0 ? 0 : ends[i - 1], end, scratch.address));
      return 0;
    },
  };
}

type Instance = Awaited<ReturnType<typeof openInstance>>;

/** For each splitting kernel: its launches, the operand it writes, and what stands there before. */
const splitting: Record<
  string,
  (instance: Instance, dtype: FloatDtype) => { launches: Launches; output: MatrixOperand | VectorOperand }
> = {
  gemm({ matrix }, dtype) {
    const output = matrix(dtype, 61, 43);
    const [a, b] = [matrix(dtype, 61, 300), matrix(dtype, 300, 43)];
    return { launches: gemm({ a, b, c: output, alpha: 0.7, beta: 0.3 }), output };
  },
  syrk({ matrix }, dtype) {
    const output = matrix(dtype, 61, 61);
    return { launches: syrk({ a: matrix(dtype, 300, 61), c: output, alpha: 0.7, beta: 0.3 }), output };
  },
  "syrk of f32 samples"({ matrix }, dtype) {
    const output = matrix(dtype, 61, 61);
    return { launches: syrk({ a: matrix("f32", 300, 61), c: output, alpha: 0.7, beta: 0.3 }), output };
  },
  gemv({ matrix, vector }, dtype) {
    const output = vector(dtype, 61);
    return { launches: gemv({ a: matrix(dtype, 61, 43), x: vector(dtype, 43), y: output, beta: 0.3 }), output };
  },
  "transposed gemv"({ matrix, vector }, dtype) {
    const output = vector(dtype, 61), a = matrix(dtype, 43, 61);
    return { launches: gemv({ a, x: vector(dtype, 43), y: output, beta: 0.3, transpose: true }), output };
  },
  projectSimplex({ matrix }, dtype) {
    const output = matrix(dtype, 61, 43);
    return { launches: projectSimplex({ x: output, radius: 3 }), output };
  },
  axpy({ vector }, dtype) {
    const output = vector(dtype, 61);
    return { launches: axpy({ alpha: 0.7, x: vector(dtype, 61), y: output }), output };
  },
};

for (const [name, prepare] of Object.entries(splitting)) {
  for (const dtype of ["f32", "f64"] as const) {
    it(`${name} into ${dtype} gives the same bits however its range is cut`, { skip: build === "none" }, async () => {
      const instance = await openInstance();
      const { launches, output } = prepare(instance, dtype);
      const { view } = output.array as ReturnType<Instance["matrix"]>["array"];
      const before = Array.from(view);
      const run = (cutsOf: (extent: number) => number[]) => {
        view.set(before);
        runLaunches(launches, (launch) => instance.run(launch, cutsOf(launch.extent ?? 0)));
        return Array.from(view);
      };
      const whole = run(() => []);
      assert.notDeepEqual(whole, before);
      const random = createRandom(11);
      for (let trial = 0; trial < 20; trial++) {
        const cut = run((extent) => [1, 2, 3].map(() => random.integer(extent + 1)).sort((p, q) => p - q));
        assert.deepEqual(cut, whole);
      }
      assert.deepEqual(run((extent) => Array.from({ length: extent }, (_, i) => i)), whole);
    });
  }
}
