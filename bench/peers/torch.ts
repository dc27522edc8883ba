/** QuantEase in PyTorch on one thread; see `quantease_torch.py`. */

import type { SyntheticLayer } from "../data.ts";
import { openblasCore, startPython, withArrayFiles } from "./python.ts";

/** The whole layer, quantised by PyTorch. */
export interface TorchQuantEase {
  readonly name: string;
  readonly setting: string;
  run(bits: number, passes: number): Promise<{ seconds: number; relativeError: number }>;
  close(): void;
}

/** Hands the layer to PyTorch. */
export async function openTorchQuantEase({ weights, gram, rows, columns }: SyntheticLayer): Promise<TorchQuantEase> {
  const python = startPython("quantease_torch.py");
  const { index, version } = await withArrayFiles(
    { weights, gram },
    (paths) => python.ask<{ index: number; version: string }>({ do: "prepare", ...paths, rows, columns }),
  );
  return {
    name: `torch ${version}`,
    setting: `1 thread, OPENBLAS_CORETYPE=${openblasCore() ?? "its own choice"}`,
    run: (bits, passes) => python.ask({ do: "run", index, bits, passes }),
    close: () => python.close(),
  };
}
