import { MemoryLimitError, type Workspace } from "../../kernels/engine/mod.ts";
import type { PackedGram } from "../../kernels/contract.ts";
import type { adjacencyOf } from "./edge_arrays.ts";
import { sumOver } from "./pseudolikelihood.ts";

/** Most bytes of blocks: where edges at a vertex are so many, gathering from `S` is as fast. */
const mostBytes = 1.25 * 2 ** 30;

/** Whether the blocks of vertices with so many edges each take no more than that. */
export function packs(degrees: ArrayLike<number>): boolean {
  return 8 * sumOver(degrees, (degree) => (degree + 1) ** 2) <= mostBytes;
}

/** Working memory for descents over blocks of `S`, grown as needed. */
export function createPacking(workspace: Workspace, vertices: number) {
  const places = workspace.allocate("u32", vertices, "block places");
  let slots = workspace.allocate("u32", 128, "slots");
  let products = workspace.allocate("f64", 64 + vertices, "products of neighbours");
  let blocks = workspace.allocate("f64", 4 * vertices, "blocks of S");
  return {
    /** The arrays for edges whose adjacency is given; none where they take too much memory. */
    load(ends: ArrayLike<number>, { starts, incident }: ReturnType<typeof adjacencyOf>): PackedGram | undefined {
      const begins = new Uint32Array(vertices), slot = new Uint32Array(ends.length);
      let size = 0;
      for (let i = 0; i < vertices; i++) {
        begins[i] = size;
        size += (starts[i + 1] - starts[i] + 1) ** 2;
        for (let at = starts[i]; at < starts[i + 1]; at++) {
          const edge = incident[at];
          slot[ends[2 * edge] === i ? 2 * edge : 2 * edge + 1] = 1 + at - starts[i];
        }
      }
      if (8 * size > mostBytes) return undefined;
      if (size > blocks.length) {
        workspace.free(blocks);
        try {
          blocks = workspace.allocate("f64", Math.min(mostBytes / 8, Math.ceil(1.25 * size)), "blocks of S");
        } catch (error) {
          if (!(error instanceof MemoryLimitError)) throw error;
          blocks = workspace.allocate("f64", 4, "blocks of S");
          return undefined;
        }
      }
      if (ends.length > slots.length) {
        [slots, products].forEach((array) => workspace.free(array));
        slots = workspace.allocate("u32", 2 * ends.length, "slots");
        products = workspace.allocate("f64", 2 * ends.length + vertices, "products of neighbours");
      }
      workspace.write(places, begins);
      workspace.write(slots, slot);
      const count = ends.length + vertices;
      return {
        places,
        slots,
        blocks: { array: blocks, length: size },
        products: { array: products, length: count },
      };
    },
  };
}
