/**
 * `C = alpha op(A) op(B) + beta C` by tiles of C: a workgroup brings slices of `op(A)` and `op(B)`, 16 deep, to its
 * shared memory, and every thread keeps four columns of four or eight rows in registers. Each element is summed from
 * first to last whatever the tile, so the choice of tile changes no bit.
 */

import type { GemmArguments } from "../spec.ts";
import { defineShader, type Dispatch, dispatch, type Lowering, strideOf } from "./shader.ts";

/** Threads of a workgroup and rows of each; a thread has four columns. */
interface Tile {
  readonly rowThreads: number;
  readonly columnThreads: number;
  /** Times four rows a thread. */
  readonly quads: number;
}

const depth = 16;

function gemmShader({ rowThreads, columnThreads, quads }: Tile) {
  const threads = rowThreads * columnThreads, rowQuads = rowThreads * quads;
  const rows = Array.from({ length: 4 * quads }, (_, row) => row);
  const lane = "xyzw";
  return defineShader(`gemm ${4 * rowQuads} x ${4 * columnThreads}`, {
    parameters: {
      ...{ rows: "u32", columns: "u32", depth: "u32", upperOnly: "u32" },
      ...{ aOffset: "u32", aStride: "u32", aTransposed: "u32" },
      ...{ bOffset: "u32", bStride: "u32", bTransposed: "u32" },
      ...{ cOffset: "u32", cStride: "u32", alpha: "f32", beta: "f32" },
    },
    arrays: { a: "read f32", b: "read f32", c: "write f32" },
    code: /* wgsl */ `
// Depth-major; an element holds four consecutive rows of op(A), or columns of op(B).
var<workgroup> sliceA: array<vec4<f32>, ${depth * rowQuads}>;
var<workgroup> sliceB: array<vec4<f32>, ${depth * columnThreads}>;

fn elementA(row: u32, k: u32) -> f32 {
  if (row >= p.rows || k >= p.depth) { return 0.0; }
  if (p.aTransposed == 1u) { return a[p.aOffset + k * p.aStride + row]; }
  return a[p.aOffset + row * p.aStride + k];
}

fn elementB(k: u32, column: u32) -> f32 {
  if (column >= p.columns || k >= p.depth) { return 0.0; }
  if (p.bTransposed == 1u) { return b[p.bOffset + column * p.bStride + k]; }
  return b[p.bOffset + k * p.bStride + column];
}

fn store(row: u32, column: u32, sum: f32) {
  if (row >= p.rows || column >= p.columns || (p.upperOnly == 1u && column < row)) { return; }
  let at = p.cOffset + row * p.cStride + column;
  var value = p.alpha * sum;
  if (p.beta != 0.0) { value += p.beta * c[at]; }
  c[at] = value;
}

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let firstRow = group.y * ${4 * rowQuads}u;
  let firstColumn = group.x * ${4 * columnThreads}u;
  if (p.upperOnly == 1u && firstColumn + ${4 * columnThreads}u <= firstRow) { return; }
  let rowThread = thread / ${columnThreads}u;
  let columnThread = thread % ${columnThreads}u;
  ${rows.map((row) => `var sum${row} = vec4<f32>();`).join("\n  ")}
  for (var begin = 0u; begin < p.depth; begin += ${depth}u) {
    // Neighbouring threads read neighbours in memory, so the way through a slice depends on the transpose.
    for (var at = thread; at < ${depth * rowQuads}u; at += ${threads}u) {
      let k = select(at % ${depth}u, at / ${rowQuads}u, p.aTransposed == 1u);
      let quad = select(at / ${depth}u, at % ${rowQuads}u, p.aTransposed == 1u);
      let row = firstRow + 4u * quad;
      sliceA[k * ${rowQuads}u + quad] = vec4(
        elementA(row, begin + k), elementA(row + 1u, begin + k),
        elementA(row + 2u, begin + k), elementA(row + 3u, begin + k));
    }
    for (var at = thread; at < ${depth * columnThreads}u; at += ${threads}u) {
      let k = select(at / ${columnThreads}u, at % ${depth}u, p.bTransposed == 1u);
      let quad = select(at % ${columnThreads}u, at / ${depth}u, p.bTransposed == 1u);
      let column = firstColumn + 4u * quad;
      sliceB[k * ${columnThreads}u + quad] = vec4(
        elementB(begin + k, column), elementB(begin + k, column + 1u),
        elementB(begin + k, column + 2u), elementB(begin + k, column + 3u));
    }
    workgroupBarrier();
    for (var k = 0u; k < ${depth}u; k++) {
      let b0 = sliceB[k * ${columnThreads}u + columnThread];
      ${
      Array.from({ length: quads }, (_, q) => `let a${q} = sliceA[k * ${rowQuads}u + rowThread + ${q * rowThreads}u];`)
        .join("\n      ")
    }
      ${rows.map((row) => `sum${row} += a${row >> 2}.${lane[row % 4]} * b0;`).join("\n      ")}
    }
    workgroupBarrier();
  }
  let column = firstColumn + 4u * columnThread;
  ${
      rows.map((row) =>
        `let row${row} = firstRow + 4u * (rowThread + ${(row >> 2) * rowThreads}u) + ${row % 4}u;\n  ` +
        Array.from(lane, (name, i) => `store(row${row}, column + ${i}u, sum${row}.${name});`).join(" ")
      ).join("\n  ")
    }
}`,
  });
}

const tiles = ([
  { rowThreads: 16, columnThreads: 16, quads: 2 },
  { rowThreads: 16, columnThreads: 16, quads: 1 },
  { rowThreads: 8, columnThreads: 8, quads: 1 },
  { rowThreads: 2, columnThreads: 32, quads: 1 },
] as const).map((tile) => ({
  rows: 4 * tile.rowThreads * tile.quads,
  columns: 4 * tile.columnThreads,
  shader: gemmShader(tile),
}));
const [, , small, flat] = tiles;

/** Workgroups that keep a large device busy; with fewer, smaller tiles. */
const busyWorkgroups = 256;

function tileFor(rows: number, columns: number): typeof tiles[number] {
  if (rows <= flat.rows) return flat;
  return tiles.find((tile) => tile.rows <= rows && rows * columns >= busyWorkgroups * tile.rows * tile.columns) ??
    small;
}

/** The dispatch of one product; `upperOnly` leaves the lower triangle of C alone. */
export function product(
  { a, b, c, transposeA = false, transposeB = false, alpha = 1, beta = 0 }: GemmArguments,
  upperOnly = false,
): Dispatch[] {
  if (c.rows === 0 || c.columns === 0) return [];
  const tile = tileFor(c.rows, c.columns);
  return [dispatch(tile.shader, {
    parameters: {
      ...{ rows: c.rows, columns: c.columns, depth: transposeA ? a.rows : a.columns, upperOnly: Number(upperOnly) },
      ...{ aOffset: a.offset ?? 0, aStride: strideOf(a), aTransposed: Number(transposeA) },
      ...{ bOffset: b.offset ?? 0, bStride: strideOf(b), bTransposed: Number(transposeB) },
      ...{ cOffset: c.offset ?? 0, cStride: strideOf(c), alpha, beta },
    },
    arrays: { a: a.array, b: b.array, c: c.array },
    workgroups: [Math.ceil(c.columns / tile.columns), Math.ceil(c.rows / tile.rows)],
  })];
}

/** Lowering of {@linkcode Kernels.gemm}. */
export const gemm: Lowering<"gemm"> = (operands) => ({ dispatches: product(operands) });
