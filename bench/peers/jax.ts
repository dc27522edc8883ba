/** jax-js on its WASM device: kernels compiled at run time. */

import { type FloatArray, type GemmPeer, importPeer, openPeer, peerVersion } from "./peer.ts";

interface Tensor {
  /** One more owner: operations consume their operands. */
  readonly ref: Tensor;
  reshape(shape: [number, number]): Tensor;
  blockUntilReady(): Promise<Tensor>;
  data(): Promise<FloatArray>;
  dispose(): void;
}

interface Jax {
  init(device: "wasm"): Promise<string[]>;
  defaultDevice(device: "wasm"): void;
  numpy: {
    array(values: FloatArray, options: { dtype: string }): Tensor;
    matmul(a: Tensor, b: Tensor): Tensor;
  };
}

/** Opens the peer with one worker: it starts as many as `navigator.hardwareConcurrency` says. */
export function openJax(): Promise<GemmPeer | string> {
  return openPeer("jax-js", async () => {
    Object.defineProperty(navigator, "hardwareConcurrency", { value: 1, configurable: true });
    const jax = await importPeer<Jax>("@jax-js/jax");
    const devices = await jax.init("wasm");
    if (!devices.includes("wasm")) throw new Error(`jax-js has no WASM device here, only ${devices.join(", ")}.`);
    jax.defaultDevice("wasm");
    return {
      name: `@jax-js/jax ${await peerVersion("@jax-js/jax")}`,
      setting: "WASM device, 1 worker",
      dtypes: ["f32", "f64"],
      prepare(a, b, size) {
        const dtype = a instanceof Float32Array ? "float32" : "float64";
        const left = jax.numpy.array(a, { dtype }).reshape([size, size]);
        const right = jax.numpy.array(b, { dtype }).reshape([size, size]);
        return Promise.resolve({
          async run() {
            const product = jax.numpy.matmul(left.ref, right.ref);
            (await product.blockUntilReady()).dispose();
          },
          async corner() {
            const [first] = await jax.numpy.matmul(left.ref, right.ref).data();
            return first;
          },
        });
      },
      close() {},
    };
  });
}
