import { lowerings } from "../wasm/table.ts";
import type { Launch } from "../wasm/launch.ts";
import { referenceKernels } from "../reference/table.ts";
import type { HostArray, KernelArguments, KernelName, Kernels } from "../spec.ts";
import { type Arena, createArena } from "./arena.ts";

type Exports = Record<string, (...parameters: number[]) => number>;

/** The kernels of one WASM instance over the memory of its arena. */
export interface WasmMachine {
  readonly arena: Arena;
  readonly kernels: Kernels;
}

/** Instantiates the kernels over a fresh shared memory of at most `limit` bytes. */
export function createWasmMachine(module: WebAssembly.Module, limit: number): WasmMachine {
  const maximum = Math.floor(limit / 65536);
  const memory = new WebAssembly.Memory({ initial: 16, maximum, shared: true });
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
  const arena = createArena(memory, exports.heapBase(), maximum * 65536);
  // Working memory of the kernels themselves: kept from call to call, grown to the largest wish.
  let scratch: HostArray<"u8"> | undefined;

  function scratchAddress(bytes: number): number {
    if (bytes === 0) return 0;
    if (scratch === undefined || scratch.length < bytes) {
      if (scratch) arena.free(scratch);
      scratch = undefined;
      scratch = arena.allocate("u8", bytes, "kernel scratch");
    }
    return scratch.address;
  }

  function launch({ entry, parameters, extent, scratchBytes = 0 }: Launch): number {
    const kernel = exports[entry];
    if (extent === undefined) return kernel(...parameters);
    return extent === 0 ? 0 : kernel(...parameters, 0, extent, scratchAddress(scratchBytes));
  }

  const overrides = Object.fromEntries(
    (Object.keys(lowerings) as KernelName[]).map((name) => {
      const lower = lowerings[name] as (operands: KernelArguments<KernelName>) => readonly Launch[];
      return [name, (operands: KernelArguments<KernelName>) => {
        let value = 0;
        for (const step of lower(operands)) value = launch(step);
        return value;
      }];
    }),
  ) as Partial<Kernels>;
  return { arena, kernels: { ...referenceKernels, ...overrides } };
}
