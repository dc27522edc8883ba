/** Launches over odd cuts of their extent, on a private WASM instance. */

import assert from "node:assert/strict";
import type { HostArray, KernelArguments, KernelName, Kernels } from "../../kernels/contract.ts";
import { createArena } from "../../kernels/engine/arena.ts";
import { type Launch, type Launches, passStructs, runLaunches, structWords } from "../../kernels/wasm/launch.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { instantiateKernels, lowerings } from "../support/kernels.ts";
import { replaceArrays, sameBits } from "./operands.ts";

const memoryPages = 2048;

/** Calls over more bytes are not repeated: smaller ones of the same kernel are. */
const mostBytes = 8 << 20;

/** Extents up to this are also taken one by one. */
const mostSingles = 40;

/** Where a launch is cut, ascending. */
type Cut = (extent: number) => readonly number[];

/**
 * Watches one kernel: the operands of each of its calls go through its launches on an instance of their own, whole and,
 * if `cutting`, cut in random places and into single pieces, whatever the grain. All must leave the same bits, the
 * engine's own call too, and give the same value. Pieces come from the last to the first; only a launch whose grain is
 * its extent, which says that its pieces follow one another, sees them in order. Scratch memory holds garbage before
 * each piece.
 */
export async function watchCuts(name: KernelName, kernels: Kernels, cutting: boolean): Promise<Kernels> {
  const lower = lowerings[name] as ((operands: object) => Launches) | undefined;
  if (lower === undefined) return kernels;
  const memory = new WebAssembly.Memory({ initial: 16, maximum: memoryPages, shared: true });
  const exports = await instantiateKernels(memory);
  const arena = createArena(memory, memoryPages << 16);
  const structs = arena.allocate("f64", structWords, "structs");
  const random = createRandom(11);

  function launch({ entry, parameters, extent, grain = 1, scratchBytes = 0 }: Launch, cut: Cut): number {
    const kernel = exports[entry];
    assert.equal(typeof kernel, "function", `${name} launches ${entry}, which the module does not export`);
    const further = extent !== undefined ? 3 : scratchBytes > 0 ? 1 : 0;
    assert.equal(
      kernel.length,
      parameters.length + further,
      `${entry} takes ${kernel.length} parameters, and its lowering gives ${parameters.length} and ${further} more`,
    );
    const values = passStructs(parameters, structs.view, structs.address);
    const scratch = arena.allocate("u8", scratchBytes, "scratch");
    try {
      const call = (...range: number[]) => {
        scratch.view.fill(0xff);
        return kernel(
          ...values,
          ...range,
          ...(extent === undefined && scratchBytes === 0 ? [] : [scratch.address]),
        );
      };
      if (extent === undefined) return call();
      const cuts = [0, ...cut(extent), extent];
      const pieces = cuts.slice(1).map((end, i) => [cuts[i], end]).filter(([begin, end]) => begin < end);
      if (grain !== extent) pieces.reverse();
      return pieces.reduce((sum, [begin, end]) => sum + call(begin, end), 0);
    } finally {
      arena.free(scratch);
    }
  }

  const odd: Cut = (extent) => [1, 2, 3].map(() => random.integer(extent + 1)).sort((p, q) => p - q);
  const single: Cut = (extent) =>
    extent <= mostSingles
      ? Array.from({ length: extent }, (_, i) => i)
      : Array.from({ length: 9 }, () => random.integer(extent + 1)).sort((p, q) => p - q);

  /** What a call leaves in each array, and gives, over one cut of all its launches. */
  function runCut(operands: object, cut: Cut) {
    const twins = new Map<HostArray, HostArray>();
    const copied = replaceArrays(operands, (array) => {
      const twin = twins.get(array) ?? arena.allocate(array.dtype, array.length, array.label);
      twin.view.set(array.view);
      twins.set(array, twin);
      return twin;
    });
    try {
      const value = runLaunches(lower!(copied), (step) => launch(step, cut));
      return {
        value,
        arrays: [...twins].map(([{ label, view: given }, { view }]) => ({ label, given, view: view.slice() })),
      };
    } finally {
      for (const twin of twins.values()) arena.free(twin);
    }
  }

  async function call(operands: KernelArguments<KernelName>): Promise<unknown> {
    let bytes = 0;
    replaceArrays(operands, (array) => {
      bytes += array.view.byteLength;
      return array;
    });
    const kernel = kernels[name] as (operands: object) => unknown;
    if (bytes > mostBytes) return await kernel(operands);
    const whole = runCut(operands, () => []);
    const agree = (views: readonly ArrayLike<number>[], how: string) =>
      whole.arrays.forEach(({ label, view }, i) => {
        assert.ok(sameBits(views[i], view), `${name} leaves other bits in "${label}" ${how}`);
      });
    const cuts = [["cut in odd places", odd], ["cut into pieces", single]] as const;
    for (const [how, cut] of cutting ? cuts : []) {
      const pieces = runCut(operands, cut);
      assert.equal(pieces.value, whole.value, `the value of ${name} ${how}`);
      agree(pieces.arrays.map(({ view }) => view), how);
    }
    const value = await kernel(operands);
    agree(whole.arrays.map(({ given }) => given), "as the engine runs it");
    return value;
  }

  return { ...kernels, [name]: call };
}
