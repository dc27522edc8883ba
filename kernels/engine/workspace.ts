import type { DeviceArray, Dtype, FloatDtype, HostArray, Kernels, View, ViewOf } from "../contract.ts";
import { type Arena, elementBytes, narrowInPlace, viewOf } from "./arena.ts";
import { MemoryLimitError } from "./errors.ts";
import type { KernelFamily } from "./family.ts";
import { wrapped } from "./kernel_wrapper.ts";
import type { Plan } from "./plan.ts";
import { clockStandsStill, countedKernels } from "./work.ts";

/**
 * What a solver holds for one call: kernels, and memory where they run. Everything allocated through it is freed by
 * `release`, also when the solve fails or is aborted.
 */
export interface Workspace {
  readonly plan: Plan;
  readonly kernels: Kernels;
  /**
   * A workspace in JavaScript-addressable memory, for f64 and for what devices do not do: this one, where it is there
   * already. Arrays of one workspace are not for the kernels of another.
   */
  readonly host: Workspace;
  /** Floating-point operations that take some 50 ms: the work to ask for between two checkpoints. */
  readonly batchFlops: number;
  /** The most precise floats of the kernels here, in which they give sums: f64, and f32 on devices. */
  readonly widest: FloatDtype;
  /** Arrays of f16 are available: on devices alone, where the adapter has them. */
  readonly f16: boolean;
  /** A zeroed array where the kernels run. @throws {TypeError} for a dtype that is not there */
  allocate<D extends Dtype>(dtype: D, length: number, label: string): DeviceArray<D>;
  /** Frees one array before the others. */
  free(array: DeviceArray): void;
  /**
   * The numbers of an f64 array rounded to f32, where they are: half its memory is freed, and no second array is
   * needed. The array must not be used afterwards. For host workspaces.
   */
  narrow(array: DeviceArray<"f64">): DeviceArray<"f32">;
  /**
   * Copies `values` into the array from element `offset` on; converts between float types, rounding to nearest. Arrays
   * of f16 are written in pairs: from an even element on, and to the end or in even numbers.
   */
  write(array: DeviceArray, values: ArrayLike<number>, offset?: number): void;
  /**
   * A JavaScript-owned copy of `length` elements from `offset` on; at the beginning of `buffer` where that is given and
   * the workspace can, so that reading again and again makes no garbage. Only the returned view is to be used.
   */
  read<D extends Dtype>(
    array: DeviceArray<D>,
    offset?: number,
    length?: number,
    buffer?: ViewOf[D],
  ): Promise<ViewOf[D]>;
  /**
   * The elements of an array where they are: a live view, for sums in JavaScript apart from the kernels.
   *
   * @throws {TypeError} where JavaScript cannot address them: on devices
   */
  view<D extends Dtype>(array: DeviceArray<D>): ViewOf[D];
  /** Frees all arrays; the workspace must not be used afterwards. Idempotent. */
  release(): void;
}

/** Floating-point operations of one thread in some 50 ms, and of the reference kernels. */
const threadBatchFlops = 1.2e9, referenceBatchFlops = 3e7;

/** Where host arrays come from: the arena of a WASM memory, or JavaScript's own heap. */
export type HostMemory = Pick<Arena, "allocate" | "free" | "narrow">;

/** Memory of one solve for the reference backend, at most `limit` bytes of JavaScript's own. */
export function createJavascriptMemory(limit = Infinity): HostMemory {
  let used = 0;
  return {
    allocate(dtype, length, label) {
      const bytes = length * elementBytes[dtype];
      if (used + bytes > limit) {
        throw new MemoryLimitError(
          `Cannot allocate ${bytes} bytes for "${label}": ${used} of at most ${limit} bytes are in use.`,
        );
      }
      used += bytes;
      return { dtype, length, label, address: 0, view: viewOf(new ArrayBuffer(bytes), dtype, 0, length) };
    },
    free: ({ view }) => void (used -= view.byteLength),
    narrow: narrowInPlace,
  };
}

/** A workspace whose arrays JavaScript can address. */
export function createHostWorkspace(
  plan: Plan,
  kernels: Kernels,
  memory: HostMemory,
  leave: () => void = () => {},
  families: readonly KernelFamily[] = [],
): Workspace {
  const live = new Set<HostArray>(), offered = wrapped(kernels);
  let released = false;
  const workspace: Workspace = {
    plan,
    kernels: clockStandsStill() ? countedKernels(offered, families.flatMap(({ sweeping = [] }) => sweeping)) : offered,
    get host() {
      return workspace;
    },
    batchFlops: plan.backend === "reference" ? referenceBatchFlops : plan.threads * threadBatchFlops,
    widest: "f64",
    f16: false,
    allocate(dtype, length, label) {
      if (dtype === "f16") throw new TypeError(`Cannot hold "${label}" in f16: only WebGPU devices can have it.`);
      const array = memory.allocate(dtype, length, label);
      live.add(array);
      return array;
    },
    free(array) {
      if (live.delete(array as HostArray)) memory.free(array as HostArray);
    },
    narrow(array) {
      live.delete(array as HostArray);
      const narrowed = memory.narrow(array as HostArray<"f64">);
      live.add(narrowed);
      return narrowed;
    },
    write(array, values, offset = 0) {
      (array as HostArray).view.set(values, offset);
    },
    read<D extends Dtype>(array: DeviceArray<D>, offset = 0, length = array.length - offset, buffer?: ViewOf[D]) {
      const { view } = array as HostArray<D>;
      // A fresh buffer: slices of shared memory would be shared too.
      const copy = buffer
        ? buffer.subarray(0, length) as ViewOf[D]
        : viewOf(new ArrayBuffer(length * view.BYTES_PER_ELEMENT), array.dtype, 0, length);
      (copy as View).set(view.subarray(offset, offset + length));
      return Promise.resolve(copy);
    },
    view: <D extends Dtype>(array: DeviceArray<D>) => (array as HostArray<D>).view,
    release() {
      if (released) return;
      released = true;
      for (const array of live) memory.free(array);
      live.clear();
      leave();
    },
  };
  return workspace;
}
