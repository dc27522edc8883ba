/**
 * The text of the matrix product's shader. A workgroup brings slices of `op(A)` and `op(B)` to its shared memory, and
 * every thread keeps four or eight columns of four or eight rows in registers. Transposes, alignment and the tile are
 * constants of the text; bounds are checked in tiles and slices at the edge alone.
 */

import { sliceDepth as depth, type Tile, tileColumns, tileRows } from "./gemm_tiles.ts";
import { type ArrayTypes, builtins, defineShader, type Shader, workgroupIndex } from "../shader.ts";

/** How an operand lies in memory. */
export interface Layout {
  /** A row of the stored matrix is a step of the depth: A transposed, or B as it is. */
  readonly byDepth: boolean;
  /** Offset, stride and the length of a stored row are multiples of four: elements are read in fours. */
  readonly aligned: boolean;
  /** Stored in f16, and widened as it is read. */
  readonly halves: boolean;
}

/** All that the text depends on. */
export interface GemmVariant {
  readonly tile: Tile;
  readonly a: Layout;
  readonly b: Layout;
  /** C is read and written in fours. */
  readonly alignedC: boolean;
  /** Tiles that lie wholly below the diagonal of C are left out. */
  readonly upperOnly: boolean;
}

const parameters = {
  rows: "u32",
  columns: "u32",
  depth: "u32",
  partDepth: "u32",
  partStride: "u32",
  columnTiles: "u32",
  parts: "u32",
  aOffset: "u32",
  aStride: "u32",
  bOffset: "u32",
  bStride: "u32",
  cOffset: "u32",
  cStride: "u32",
  alpha: "f32",
  beta: "f32",
} as const;

/** Names of one operand in the text, and its slice in vectors of four lines: rows of A or columns of B. */
interface Names {
  readonly array: "a" | "b";
  readonly slice: string;
  readonly first: string;
  /** Parameter that holds the number of lines. */
  readonly lines: "rows" | "columns";
  /** Vectors in a step of the slice. */
  readonly quads: number;
}

/** A loop over the workgroup's threads. */
const share = (count: number, threads: number, body: string) =>
  `for (var at = thread; at < ${count}u; at += ${threads}u) {\n${body}\n    }`;

/**
 * Reads element `(line, k)` of an operand, or four from there on along its memory; zeros where `checked` and beyond.
 */
function reader({ array, lines }: Names, { byDepth, aligned, halves }: Layout, checked: boolean): string {
  const type = aligned ? "vec4<f32>" : "f32", at = byDepth ? ["k", "line"] : ["line", "k"];
  const place = `p.${array}Offset + ${at[0]} * p.${array}Stride + ${at[1]}`;
  const element = aligned ? `${array}[(${place}) >> 2u]` : `${array}[${place}]`;
  const check = checked ? `if (line >= p.${lines} || k >= end) { return ${type}(); }` : "";
  return /* wgsl */ `
fn ${array}${checked ? "Edge" : "Inside"}(line: u32, k: u32, end: u32) -> ${type} {
  ${check}
  return ${halves ? `${type}(${element})` : element};
}`;
}

/** Brings a slice to shared memory; neighbouring threads read neighbours in memory. */
function bring({ array, slice, first, quads }: Names, { byDepth, aligned }: Layout, threads: number, checked: boolean) {
  const read = `${array}${checked ? "Edge" : "Inside"}`, four = [0, 1, 2, 3];
  if (byDepth) {
    const k = `begin + at / ${quads}u`, line = `${first} + 4u * (at % ${quads}u)`;
    const vector = aligned
      ? `${read}(${line}, ${k}, end)`
      : `vec4(${four.map((i) => `${read}(${line} + ${i}u, ${k}, end)`).join(", ")})`;
    return share(depth * quads, threads, `      ${slice}[at] = ${vector};`);
  }
  if (!aligned) {
    const line = `${first} + 4u * (at / ${depth}u)`;
    const elements = four.map((i) => `${read}(${line} + ${i}u, begin + at % ${depth}u, end)`);
    const place = `(at % ${depth}u) * ${quads}u + at / ${depth}u`;
    return share(depth * quads, threads, `      ${slice}[${place}] = vec4(${elements.join(", ")});`);
  }
  // Four lines of four steps, transposed on the way.
  const steps = depth / 4;
  const rows = four.map((i) => `let row${i} = ${read}(line + ${i}u, begin + k, end);`);
  const columns = four.map((j) =>
    `${slice}[(k + ${j}u) * ${quads}u + quad] = vec4(${four.map((i) => `row${i}[${j}]`).join(", ")});`
  );
  return share(
    steps * quads,
    threads,
    [`let k = 4u * (at % ${steps}u);`, `let quad = at / ${steps}u;`, `let line = ${first} + 4u * quad;`]
      .concat(rows, columns).map((line) => `      ${line}`).join("\n"),
  );
}

function storeText(aligned: boolean): string {
  const place = "p.cOffset + part * p.partStride + row * p.cStride + column";
  if (aligned) {
    return /* wgsl */ `
fn store(part: u32, row: u32, column: u32, sum: vec4<f32>) {
  if (row >= p.rows || column >= p.columns) { return; }
  let at = (${place}) >> 2u;
  var value = p.alpha * sum;
  if (p.beta != 0.0) { value += p.beta * c[at]; }
  c[at] = value;
}`;
  }
  return /* wgsl */ `
fn store(part: u32, row: u32, column: u32, sum: vec4<f32>) {
  if (row >= p.rows) { return; }
  let at = ${place};
  for (var i = 0u; i < min(4u, p.columns - min(column, p.columns)); i++) {
    var value = p.alpha * sum[i];
    if (p.beta != 0.0) { value += p.beta * c[at + i]; }
    c[at + i] = value;
  }
}`;
}

function textOf({ tile, a, b, alignedC, upperOnly }: GemmVariant): string {
  const { rowThreads, columnThreads, rowQuads, columnQuads } = tile, threads = rowThreads * columnThreads;
  const left: Names = { array: "a", slice: "sliceA", first: "firstRow", lines: "rows", quads: tileRows(tile) / 4 };
  const right: Names = {
    array: "b",
    slice: "sliceB",
    first: "firstColumn",
    lines: "columns",
    quads: tileColumns(tile) / 4,
  };
  const rows = Array.from({ length: 4 * rowQuads }, (_, row) => row);
  const vectors = Array.from({ length: columnQuads }, (_, q) => q);
  const each = (text: (row: number, vector: number) => string) =>
    rows.flatMap((row) => vectors.map((vector) => text(row, vector)));
  return /* wgsl */ `
// Depth-major; an element holds four consecutive rows of op(A), or columns of op(B).
var<workgroup> sliceA: array<vec4<f32>, ${depth * left.quads}>;
var<workgroup> sliceB: array<vec4<f32>, ${depth * right.quads}>;
${[false, true].flatMap((checked) => [reader(left, a, checked), reader(right, b, checked)]).join("\n")}
${storeText(alignedC)}

@compute @workgroup_size(${threads})
fn main(${builtins}) {
  // Tile by tile along a row of tiles, part by part, then on to the next row.
  let number = ${workgroupIndex};
  let firstRow = number / (p.columnTiles * p.parts) * ${tileRows(tile)}u;
  if (firstRow >= p.rows) { return; }
  let firstColumn = number % p.columnTiles * ${tileColumns(tile)}u;
  ${upperOnly ? `if (firstColumn + ${tileColumns(tile)}u <= firstRow) { return; }` : ""}
  let part = number / p.columnTiles % p.parts;
  let end = min((part + 1u) * p.partDepth, p.depth);
  let inside = firstRow + ${tileRows(tile)}u <= p.rows && firstColumn + ${tileColumns(tile)}u <= p.columns;
  let rowThread = thread / ${columnThreads}u;
  let columnThread = thread % ${columnThreads}u;
  ${each((row, q) => `var sum${row}_${q} = vec4<f32>();`).join("\n  ")}
  for (var begin = part * p.partDepth; begin < end; begin += ${depth}u) {
    if (inside && begin + ${depth}u <= end) {
    ${bring(left, a, threads, false)}
    ${bring(right, b, threads, false)}
    } else {
    ${bring(left, a, threads, true)}
    ${bring(right, b, threads, true)}
    }
    workgroupBarrier();
    for (var k = 0u; k < ${depth}u; k++) {
      ${
    Array.from(
      { length: rowQuads },
      (_, q) => `let a${q} = sliceA[k * ${left.quads}u + rowThread + ${q * rowThreads}u];`,
    ).join("\n      ")
  }
      ${
    vectors.map((q) => `let b${q} = sliceB[k * ${right.quads}u + columnThread + ${q * columnThreads}u];`)
      .join("\n      ")
  }
      ${each((row, q) => `sum${row}_${q} += a${row >> 2}[${row % 4}] * b${q};`).join("\n      ")}
    }
    workgroupBarrier();
  }
  let row = firstRow + 4u * rowThread;
  let column = firstColumn + 4u * columnThread;
  ${
    each((row, q) =>
      `store(part, row + ${4 * rowThreads * (row >> 2) + row % 4}u, ` +
      `column + ${4 * columnThreads * q}u, sum${row}_${q});`
    ).join("\n  ")
  }
}`;
}

/** The shader of the product; its arrays in fours where the variant is aligned. */
export type GemmShader = Shader<typeof parameters, { readonly [K in "a" | "b" | "c"]: ArrayTypes[string] }>;

function arrayTypeOf({ aligned, halves }: Layout) {
  if (halves) return aligned ? "read f16x4" : "read f16";
  return aligned ? "read f32x4" : "read f32";
}

function wordsOf({ aligned, halves }: Layout): string {
  return `${halves ? " f16" : ""}${aligned ? " in fours" : ""}`;
}

const shaders = new Map<string, GemmShader>();

/** The shader of a variant, the same object each time. */
export function gemmShader(variant: GemmVariant): GemmShader {
  const { tile, a, b, alignedC, upperOnly } = variant;
  const label = [
    `gemm ${tileRows(tile)} x ${tileColumns(tile)}`,
    `A ${a.byDepth ? "transposed" : "plain"}${wordsOf(a)}`,
    `B ${b.byDepth ? "plain" : "transposed"}${wordsOf(b)}`,
    `C${upperOnly ? " upper" : ""}${alignedC ? " in fours" : ""}`,
  ].join(", ");
  const known = shaders.get(label);
  if (known) return known;
  const arrays = {
    a: arrayTypeOf(a),
    b: arrayTypeOf(b),
    c: alignedC ? "write f32x4" : "write f32",
  } as const;
  const shader = defineShader(label, { parameters, arrays, code: textOf(variant) });
  shaders.set(label, shader);
  return shader;
}
