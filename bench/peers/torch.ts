/** QuantEase in PyTorch, on one thread or on a CUDA device; see `quantease_torch.py`. */

import type { SyntheticLayer } from "../data.ts";
import { openPeer } from "./peer.ts";
import { openblasCore, startPython, withArrayFiles } from "./python.ts";

/** The whole layer, quantised by PyTorch. */
export interface TorchQuantEase {
  readonly name: string;
  readonly setting: string;
  run(bits: number, passes: number): Promise<{ seconds: number; relativeError: number }>;
  close(): void;
}

/** Hands the layer to PyTorch; the reason where there is no PyTorch, or no such device. */
export function openTorchQuantEase(
  { weights, gram, rows, columns }: SyntheticLayer,
  device: "cpu" | "cuda" = "cpu",
): Promise<TorchQuantEase | string> {
  return openPeer(device === "cuda" ? "PyTorch on CUDA" : "PyTorch", async () => {
    const python = startPython("quantease_torch.py");
    const prepared = withArrayFiles(
      { weights, gram },
      (paths) =>
        python.ask<{ index: number; version: string; device: string }>({
          do: "prepare",
          ...paths,
          rows,
          columns,
          device,
        }),
    );
    const { index, version, device: deviceName } = await prepared.catch(
      (error) => {
        python.close();
        throw error;
      },
    );
    return {
      name: `torch ${version}`,
      setting: device === "cuda" ? deviceName : `1 thread, OPENBLAS_CORETYPE=${openblasCore() ?? "its own choice"}`,
      run: (bits, passes) => python.ask({ do: "run", index, bits, passes }),
      close: () => python.close(),
    };
  });
}

/** Several layers in one process, quantised one after the other. */
export interface TorchLayers {
  readonly name: string;
  /** CPU seconds of all of them. */
  run(bits: number, passes: number): Promise<number>;
  close(): void;
}

/** Hands the layers to PyTorch on one thread; the reason where there is no PyTorch. */
export function openTorchLayers(layers: readonly SyntheticLayer[]): Promise<TorchLayers | string> {
  return openPeer("PyTorch", async () => {
    const python = startPython("quantease_torch.py"), indices: number[] = [];
    let name = "";
    try {
      for (const { weights, gram, rows, columns } of layers) {
        const { index, version } = await withArrayFiles(
          { weights, gram },
          (paths) => python.ask<{ index: number; version: string }>({ do: "prepare", ...paths, rows, columns }),
        );
        indices.push(index);
        name = `torch ${version}`;
      }
    } catch (error) {
      python.close();
      throw error;
    }
    return {
      name,
      async run(bits, passes) {
        let sum = 0;
        for (const index of indices) {
          sum += (await python.ask<{ seconds: number }>({ do: "run", index, bits, passes })).seconds;
        }
        return sum;
      },
      close: () => python.close(),
    };
  });
}
