/** numpy-ts: NumPy's interface over small WASM kernels, one thread. */

import { type FloatArray, type GemmPeer, importPeer, openPeer, peerVersion } from "./peer.ts";

interface Tensor {
  reshape(rows: number, columns: number): Tensor;
  get(indices: number[]): number;
  /** Gives the memory back; without it the WASM heap fills up and products move to plain JavaScript. */
  dispose(): void;
}

interface NumpyTs {
  array(values: FloatArray): Tensor;
  matmul(a: Tensor, b: Tensor): Tensor;
}

/** Opens the peer; the reason where it is missing. */
export function openNumpyTs(): Promise<GemmPeer | string> {
  return openPeer("numpy-ts", async () => {
    const np = await importPeer<NumpyTs>("numpy-ts");
    return {
      name: `numpy-ts ${await peerVersion("numpy-ts")}`,
      setting: "WASM, 1 thread",
      dtypes: ["f32", "f64"],
      prepare(a, b, size) {
        const left = np.array(a).reshape(size, size);
        const right = np.array(b).reshape(size, size);
        return Promise.resolve({
          run: () => np.matmul(left, right).dispose(),
          corner() {
            const product = np.matmul(left, right);
            const first = product.get([0, 0]);
            product.dispose();
            return Promise.resolve(first);
          },
        });
      },
      close() {},
    };
  });
}
