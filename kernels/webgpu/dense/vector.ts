/** Vector kernels. Sums leave one partial a workgroup, which the host adds in f64. */

import type { VectorOperand } from "../../contract.ts";
import {
  builtins,
  combineThreads,
  defineShader,
  dispatch,
  type Lowering,
  workgroupIndex,
  workgroupsFor,
} from "../shader.ts";

const threads = 256;
/** Most partial sums: enough workgroups for any device, few enough to read back. */
const mostPartials = 256;

const groupsFor = ({ length }: VectorOperand) => Math.min(mostPartials, Math.ceil(length / threads));

const axpyShader = defineShader("axpy", {
  parameters: { length: "u32", xOffset: "u32", yOffset: "u32", alpha: "f32" },
  arrays: { x: "read f32", y: "write f32" },
  code: /* wgsl */ `
@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let i = (${workgroupIndex}) * ${threads}u + thread;
  if (i < p.length) { y[p.yOffset + i] += p.alpha * x[p.xOffset + i]; }
}`,
});

/** Lowering of {@linkcode Kernels.axpy}. */
export const axpy: Lowering<"axpy"> = ({ alpha, x, y }) => ({
  dispatches: [dispatch(axpyShader, {
    parameters: { length: x.length, xOffset: x.offset ?? 0, yOffset: y.offset ?? 0, alpha },
    arrays: { x: x.array, y: y.array },
    workgroups: workgroupsFor(Math.ceil(x.length / threads)),
  })],
});

const dotShader = defineShader("dot", {
  parameters: { length: "u32", xOffset: "u32", yOffset: "u32" },
  arrays: { x: "read f32", y: "read f32", partials: "write f32" },
  code: /* wgsl */ `
var<workgroup> sums: array<f32, ${threads}>;

@compute @workgroup_size(${threads})
fn main(${builtins}) {
  var sum = 0.0;
  for (var i = group.x * ${threads}u + thread; i < p.length; i += groups.x * ${threads}u) {
    sum += x[p.xOffset + i] * y[p.yOffset + i];
  }
  sums[thread] = sum;
  ${combineThreads("sums", threads)}
  if (thread == 0u) { partials[group.x] = sums[0]; }
}`,
});

/** Lowering of {@linkcode Kernels.dot}. */
export const dot: Lowering<"dot"> = ({ x, y }, scratch) => {
  const groups = groupsFor(x), partials = scratch("f32", mostPartials, "partial sums");
  return {
    dispatches: [dispatch(dotShader, {
      parameters: { length: x.length, xOffset: x.offset ?? 0, yOffset: y.offset ?? 0 },
      arrays: { x: x.array, y: y.array, partials },
      workgroups: [groups, 1],
    })],
    value: { array: partials, length: groups, of: (sums) => Array.from(sums).reduce((sum, part) => sum + part, 0) },
  };
};

/**
 * The norm works on the bits of its numbers: devices may take subnormal ones for zero, and squares leave the range.
 * Each workgroup scales by the power of two of its largest magnitude, so that all it adds is below 1.
 */
const nrm2Shader = defineShader("nrm2", {
  parameters: { length: "u32", offset: "u32" },
  arrays: { x: "read u32", partials: "write u32" },
  code: /* wgsl */ `
var<workgroup> largest: atomic<u32>;
var<workgroup> reference: u32;
var<workgroup> sums: array<f32, ${threads}>;

fn exponentOf(magnitude: u32) -> u32 { return max(magnitude >> 23u, 1u); }

/** |x| / 2^(exponent - 126), below 1. */
fn scaled(magnitude: u32, exponent: u32) -> f32 {
  var significand = magnitude & 0x7fffffu;
  if (magnitude >= 0x800000u) { significand |= 0x800000u; }
  let drop = exponent - exponentOf(magnitude);
  if (drop > 60u) { return 0.0; }
  return f32(significand) * bitcast<f32>((127u - 24u - drop) << 23u);
}

@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let first = group.x * ${threads}u + thread;
  let step = groups.x * ${threads}u;
  var own = 0u;
  for (var i = first; i < p.length; i += step) { own = max(own, x[p.offset + i] & 0x7fffffffu); }
  atomicMax(&largest, own);
  workgroupBarrier();
  if (thread == 0u) { reference = atomicLoad(&largest); }
  let magnitude = workgroupUniformLoad(&reference);
  let exponent = exponentOf(magnitude);
  var sum = 0.0;
  for (var i = first; i < p.length; i += step) {
    let value = scaled(x[p.offset + i] & 0x7fffffffu, exponent);
    sum += value * value;
  }
  sums[thread] = sum;
  ${combineThreads("sums", threads)}
  if (thread == 0u) {
    partials[2u * group.x] = magnitude;
    partials[2u * group.x + 1u] = bitcast<u32>(sums[0]);
  }
}`,
});

const infinity = 0x7f800000;

/** Lowering of {@linkcode Kernels.nrm2}. */
export const nrm2: Lowering<"nrm2"> = ({ x }, scratch) => {
  const groups = groupsFor(x), partials = scratch("u32", 2 * mostPartials, "partial norms");
  return {
    dispatches: [dispatch(nrm2Shader, {
      parameters: { length: x.length, offset: x.offset ?? 0 },
      arrays: { x: x.array, partials },
      workgroups: [groups, 1],
    })],
    value: { array: partials, length: 2 * groups, of: (parts) => normOf(Uint32Array.from(parts)) },
  };
};

/** The norm from pairs of largest magnitude and scaled sum of squares, as bits. */
function normOf(parts: Uint32Array): number {
  const sums = new Float32Array(parts.buffer);
  let squares = 0, largest = 0;
  for (let at = 0; at < parts.length; at += 2) {
    largest = Math.max(largest, parts[at]);
    squares += sums[at + 1] * 4 ** (Math.max(parts[at] >>> 23, 1) - 126);
  }
  return largest > infinity ? NaN : largest === infinity ? Infinity : Math.sqrt(squares);
}
