import type { DeviceArray } from "../../contract.ts";
import type { Dispatch, Shader } from "../../webgpu/shader.ts";
import { gpu, parameterBytes, type Pipeline, type WebgpuMachine } from "./machine.ts";

/** Dispatches that are submitted together at most. */
const batchSize = 256;

/** Collects dispatches and submits them in batches, in order. */
export interface Recorder {
  /** Adds one dispatch; submits when the batch is full. */
  record(pipeline: Pipeline, dispatch: Dispatch): void;
  /**
   * Notes the device's time: at the beginning of the first pass from now on as query 0, at the end of every pass as
   * query 1. Without queries, notes no more.
   */
  time(queries: GPUQuerySet | undefined): void;
  /** Submits what was recorded. Needed before anything else touches the queue. */
  flush(): void;
  /** Forgets what was not submitted, and gives the parameters back. */
  dispose(): void;
}

/** A recorder with its own parameters; `bufferOf` finds the buffer of an array. */
export function createRecorder(
  machine: WebgpuMachine,
  bufferOf: (array: DeviceArray) => GPUBuffer,
): Recorder {
  const { device } = machine;
  const parameters = machine.createBuffer(
    batchSize * parameterBytes,
    gpu.uniform | gpu.copyTarget,
    "parameters",
  );
  const values = new DataView(new ArrayBuffer(batchSize * parameterBytes));
  // The latest binding of each shader: a loop over panels binds the same arrays each time.
  const latest = new Map<
    Shader,
    { buffers: readonly GPUBuffer[]; group: GPUBindGroup }
  >();
  let encoder: GPUCommandEncoder | undefined,
    pass: GPUComputePassEncoder | undefined;
  let recorded = 0;
  let queries: GPUQuerySet | undefined, started = false;

  function bind(
    { layout }: Pipeline,
    shader: Shader,
    arrays: Dispatch["arrays"],
  ): GPUBindGroup {
    const buffers = Object.keys(shader.arrays).map((name) => bufferOf(arrays[name]));
    const known = latest.get(shader);
    if (known?.buffers.every((buffer, i) => buffer === buffers[i])) {
      return known.group;
    }
    const group = device.createBindGroup({
      label: shader.label,
      layout,
      entries: [
        { binding: 0, resource: { buffer: parameters, size: parameterBytes } },
        ...buffers.map((buffer, i) => ({
          binding: i + 1,
          resource: { buffer },
        })),
      ],
    });
    latest.set(shader, { buffers, group });
    return group;
  }

  function writeParameters(
    { shader, parameters }: Dispatch,
    offset: number,
  ): void {
    Object.entries(shader.parameters).forEach(([name, type], i) => {
      const at = offset + 4 * i;
      if (type === "f32") values.setFloat32(at, parameters[name], true);
      else values.setUint32(at, parameters[name], true);
    });
  }

  function timestampWrites(): GPUComputePassTimestampWrites | undefined {
    if (queries === undefined) return undefined;
    const first = started ? {} : { beginningOfPassWriteIndex: 0 };
    started = true;
    return { querySet: queries, ...first, endOfPassWriteIndex: 1 };
  }

  function flush(): void {
    if (encoder === undefined || pass === undefined) return;
    pass.end();
    // The queue keeps its order: submitted batches have read their parameters before these arrive.
    device.queue.writeBuffer(
      parameters,
      0,
      values.buffer,
      0,
      recorded * parameterBytes,
    );
    device.queue.submit([encoder.finish()]);
    forget();
  }

  function forget(): void {
    encoder = pass = undefined;
    recorded = 0;
    latest.clear();
  }

  return {
    record(pipeline, dispatch) {
      const { shader, arrays, workgroups } = dispatch;
      if (workgroups[0] === 0 || workgroups[1] === 0) return;
      encoder ??= device.createCommandEncoder({ label: "minima" });
      pass ??= encoder.beginComputePass({
        label: "minima",
        timestampWrites: timestampWrites(),
      });
      writeParameters(dispatch, recorded * parameterBytes);
      pass.setPipeline(pipeline.pipeline);
      pass.setBindGroup(0, bind(pipeline, shader, arrays), [
        recorded * parameterBytes,
      ]);
      pass.dispatchWorkgroups(...workgroups);
      if (++recorded === batchSize) flush();
    },
    time(wanted) {
      flush();
      queries = wanted;
      started = false;
    },
    flush,
    dispose() {
      forget();
      machine.destroyBuffer(parameters);
    },
  };
}
