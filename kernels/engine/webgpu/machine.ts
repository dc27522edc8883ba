import type { Shader } from "../../webgpu/shader.ts";
import { BackendError } from "../errors.ts";
import { findAdapter, keepReachable } from "./adapter.ts";

/** A shader that is ready to run on one device. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** One WebGPU device and its compiled shaders. */
export interface WebgpuMachine {
  readonly device: GPUDevice;
  /** The compiled shader, at once where it has been used before. */
  pipelineOf(shader: Shader): Pipeline | Promise<Pipeline>;
  /** A labelled buffer. @throws {BackendError} where the device has none as large */
  createBuffer(bytes: number, usage: number, label: string): GPUBuffer;
  /** Gives a buffer back; work that was submitted before still sees it. */
  destroyBuffer(buffer: GPUBuffer): void;
  /** What failed on the device, if anything did. */
  failure(): BackendError | undefined;
  /** Gives the device up because something failed on it; the failure. */
  fail(what: string): BackendError;
  /** Waits for work of the device, and no longer than it lives. @throws {BackendError} when it fails before */
  untilFailure<T>(work: Promise<T>): Promise<T>;
  /** Buffers and bytes in use. */
  usage(): { buffers: number; bytes: number };
  /** Notes that a solve begins; the function returned notes its end. */
  enter(): () => void;
  /** Destroys the device as soon as no solve is under way. */
  retire(): void;
}

/** Usage flags and stages by the numbers of the standard: Node's package does not define their names. */
export const gpu = {
  mapRead: 1,
  copySource: 4,
  copyTarget: 8,
  uniform: 64,
  storage: 128,
  queryResolve: 512,
} as const;
const computeStage = 4;

/** Asked for where the adapter has them: storage in f16, and times for those who measure. */
const optionalFeatures = ["shader-f16", "timestamp-query"] as const;

/** Bytes of one dispatch's parameters: no device asks for wider steps between them. */
export const parameterBytes = 256;

/** Starts the fastest device; `onFailure` is told when it fails or is lost. @throws {BackendError} without one */
export async function createWebgpuMachine(
  onFailure: (failure: BackendError) => void,
): Promise<WebgpuMachine> {
  const adapter = await findAdapter();
  if (typeof adapter === "string") {
    throw new BackendError(`Cannot use backend "webgpu": ${adapter}.`);
  }
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({
      label: "minima",
      requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
      requiredFeatures: optionalFeatures.filter((feature) => adapter.features.has(feature)),
    });
  } catch (error) {
    throw new BackendError(
      `Cannot use backend "webgpu": ${(error as Error).message}.`,
      { cause: error },
    );
  }
  keepReachable(device);

  const largest = Math.min(
    device.limits.maxBufferSize,
    device.limits.maxStorageBufferBindingSize,
  );
  const pipelines = new Map<Shader, Pipeline | Promise<Pipeline>>();
  const buffers = new Map<GPUBuffer, number>();
  let bytesInUse = 0, solves = 0, retired = false;
  let failure: BackendError | undefined;
  // Those that wait: some engines never settle a mapping of a device that was lost.
  const waiting = new Set<(failure: BackendError) => void>();

  const fail = (what: string): BackendError => {
    if (failure) return failure;
    failure = new BackendError(`The WebGPU device failed: ${what}`);
    onFailure(failure);
    for (const reject of waiting) reject(failure);
    retired = true;
    destroyWhenIdle();
    return failure;
  };
  device.lost.then(({ reason, message }) => reason === "destroyed" && retired || fail(message || "it was lost."));
  device.addEventListener(
    "uncapturederror",
    (event) => fail((event as GPUUncapturedErrorEvent).error.message),
  );

  async function compile(shader: Shader): Promise<Pipeline> {
    const { label, code, arrays } = shader;
    const layout = device.createBindGroupLayout({
      label,
      entries: [
        {
          binding: 0,
          visibility: computeStage,
          buffer: { type: "uniform", hasDynamicOffset: true },
        },
        ...Object.values(arrays).map((use, i): GPUBindGroupLayoutEntry => ({
          binding: i + 1,
          visibility: computeStage,
          buffer: {
            type: use.startsWith("read") ? "read-only-storage" : "storage",
          },
        })),
      ],
    });
    const module = device.createShaderModule({ label, code });
    try {
      const pipeline = await device.createComputePipelineAsync({
        label,
        layout: device.createPipelineLayout({
          label,
          bindGroupLayouts: [layout],
        }),
        compute: { module, entryPoint: "main" },
      });
      const ready = { pipeline, layout };
      pipelines.set(shader, ready);
      return ready;
    } catch (error) {
      pipelines.delete(shader);
      const { messages } = await module.getCompilationInfo();
      const reasons = [
        (error as Error).message,
        ...messages.map(({ lineNum, message }) => `line ${lineNum}: ${message}`),
      ];
      throw new BackendError(
        `Cannot compile the shader "${label}": ${reasons.join("; ")}`,
        { cause: error },
      );
    }
  }

  function destroyWhenIdle(): void {
    if (retired && solves === 0) device.destroy();
  }

  return {
    device,
    pipelineOf(shader) {
      const known = pipelines.get(shader);
      if (known) return known;
      const compiled = compile(shader);
      pipelines.set(shader, compiled);
      return compiled;
    },
    createBuffer(bytes, usage, label) {
      if (bytes > largest) {
        throw new BackendError(
          `Cannot hold "${label}" on the WebGPU device: it takes ${bytes} bytes, but the largest buffer is ${largest}.`,
        );
      }
      const buffer = device.createBuffer({ size: bytes, usage, label });
      buffers.set(buffer, bytes);
      bytesInUse += bytes;
      return buffer;
    },
    destroyBuffer(buffer) {
      bytesInUse -= buffers.get(buffer) ?? 0;
      if (buffers.delete(buffer)) buffer.destroy();
    },
    failure: () => failure,
    fail,
    untilFailure(work) {
      return new Promise((resolve, reject) => {
        if (failure) reject(failure);
        waiting.add(reject);
        // Handled also where the failure came first: the work of a lost device is rejected too.
        work.then(resolve, reject).finally(() => waiting.delete(reject));
      });
    },
    usage: () => ({ buffers: buffers.size, bytes: bytesInUse }),
    enter() {
      solves++;
      return () => {
        solves--;
        destroyWhenIdle();
      };
    },
    retire() {
      retired = true;
      destroyWhenIdle();
    },
  };
}
