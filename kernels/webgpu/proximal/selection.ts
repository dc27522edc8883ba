/**
 * Selection of the largest magnitudes by radix: four passes, a byte each, narrow the key of the last entry that is
 * kept; then entries are counted by blocks, so that of equal ones those of lower index are kept.
 *
 * The key of a number is its magnitude's bits plus one, as an integer; of a NaN, zero. No arithmetic touches the
 * numbers, which therefore keep their bits.
 */

import type { DeviceArray, VectorOperand } from "../../contract.ts";
import {
  builtins,
  combineThreads,
  defineShader,
  type Dispatch,
  dispatch,
  type Lowering,
  type Scratch,
  workgroupIndex,
  workgroupsFor,
} from "../shader.ts";

const threads = 256, ownEntries = 4, blockEntries = threads * ownEntries;
/** Words of the state: the key's known bits, how many entries of that key are kept, and the histogram of a byte. */
const histogramAt = 2, stateWords = histogramAt + 256;

const keyOf = /* wgsl */ `
fn keyOf(bits: u32) -> u32 {
  let magnitude = bits & 0x7fffffffu;
  return select(magnitude + 1u, 0u, magnitude > 0x7f800000u);
}
`;

const start = defineShader("selection start", {
  parameters: { keep: "u32" },
  arrays: { state: "write u32" },
  code: /* wgsl */ `
@compute @workgroup_size(256)
fn main(${builtins}) {
  state[${histogramAt}u + thread] = 0u;
  if (thread == 0u) {
    state[0] = 0u;
    state[1] = p.keep;
  }
}`,
});

const histogram = defineShader("selection histogram", {
  parameters: { length: "u32", offset: "u32", shift: "u32", knownBits: "u32" },
  arrays: { values: "read u32", state: "atomic u32" },
  code: /* wgsl */ `${keyOf}
var<workgroup> counts: array<atomic<u32>, 256>;

@compute @workgroup_size(256)
fn main(${builtins}) {
  let known = atomicLoad(&state[0]);
  for (var i = group.x * 256u + thread; i < p.length; i += groups.x * 256u) {
    let key = keyOf(values[p.offset + i]);
    if ((key & p.knownBits) == known) { atomicAdd(&counts[(key >> p.shift) & 255u], 1u); }
  }
  workgroupBarrier();
  let count = atomicLoad(&counts[thread]);
  if (count > 0u) { atomicAdd(&state[${histogramAt}u + thread], count); }
}`,
});

/** Takes the byte at which the entries above come to what is kept, and clears the histogram for the next. */
const choose = defineShader("selection byte", {
  parameters: { shift: "u32" },
  arrays: { state: "write u32" },
  code: /* wgsl */ `
@compute @workgroup_size(1)
fn main() {
  let keep = state[1];
  var above = 0u;
  var byte = 255u;
  while (byte > 0u && above + state[${histogramAt}u + byte] < keep) {
    above += state[${histogramAt}u + byte];
    byte--;
  }
  state[0] |= byte << p.shift;
  state[1] = keep - above;
  for (var i = 0u; i < 256u; i++) { state[${histogramAt}u + i] = 0u; }
}`,
});

/** How many of the four entries of a thread lie above the last key, and on it. */
const ownCounts = /* wgsl */ `
fn countsOf(first: u32, key: u32) -> vec2<u32> {
  var counts = vec2<u32>();
  for (var i = first; i < min(first + ${ownEntries}u, p.length); i++) {
    let own = keyOf(values[p.offset + i]);
    counts += vec2(select(0u, 1u, own > key), select(0u, 1u, own == key));
  }
  return counts;
}
`;

const countBlocks = defineShader("selection counts", {
  parameters: { length: "u32", offset: "u32" },
  arrays: { values: "read u32", state: "read u32", blocks: "write u32" },
  code: /* wgsl */ `${keyOf}${ownCounts}
var<workgroup> counts: array<vec2<u32>, ${threads}>;

@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let block = ${workgroupIndex};
  counts[thread] = countsOf(block * ${blockEntries}u + thread * ${ownEntries}u, state[0]);
  ${combineThreads("counts", threads)}
  if (thread == 0u && block * ${blockEntries}u < p.length) {
    blocks[2u * block] = counts[0].x;
    blocks[2u * block + 1u] = counts[0].y;
  }
}`,
});

/** Replaces the counts of each block by those of all blocks before it. */
const addBlocks = defineShader("selection offsets", {
  parameters: { count: "u32" },
  arrays: { blocks: "write u32" },
  code: /* wgsl */ `
var<workgroup> sums: array<vec2<u32>, ${threads}>;

@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let share = (p.count + ${threads - 1}u) / ${threads}u;
  let first = thread * share;
  let end = min(first + share, p.count);
  var sum = vec2<u32>();
  for (var i = first; i < end; i++) { sum += vec2(blocks[2u * i], blocks[2u * i + 1u]); }
  sums[thread] = sum;
  workgroupBarrier();
  var before = vec2<u32>();
  for (var i = 0u; i < thread; i++) { before += sums[i]; }
  for (var i = first; i < end; i++) {
    let own = vec2(blocks[2u * i], blocks[2u * i + 1u]);
    blocks[2u * i] = before.x;
    blocks[2u * i + 1u] = before.y;
    before += own;
  }
}`,
});

/**
 * The last step: visits each entry with the counts of those before it; `visit` is WGSL over i, own, key, before, ties.
 */
const visitEntries = (visit: string) =>
  /* wgsl */ `${keyOf}${ownCounts}
var<workgroup> counts: array<vec2<u32>, ${threads}>;

@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let block = ${workgroupIndex};
  let key = state[0];
  let ties = state[1];
  let first = block * ${blockEntries}u + thread * ${ownEntries}u;
  counts[thread] = countsOf(first, key);
  workgroupBarrier();
  for (var reach = 1u; reach < ${threads}u; reach *= 2u) {
    var left = vec2<u32>();
    if (thread >= reach) { left = counts[thread - reach]; }
    workgroupBarrier();
    counts[thread] += left;
    workgroupBarrier();
  }
  if (first >= p.length) { return; }
  var before = vec2(blocks[2u * block], blocks[2u * block + 1u]);
  if (thread > 0u) { before += counts[thread - 1u]; }
  for (var i = first; i < min(first + ${ownEntries}u, p.length); i++) {
    let own = keyOf(values[p.offset + i]);
    let kept = own > key || (own == key && before.y < ties);
    ${visit}
    before += vec2(select(0u, 1u, own > key), select(0u, 1u, own == key));
  }
}`;

const zeroRest = defineShader("hard threshold", {
  parameters: { length: "u32", offset: "u32" },
  arrays: { values: "write u32", state: "read u32", blocks: "read u32" },
  code: visitEntries("if (!kept) { values[p.offset + i] = 0u; }"),
});

const listKept = defineShader("top k", {
  parameters: { length: "u32", offset: "u32" },
  arrays: { values: "read u32", state: "read u32", blocks: "read u32", indices: "write u32" },
  code: visitEntries("if (kept) { indices[before.x + min(before.y, ties)] = i; }"),
});

/** Finds the last key that is kept, how many entries of that key are, and the counts before each block. */
function select({ array: values, offset = 0, length }: VectorOperand, keep: number, scratch: Scratch): {
  readonly steps: Dispatch[];
  readonly found: { readonly state: DeviceArray; readonly blocks: DeviceArray };
  readonly workgroups: readonly [number, number];
} {
  const blockCount = Math.ceil(length / blockEntries);
  const state = scratch("u32", stateWords, "selection"), blocks = scratch("u32", 2 * blockCount, "selection by blocks");
  const workgroups = workgroupsFor(blockCount);
  const bytes = [24, 16, 8, 0].flatMap((shift) => [
    dispatch(histogram, {
      parameters: { length, offset, shift, knownBits: shift === 24 ? 0 : 2 ** 32 - 2 ** (shift + 8) },
      arrays: { values, state },
      workgroups: [Math.min(blockCount, 256), 1],
    }),
    dispatch(choose, { parameters: { shift }, arrays: { state }, workgroups: [1, 1] }),
  ]);
  const steps = [
    dispatch(start, { parameters: { keep }, arrays: { state }, workgroups: [1, 1] }),
    ...bytes,
    dispatch(countBlocks, { parameters: { length, offset }, arrays: { values, state, blocks }, workgroups }),
    dispatch(addBlocks, { parameters: { count: blockCount }, arrays: { blocks }, workgroups: [1, 1] }),
  ];
  return { steps, found: { state, blocks }, workgroups };
}

/** Lowering of {@linkcode Kernels.hardThreshold}. */
export const hardThreshold: Lowering<"hardThreshold"> = ({ values, keep }, scratch) => {
  const { length, offset = 0, array } = values;
  if (keep >= length) return { dispatches: [] };
  const { steps, found, workgroups } = select(values, keep, scratch);
  const last = dispatch(zeroRest, { parameters: { length, offset }, arrays: { values: array, ...found }, workgroups });
  return { dispatches: [...steps, last] };
};

/** Lowering of {@linkcode Kernels.topK}. */
export const topK: Lowering<"topK"> = ({ values, indices }, scratch) => {
  const { length, offset = 0, array } = values;
  if (indices.length === 0) return { dispatches: [] };
  const { steps, found, workgroups } = select(values, indices.length, scratch);
  const arrays = { values: array, ...found, indices };
  return { dispatches: [...steps, dispatch(listKept, { parameters: { length, offset }, arrays, workgroups })] };
};
