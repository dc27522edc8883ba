/** Every public solver with one kernel after another slightly wrong: what it says of its answer stays true. @module */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { wrapKernels } from "../../kernels/engine/kernel_wrapper.ts";
import * as minima from "../../mod.ts";
import { makeLayer } from "../support/layers.ts";
import { type Checks, place } from "./wrong_kernels/check.ts";
import { completionChecks } from "./wrong_kernels/completion.ts";
import { factorizationChecks } from "./wrong_kernels/factorization.ts";
import { arraysOf, faults, kernelsOf, spoilt } from "./wrong_kernels/faults.ts";
import { graphChecks } from "./wrong_kernels/graph.ts";
import { levelChecks } from "./wrong_kernels/levels.ts";
import { multiTaskChecks } from "./wrong_kernels/multitask.ts";
import { quantizationChecks } from "./wrong_kernels/quantization.ts";
import { regressionChecks } from "./wrong_kernels/regression.ts";
import { sharpnessChecks } from "./wrong_kernels/sharpness.ts";
import { transductionChecks } from "./wrong_kernels/transduction.ts";

/** Every public solver, and the ways to call it. */
const solvers: Checks = {
  ...completionChecks,
  ...factorizationChecks,
  ...graphChecks,
  ...levelChecks,
  ...multiTaskChecks,
  ...quantizationChecks,
  ...regressionChecks,
  ...sharpnessChecks,
  ...transductionChecks,
};

/** Exported functions that are asynchronous and solve nothing. */
const exempt = [
  "calibrate",
  "capabilities",
  "dispose",
  "init",
  "loadModel",
  "loadQuantized",
  "kernelMatrix",
  "kernelRidge",
  "networkLoss",
  "parseQuantizedLayers",
  "readGgufHeader",
  "readGgufTensor",
  "readOnnxLayers",
  "readSafetensorsHeader",
  "readSafetensorsTensor",
  "saveCompressedTensors",
  "saveGguf",
  "saveGptq",
  "saveOnnx",
  "saveSafetensors",
];

/** What they return is what the kernels computed, or what the solvers here say of layers: no claim beside that. */
const measured = ["generate", "generateTokens", "logits", "perplexity", "quantizeModel"];

describe("with a kernel that is slightly wrong", () => {
  it("every public solver is looked at", () => {
    const solving = Object.entries(minima).filter(([, value]) =>
      typeof value === "function" && /^Async/.test(value.constructor.name)
    ).map(([name]) => name);
    const missing = solving.filter((name) => !(name in solvers) && ![...exempt, ...measured].includes(name));
    assert.deepEqual(missing, [], "solvers that this test does not know");
  });

  for (const [solver, checks] of Object.entries(solvers)) {
    for (const [way, check] of Object.entries(checks)) {
      it(`${solver} (${way}) reports what is true, or refuses`, async () => {
        const failures: string[] = [];
        for (const [name, counts] of await kernelsOf(check)) {
          for (const fault of Object.keys(faults)) {
            if (faults[fault].count && !counts) continue;
            wrapKernels((kernels) => spoilt(kernels, name, fault));
            try {
              await check();
            } catch (error) {
              // A factorisation that is said to fail is believed, and the matrix refused.
              const failsToFactor = name === "cholesky" && error instanceof minima.DataError;
              if (!(error instanceof minima.BackendError) && !failsToFactor) {
                failures.push(`${name}, ${fault}: ${(error as Error).message}`);
              }
            } finally {
              wrapKernels();
            }
          }
        }
        assert.deepEqual(failures, []);
      });
    }
  }

  it("quantizeLayer refuses a large layer of which one residual in f64 is wrong", async () => {
    const layer = makeLayer({ rows: 70, columns: 256, seed: 5, dtype: "f32" });
    const quantize = () => minima.quantizeLayer(layer.weights, layer.gram, { ...place, bits: 3, iterations: 1 });
    assert.equal((await quantize()).violations, 0);
    wrapKernels((kernels) => ({
      ...kernels,
      gemm(operands) {
        const done = kernels.gemm(operands), { offset = 0, rows, columns, stride = columns } = operands.c;
        for (const array of arraysOf(operands.c.array)) {
          if (array instanceof Float64Array) array[offset + (rows - 1) * stride] *= 1 + 1e-6;
        }
        return done;
      },
    }));
    try {
      await assert.rejects(quantize(), minima.BackendError);
    } finally {
      wrapKernels();
    }
  });
});
