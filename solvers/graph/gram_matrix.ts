/** The Gram matrix of samples: its sums, in parts, and its check against the samples. @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray } from "../../kernels/contract.ts";
import { addScaled, plainDot } from "../core/plain_sums.ts";
import { checkGramRow, randomWeights } from "../core/product_check.ts";
import type { Run } from "../core/run.ts";
import { createPace } from "../core/steps.ts";

/** Multiply-adds between two checkpoints. */
const gramWork = 4e8;

/** Samples that are summed at once at the least: with fewer, reading and writing `S` takes longer than the products. */
const gramDepth = 128;

/** Variables beyond which the Gram matrix is computed some rows at a time; those rows, and entries of so many at most. */
const wholeUpTo = 2500, gramRowsTogether = 256, gramEntries = 2 ** 20;

/** Numbers that are copied between two checkpoints. */
const copiedTogether = 2 ** 21;

/**
 * Compares a matrix of the kernels, times a vector that stands for random weights, with `Y^T (Y weights)` in plain f64:
 * O((samples + vertices) vertices) for all rows together.
 */
export async function createGramCheck(scaled: Float64Array, count: number, variances: Float64Array, run: Run) {
  const vertices = variances.length, isDue = createPace();
  const weights = randomWeights(variances), expected = new Float64Array(vertices);
  for (let i = 0; i < count; i++) {
    const row = scaled.subarray(i * vertices, (i + 1) * vertices);
    addScaled(expected, plainDot(row, weights), row);
    if (isDue(2 * vertices)) await run.checkpoint({ stage: "Gram matrix", fraction: 0, iteration: 0 });
  }
  return async (name: string, matrix: Float64Array, vectorOf: (weights: Float64Array) => Float64Array) => {
    const vector = vectorOf(weights), size = { samples: Math.max(count, vertices), features: vertices };
    for (let j = 0; j < vertices; j++) {
      const received = plainDot(matrix, vector, vertices, j * vertices);
      const norm = Math.sqrt(variances[j]);
      checkGramRow({ ...size, name: `row ${j} of ${name}`, received, expected: expected[j], norm });
      if (isDue(vertices)) await run.checkpoint({ stage: "Gram matrix", fraction: j / vertices, iteration: 0 });
    }
  };
}

/** `S` where the kernels run; nothing where the time is up before it is there. */
export async function gramOf(
  workspace: Workspace,
  scaled: Float64Array,
  count: number,
  vertices: number,
  run: Run,
): Promise<DeviceArray<"f64"> | undefined> {
  // The samples first: what follows a refusal needs them, and must not find memory taken by a matrix that is left behind.
  const data = workspace.allocate("f64", count * vertices, "samples");
  let gram: DeviceArray<"f64">;
  try {
    gram = workspace.allocate("f64", vertices * vertices, "S");
  } catch (error) {
    workspace.free(data);
    throw error;
  }
  for (let from = 0; from < scaled.length; from += copiedTogether) {
    workspace.write(data, scaled.subarray(from, from + copiedTogether), from);
    if (!await run.checkpoint({ stage: "load", fraction: 1, iteration: 0 })) continue;
    [data, gram].forEach((array) => workspace.free(array));
    return undefined;
  }
  const isUp = (fraction: number) => run.checkpoint({ stage: "Gram matrix", fraction, iteration: 0 });
  const complete = await (vertices <= wholeUpTo ? sumWhole : sumByRows)({
    workspace,
    data,
    gram,
    count,
    vertices,
    isUp,
  });
  workspace.free(data);
  if (complete) return gram;
  workspace.free(gram);
}

interface GramSums {
  readonly workspace: Workspace;
  readonly data: DeviceArray<"f64">;
  readonly gram: DeviceArray<"f64">;
  readonly count: number;
  readonly vertices: number;
  /** A checkpoint; whether the time is up, and the rest is left out. */
  isUp(fraction: number): Promise<boolean>;
}

async function sumWhole({ workspace, data, gram, count, vertices, isUp }: GramSums): Promise<boolean> {
  const c = { array: gram, rows: vertices, columns: vertices };
  const rows = Math.max(gramDepth, Math.ceil(gramWork / vertices ** 2));
  for (let first = 0; first < count; first += rows) {
    const a = { array: data, offset: first * vertices, rows: Math.min(rows, count - first), columns: vertices };
    await workspace.kernels.syrk({ a, c, beta: first === 0 ? 0 : 1 });
    if (await isUp(Math.min(1, (first + rows) / count)) && first + rows < count) return false;
  }
  return true;
}

/** The upper triangle, some rows at a time, and its mirror image. */
async function sumByRows({ workspace, data, gram, count, vertices, isUp }: GramSums): Promise<boolean> {
  const together = Math.min(gramRowsTogether, Math.max(32, Math.floor(gramEntries / vertices / 32) * 32));
  const depth = Math.max(gramDepth, Math.ceil(gramWork / 4 / (vertices * together)));
  for (let top = 0; top < vertices; top += together) {
    const rows = Math.min(together, vertices - top), columns = vertices - top;
    const c = { array: gram, offset: top * (vertices + 1), rows, columns, stride: vertices };
    for (let first = 0; first < count; first += depth) {
      const some = {
        array: data,
        offset: first * vertices + top,
        rows: Math.min(depth, count - first),
        stride: vertices,
      };
      const [a, b] = [{ ...some, columns: rows }, { ...some, columns }];
      await workspace.kernels.gemm({ a, b, c, transposeA: true, beta: first === 0 ? 0 : 1 });
      if (await isUp(top / vertices)) return false;
    }
    mirrorRows(workspace.view(gram), vertices, top, top + rows);
    if (await isUp(top / vertices) && top + rows < vertices) return false;
  }
  return true;
}

/** Copies rows of the upper triangle into columns of the lower one. */
function mirrorRows(gram: Float64Array, vertices: number, begin: number, end: number): void {
  for (let j = begin; j < vertices; j++) {
    for (let i = begin; i < Math.min(j, end); i++) gram[j * vertices + i] = gram[i * vertices + j];
  }
}
