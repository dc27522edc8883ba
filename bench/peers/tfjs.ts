/**
 * TensorFlow.js on its WASM backend (XNNPACK kernels), one thread: its pthread build does not load outside browsers.
 */

import { type GemmPeer, importPeer, openPeer, peerVersion } from "./peer.ts";

interface Tensor {
  data(): Promise<Float32Array>;
  dispose(): void;
}

interface Core {
  setBackend(name: string): Promise<boolean>;
  tensor2d(values: Float32Array, shape: [number, number]): Tensor;
  matMul(a: Tensor, b: Tensor): Tensor;
}

interface WasmBackend {
  setWasmPaths(directory: string): void;
  setThreadsCount(count: number): void;
}

/** TensorFlow.js with its WASM backend on one thread, and the name of both. */
export async function tfjsOnWasm<C extends { setBackend(name: string): Promise<boolean> }>(): Promise<
  { readonly core: C; readonly name: string }
> {
  const core = await importPeer<C>("@tensorflow/tfjs-core");
  const backend = await importPeer<WasmBackend>("@tensorflow/tfjs-backend-wasm");
  backend.setWasmPaths(new URL("../node_modules/@tensorflow/tfjs-backend-wasm/dist/", import.meta.url).pathname);
  backend.setThreadsCount(1);
  if (!await core.setBackend("wasm")) throw new Error("TensorFlow.js has no WASM backend here.");
  return { core, name: `@tensorflow/tfjs-backend-wasm ${await peerVersion("@tensorflow/tfjs-backend-wasm")}` };
}

/** Opens the peer; the reason where it is missing. */
export function openTfjs(): Promise<GemmPeer | string> {
  return openPeer("TensorFlow.js", async () => {
    const { core, name } = await tfjsOnWasm<Core>();
    return {
      name,
      setting: "SIMD build, 1 thread",
      dtypes: ["f32"],
      prepare(a, b, size) {
        const left = core.tensor2d(a as Float32Array, [size, size]);
        const right = core.tensor2d(b as Float32Array, [size, size]);
        return Promise.resolve({
          run: () => core.matMul(left, right).dispose(),
          async corner() {
            const product = core.matMul(left, right);
            const [first] = await product.data();
            product.dispose();
            return first;
          },
        });
      },
      close() {},
    };
  });
}
