import type { DeviceArray, Dtype, KernelArguments, KernelName, View, ViewOf } from "../../contract.ts";
import type { Dispatches, Scratch } from "../../webgpu/shader.ts";
import { viewOf } from "../arena.ts";
import { decodeFloat16, encodeFloat16 } from "../float16.ts";
import { BackendError } from "../errors.ts";
import { type KernelFamily, type KernelTable, kernelTable } from "../family.ts";
import type { Plan } from "../plan.ts";
import type { Workspace } from "../workspace.ts";
import { gpu, type WebgpuMachine } from "./machine.ts";
import { mapForReading } from "./mapping.ts";
import { createRecorder } from "./recorder.ts";

/** Floating-point operations between two checkpoints: 50 ms of a device of 2 TFLOP/s. */
const batchFlops = 1e11;

const usage = gpu.storage | gpu.copySource | gpu.copyTarget;

interface GpuArray<D extends Dtype = Dtype> extends DeviceArray<D> {
  readonly buffer: GPUBuffer;
}

/** What a workspace on a device offers for tests and measurements. */
export interface WebgpuWorkspace extends Workspace {
  /** Runs dispatches that were lowered apart from the kernels; gives their value, if they have one. */
  run(dispatches: Dispatches): Promise<number | void>;
  /** Working memory as lowerings take it: one array for each purpose. */
  readonly scratch: Scratch;
  /** Seconds of the device from the first kernel of `work` to its last; undefined where the device tells no time. */
  timed(work: () => Promise<unknown>): Promise<number | undefined>;
}

/**
 * A workspace whose arrays live on a device, with `host` for what the device does not do. Kernels are recorded and
 * submitted in batches; only reading, and kernels that give a number, wait for the device.
 */
export async function createWebgpuWorkspace(
  plan: Plan,
  machine: WebgpuMachine,
  host: Workspace,
  families: readonly KernelFamily[],
): Promise<WebgpuWorkspace> {
  const lowerings = await Promise.all(families.map(async ({ webgpu }) => await webgpu?.lowerings() ?? {}));
  const { device, createBuffer, destroyBuffer } = machine;
  const f16 = device.features.has("shader-f16");
  const leave = machine.enter();
  const live = new Set<GpuArray>();
  const working = new Map<string, GpuArray>();
  let released = false;
  const recorder = createRecorder(
    machine,
    (array) => (array as GpuArray).buffer,
  );

  function allocate<D extends Dtype>(
    dtype: D,
    length: number,
    label: string,
  ): GpuArray<D> {
    if (dtype === "f64" || dtype === "u8" || dtype === "f16" && !f16) {
      throw new TypeError(
        `Cannot hold "${label}" on a WebGPU device: it has no ${dtype}.`,
      );
    }
    const array = {
      dtype,
      length,
      label,
      buffer: createBuffer(Math.max(4, bytesOf(dtype, length)), usage, label),
    };
    live.add(array);
    return array;
  }

  function free(array: DeviceArray): void {
    if (!live.delete(array as GpuArray)) return;
    // What was recorded may use it, and must be submitted before the buffer goes.
    recorder.flush();
    destroyBuffer((array as GpuArray).buffer);
  }

  /** One array for each purpose, kept from call to call and grown to the largest request. */
  const scratch: Scratch = (dtype, length, label) => {
    let array = working.get(label);
    if (array === undefined || array.length < length) {
      if (array) free(array);
      array = allocate(dtype, length, label);
      working.set(label, array);
    }
    return array as DeviceArray as DeviceArray<typeof dtype>;
  };

  async function run(
    { dispatches, value }: Dispatches,
  ): Promise<number | void> {
    for (const dispatch of dispatches) {
      const pipeline = machine.pipelineOf(dispatch.shader);
      recorder.record(
        pipeline instanceof Promise ? await pipeline : pipeline,
        dispatch,
      );
    }
    if (value) return value.of(await read(value.array, 0, value.length));
  }

  async function read<D extends Dtype>(
    array: DeviceArray<D>,
    offset = 0,
    length = array.length - offset,
  ): Promise<ViewOf[D]> {
    if (length === 0) return viewOf(new ArrayBuffer(0), array.dtype, 0, 0);
    recorder.flush();
    // Copies begin and end at whole words: half a word may come along at either end.
    const skipped = array.dtype === "f16" ? offset % 2 : 0;
    const begin = bytesOf(array.dtype, offset - skipped);
    const bytes = bytesOf(array.dtype, offset + length) - begin;
    const staging = createBuffer(
      bytes,
      gpu.mapRead | gpu.copyTarget,
      `${array.label}, read back`,
    );
    try {
      const encoder = device.createCommandEncoder({ label: staging.label });
      encoder.copyBufferToBuffer(
        (array as DeviceArray as GpuArray).buffer,
        begin,
        staging,
        0,
        bytes,
      );
      device.queue.submit([encoder.finish()]);
      await machine.untilFailure(mapForReading(device, staging));
      const failure = machine.failure();
      if (failure) throw failure;
      const copy = staging.getMappedRange().slice(0);
      if (array.dtype !== "f16") return viewOf(copy, array.dtype, 0, length);
      return decodeFloat16(new Uint16Array(copy, 2 * skipped, length)) as ViewOf[D];
    } catch (error) {
      if (error instanceof BackendError) throw error;
      throw machine.fail(
        `"${array.label}" cannot be read: ${(error as Error).message}`,
      );
    } finally {
      destroyBuffer(staging);
    }
  }

  async function timed(
    work: () => Promise<unknown>,
  ): Promise<number | undefined> {
    if (!device.features.has("timestamp-query")) return void await work();
    const queries = device.createQuerySet({
      type: "timestamp",
      count: 2,
      label: "times",
    });
    const resolved = createBuffer(
      16,
      gpu.queryResolve | gpu.copySource,
      "times",
    );
    try {
      recorder.time(queries);
      await work();
      recorder.time(undefined);
      const encoder = device.createCommandEncoder({ label: "times" });
      encoder.resolveQuerySet(queries, 0, 2, resolved, 0);
      device.queue.submit([encoder.finish()]);
      const [beginLow, beginHigh, endLow, endHigh] = await read(
        {
          dtype: "u32",
          length: 4,
          label: "times",
          buffer: resolved,
        } as GpuArray<"u32">,
      );
      return ((endHigh - beginHigh) * 2 ** 32 + endLow - beginLow) / 1e9;
    } finally {
      recorder.time(undefined);
      destroyBuffer(resolved);
      queries.destroy();
    }
  }

  const onHost = Object.keys(host.kernels).map((name) => [name, () => {
    throw new BackendError(`Cannot run the kernel ${name} on a WebGPU device: use the workspace's host.`);
  }]);
  const onDevice = lowerings.flatMap((table) => Object.entries(table)).map(([name, lowering]) => {
    const lower = lowering as (operands: KernelArguments<KernelName>, scratch: Scratch) => Dispatches;
    return [name, (operands: KernelArguments<KernelName>) => run(lower(operands, scratch))];
  });
  const kernels = kernelTable(families, [onHost, onDevice].map((part) => Object.fromEntries(part) as KernelTable));

  return {
    plan,
    kernels,
    host,
    batchFlops,
    widest: "f32",
    f16,
    allocate,
    free,
    narrow: ({ label }) => {
      throw new TypeError(`Cannot narrow "${label}" on a WebGPU device: it has no f64.`);
    },
    write(array, values, offset = 0) {
      if (values.length === 0) return;
      if (array.dtype === "f16") checkPairs(array, values.length, offset);
      recorder.flush();
      device.queue.writeBuffer(
        (array as GpuArray).buffer,
        bytesOf(array.dtype, offset),
        converted(array.dtype, values),
      );
    },
    read,
    run,
    scratch,
    timed,
    view: ({ label }) => {
      throw new TypeError(`Cannot look at "${label}": it is on a WebGPU device.`);
    },
    release() {
      if (released) return;
      released = true;
      recorder.dispose();
      for (const { buffer } of live) destroyBuffer(buffer);
      live.clear();
      host.release();
      leave();
    },
  };
}

/** Bytes of so many elements on the device, in whole words. */
function bytesOf(dtype: Dtype, length: number): number {
  return 4 * (dtype === "f16" ? Math.ceil(length / 2) : length);
}

/** Devices copy whole words, and what shares one with the values must not change. */
function checkPairs({ label, length }: DeviceArray, count: number, offset: number): void {
  if (offset % 2 === 0 && (count % 2 === 0 || offset + count === length)) return;
  throw new RangeError(
    `Cannot write to "${label}": f16 is written in pairs, from an even element on; received ${count} at ${offset}.`,
  );
}

/** Values as the array holds them, in memory of their own type that is not shared: devices take no other. */
function converted(
  dtype: Dtype,
  values: ArrayLike<number>,
): ArrayBufferView & { buffer: ArrayBuffer } {
  if (dtype === "f16") {
    const words = new Uint16Array(2 * Math.ceil(values.length / 2));
    words.set(encodeFloat16(values));
    return words;
  }
  const fits = dtype === "f32"
    ? values instanceof Float32Array
    : dtype === "u32"
    ? values instanceof Uint32Array
    : values instanceof Int32Array;
  if (fits && (values as View).buffer instanceof ArrayBuffer) {
    return values as View & { buffer: ArrayBuffer };
  }
  const copy = viewOf(
    new ArrayBuffer(4 * values.length),
    dtype,
    0,
    values.length,
  );
  (copy as View).set(values);
  return copy as View & { buffer: ArrayBuffer };
}
