/** The conformance grid: every kernel on every backend against the reference, over awkward shapes. */

import { it } from "node:test";
import assert from "node:assert/strict";
import { capabilities, openWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { families } from "../../kernels/families/mod.ts";
import { withDevice } from "../support/device.ts";
import { type FloatDtype, type KernelName, type Kernels, specifications } from "../../kernels/contract.ts";
import { referenceKernels, webgpuKernels } from "../support/kernels.ts";
import { watchCuts } from "./cuts.ts";
import { mirrored } from "./mirrored.ts";

const { threadsReason = false } = await capabilities();

/** Backends whose kernels are compared with the reference. */
const backends = ["wasm", "threads", "webgpu"] as const;

/** What a conformance case is given. */
export interface Bench {
  readonly backend: (typeof backends)[number];
  readonly dtype: FloatDtype;
  readonly workspace: Workspace;
  /** The kernel under test; on `wasm`, each of its calls is repeated over cuts of its launches: see `cuts.ts`. */
  readonly kernel: Kernels;
  readonly reference: Kernels;
  /** The widest floats where the kernel runs. */
  readonly widest: FloatDtype;
  /** Unit roundoff of the dtype. */
  readonly epsilon: number;
}

/** Registers one test for each dtype of a kernel on each backend that has it. */
export function conformance(name: KernelName, criterion: string, run: (bench: Bench) => Promise<void>): void {
  for (const backend of backends) {
    if (backend === "webgpu") {
      if (webgpuKernels.includes(name)) onDevice(name, criterion, run);
      continue;
    }
    for (const dtype of specifications[name].dtypes) {
      const skip = backend === "threads" && threadsReason;
      it(`${name} ${dtype} on ${backend} ${criterion}`, { skip }, async () => {
        const workspace = await openWorkspace({ families, backend, threads: 3, dtype, flops: 0 });
        try {
          const kernels = await watchCuts(name, workspace.kernels, backend === "wasm");
          const { kernel, calls } = counted(name, kernels);
          const widest = "f64", epsilon = roundoff[dtype];
          await run({ backend, dtype, workspace, kernel, reference: referenceKernels, widest, epsilon });
          assert.ok(calls() > 0, `the case does not call ${name}`);
        } finally {
          workspace.release();
        }
      });
    }
  }
}

/**
 * The same on a WebGPU device, where there is one: operands stay in JavaScript's memory, and go there for each call.
 */
function onDevice(name: KernelName, criterion: string, run: (bench: Bench) => Promise<void>): void {
  it(`${name} f32 on webgpu ${criterion}`, (context) =>
    withDevice(context, [name], async (device) => {
      const workspace = await openWorkspace({ families, backend: "reference", dtype: "f32", flops: 0 });
      try {
        const { kernel, calls } = counted(name, mirrored(device));
        const own = { backend: "webgpu", dtype: "f32", widest: device.widest, epsilon: roundoff.f32 } as const;
        await run({ ...own, workspace, kernel, reference: referenceKernels });
        assert.ok(calls() > 0, `the case does not call ${name}`);
      } finally {
        workspace.release();
      }
    }));
}

/** Counts the calls of one kernel: a case that never runs it would prove nothing. */
function counted(name: KernelName, kernels: Kernels): { kernel: Kernels; calls: () => number } {
  let calls = 0;
  const call = (operands: object) => {
    calls++;
    return (kernels[name] as (operands: object) => unknown)(operands);
  };
  return { kernel: { ...kernels, [name]: call }, calls: () => calls };
}

/** Unit roundoff of each dtype. */
const roundoff: { readonly [D in FloatDtype]: number } = { f32: 2 ** -24, f64: 2 ** -53 };

/** Lengths around the lane counts and unroll factors of the kernels. */
export const awkwardLengths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 1000, 4099];
