/** NumPy over OpenBLAS, one thread: what a native library makes of the same core with its widest vectors. */

import { type GemmPeer, openPeer } from "./peer.ts";
import { openblasCore, startPython, withArrayFiles } from "./python.ts";

/** Opens the peer; the reason where it is missing. */
export function openOpenblas(): Promise<GemmPeer | string> {
  return openPeer("NumPy over OpenBLAS", async () => {
    const python = startPython("openblas.py");
    const { version, openblas } = await python.ask<{ version: string; openblas: string[] }>({ do: "library" });
    if (openblas.length === 0) throw new Error("NumPy runs without OpenBLAS here: its rate would say little.");
    const core = openblasCore() ?? "its own choice";
    return {
      name: `numpy ${version}, OpenBLAS`,
      setting: `OPENBLAS_CORETYPE=${core} OPENBLAS_NUM_THREADS=1`,
      selfTimed: true,
      dtypes: ["f32", "f64"],
      async prepare(a, b, size) {
        const dtype = a instanceof Float32Array ? "float32" : "float64";
        const { index } = await withArrayFiles(
          { a, b },
          (paths) => python.ask<{ index: number }>({ do: "prepare", ...paths, size, dtype }),
        );
        const run = () => python.ask<{ seconds: number; corner: number }>({ do: "run", index });
        return { run: async () => (await run()).seconds, corner: async () => (await run()).corner };
      },
      close: () => python.close(),
    };
  });
}
