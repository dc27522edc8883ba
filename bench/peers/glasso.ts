/** The graphical lasso of Friedman, Hastie and Tibshirani (2008): the authors' R package. */

import { openPeer } from "./peer.ts";
import { runR } from "./r.ts";

/** The peer. */
export interface GraphicalLasso {
  readonly name: string;
  /**
   * Precision matrices [size, size] for penalties, largest first, each warm-started at the one before; the path ends
   * before a graph of more edges than `maxEdges`.
   */
  path(covariance: Float64Array, size: number, penalties: readonly number[], maxEdges: number): Promise<Float64Array[]>;
}

/** Opens the peer; the reason where it is missing. */
export function openGlasso(): Promise<GraphicalLasso | string> {
  return openPeer("the graphical lasso (R package glasso)", async () => {
    const version = await runR("glasso.R", "-", "-", "0", "0");
    return {
      name: `glasso ${version} (R)`,
      async path(covariance, size, penalties, maxEdges) {
        const folder = await Deno.makeTempDir({ prefix: "minima-bench-" });
        try {
          const input = new Float64Array([...covariance, ...penalties]);
          await Deno.writeFile(`${folder}/input`, new Uint8Array(input.buffer));
          const numbers = [size, penalties.length, maxEdges].map(String);
          await runR("glasso.R", `${folder}/input`, `${folder}/output`, ...numbers);
          const all = new Float64Array((await Deno.readFile(`${folder}/output`)).buffer);
          return Array.from(
            { length: all.length / size ** 2 },
            (_, k) => all.slice(k * size * size, (k + 1) * size * size),
          );
        } finally {
          await Deno.remove(folder, { recursive: true });
        }
      },
    };
  });
}
