/**
 * Perturbed parameters. A workgroup finds the norm of a row in a segment, then a thread moves each element. Norms are
 * sums of squares of ratios to the largest, so that none leaves the range; NaN and infinities are told by their bits,
 * because compilers of shaders may take it that there are none.
 */

import type { DeviceArray } from "../../contract.ts";
import { GLOBAL, UNSCALED } from "../../contract/training/constants.ts";
import {
  builtins,
  combineThreads,
  defineShader,
  dispatch,
  type Lowering,
  strideOf,
  workgroupIndex,
  workgroupsFor,
} from "../shader.ts";

const threads = 256, infinity = 0x7f800000;

/** `norms[row, segment] = ||T x||`, as bits; `T` is 1 where `eta < 0` or the segment is not scaled. */
const segmentNorms = defineShader("norms of segments", {
  parameters: { rows: "u32", count: "u32", xOffset: "u32", xStride: "u32", wOffset: "u32", eta: "f32" },
  arrays: { segments: "read u32", scaled: "read u32", x: "read u32", w: "read f32", norms: "write u32" },
  code: /* wgsl */ `
var<workgroup> largest: atomic<u32>;
var<workgroup> wrong: atomic<u32>;
var<workgroup> reference: u32;
var<workgroup> sums: array<f32, ${threads}>;

fn valueAt(row: u32, s: u32, k: u32) -> f32 {
  var value = abs(bitcast<f32>(x[p.xOffset + row * p.xStride + k]));
  if (p.eta >= 0.0 && scaled[s] != 0u) { value *= abs(w[p.wOffset + k]) + p.eta; }
  return value;
}

@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let number = ${workgroupIndex};
  if (number >= p.rows * p.count) { return; }
  let row = number / p.count;
  let s = number % p.count;
  let end = segments[s + 1u];
  var most = 0u;
  for (var k = segments[s] + thread; k < end; k += ${threads}u) {
    atomicMax(&wrong, x[p.xOffset + row * p.xStride + k] & 0x7fffffffu);
    most = max(most, bitcast<u32>(valueAt(row, s, k)));
  }
  atomicMax(&largest, most);
  workgroupBarrier();
  if (thread == 0u) { reference = atomicLoad(&largest); }
  let scale = bitcast<f32>(max(workgroupUniformLoad(&reference), 0x00800000u));
  var sum = 0.0;
  for (var k = segments[s] + thread; k < end; k += ${threads}u) {
    let value = valueAt(row, s, k) / scale;
    sum += value * value;
  }
  sums[thread] = sum;
  ${combineThreads("sums", threads)}
  if (thread == 0u) {
    let bits = atomicLoad(&wrong);
    norms[number] = select(bitcast<u32>(scale * sqrt(sums[0])), bits, bits >= ${infinity}u);
  }
}`,
});

/** The norm over all segments of a row, from those of each, in WGSL. */
const joinText = /* wgsl */ `
fn joined(row: u32) -> u32 {
  var most = 0u;
  for (var s = 0u; s < p.count; s++) { most = max(most, norms[row * p.count + s]); }
  if (most == 0u || most >= ${infinity}u) { return most; }
  let scale = bitcast<f32>(most);
  var sum = 0.0;
  for (var s = 0u; s < p.count; s++) {
    let ratio = bitcast<f32>(norms[row * p.count + s]) / scale;
    sum += ratio * ratio;
  }
  return bitcast<u32>(scale * sqrt(sum));
}`;

/** The norm of each row. */
const rowNorms = defineShader("norms of rows", {
  parameters: { rows: "u32", count: "u32", lengthOffset: "u32" },
  arrays: { norms: "read u32", lengths: "write u32" },
  code: /* wgsl */ `
${joinText}
@compute @workgroup_size(64)
fn main(${builtins}) {
  let row = (${workgroupIndex}) * 64u + thread;
  if (row < p.rows) { lengths[p.lengthOffset + row] = joined(row); }
}`,
});

const moveParameters = {
  rows: "u32",
  columns: "u32",
  count: "u32",
  norm: "u32",
  wOffset: "u32",
  gOffset: "u32",
  gStride: "u32",
  pOffset: "u32",
  pStride: "u32",
  rho: "f32",
  epsilon: "f32",
} as const;

/** Row, element, segment and norm of a thread, in WGSL. */
const elementText = /* wgsl */ `
@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let at = (${workgroupIndex}) * ${threads}u + thread;
  if (at >= p.rows * p.columns) { return; }
  let row = at / p.columns;
  let k = at % p.columns;
  var s = 0u;
  while (segments[s + 1u] <= k) { s++; }
  var bits = 0u;
  if (p.norm == ${GLOBAL}u) { bits = joined(row); } else { bits = norms[row * p.count + s]; }
  let length = bitcast<f32>(bits);`;

/** p = w + step T^2 g. */
const moveShader = defineShader("perturbed parameters", {
  parameters: { ...moveParameters, eta: "f32" },
  arrays: {
    segments: "read u32",
    scaled: "read u32",
    norms: "read u32",
    w: "read f32",
    g: "read f32",
    moved: "write f32",
  },
  code: /* wgsl */ `
${joinText}
${elementText}
  let step = select(p.rho / (length + p.epsilon), p.rho, p.norm == ${UNSCALED}u);
  let point = w[p.wOffset + k];
  var scale = 1.0;
  if (p.eta >= 0.0 && scaled[s] != 0u) { scale = abs(point) + p.eta; }
  moved[p.pOffset + row * p.pStride + k] = point + step * scale * scale * g[p.gOffset + row * p.gStride + k];
}`,
});

/** e += step g. */
const advanceShader = defineShader("perturbations, a step further", {
  parameters: { ...moveParameters, share: "f32" },
  arrays: { segments: "read u32", norms: "read u32", g: "read f32", e: "write f32" },
  code: /* wgsl */ `
${joinText}
${elementText}
  let step = p.share * select(p.rho / (length + p.epsilon), p.rho, p.norm == ${UNSCALED}u);
  e[p.pOffset + row * p.pStride + k] += step * g[p.gOffset + row * p.gStride + k];
}`,
});

/** e is drawn back to length rho, p = w + e; here `g` is e. */
const placeShader = defineShader("perturbed parameters, drawn back", {
  parameters: moveParameters,
  arrays: { segments: "read u32", norms: "read u32", w: "read f32", e: "write f32", moved: "write f32" },
  code: /* wgsl */ `
${joinText}
${elementText}
  var shrink = 1.0;
  if (p.norm != ${UNSCALED}u && length > p.rho) { shrink = p.rho / length; }
  let place = p.gOffset + row * p.gStride + k;
  let value = shrink * e[place];
  e[place] = value;
  moved[p.pOffset + row * p.pStride + k] = w[p.wOffset + k] + value;
}`,
});

/** Lowering of {@linkcode Kernels.perturb}. */
export const perturb: Lowering<"perturb"> = (
  { parameters, gradients, perturbed, norms: lengths, segments, norm, rho, epsilon, eta, scaled, offsets, share = 1 },
  scratch,
) => {
  const { rows, columns } = gradients, count = segments.length - 1, w = parameters.array;
  if (rows === 0) return { dispatches: [] };
  const marks = scaled ?? scratch("u32", 1, "no marks"), wOffset = parameters.offset ?? 0;
  const normsOf = (x: typeof gradients, eta: number, norms: DeviceArray) =>
    dispatch(segmentNorms, {
      parameters: { rows, count, xOffset: x.offset ?? 0, xStride: strideOf(x), wOffset, eta },
      arrays: { segments, scaled: marks, x: x.array, w, norms },
      workgroups: workgroupsFor(rows * count),
    });
  const plain = scratch("u32", rows * count, "norms of segments");
  const common = { rows, columns, count, norm, wOffset, rho, epsilon };
  const from = { gOffset: gradients.offset ?? 0, gStride: strideOf(gradients) };
  const to = { pOffset: perturbed.offset ?? 0, pStride: strideOf(perturbed) };
  const call = { workgroups: workgroupsFor(Math.ceil(rows * columns / threads)) };
  const measured = [
    normsOf(gradients, -1, plain),
    dispatch(rowNorms, {
      parameters: { rows, count, lengthOffset: lengths.offset ?? 0 },
      arrays: { norms: plain, lengths: lengths.array },
      workgroups: workgroupsFor(Math.ceil(rows / 64)),
    }),
  ];
  if (offsets) {
    const own = { pOffset: offsets.offset ?? 0, pStride: strideOf(offsets) }, e = offsets.array;
    const reach = scratch("u32", rows * count, "norms of perturbations");
    return {
      dispatches: [
        ...measured,
        dispatch(advanceShader, {
          ...call,
          parameters: { ...common, ...from, ...own, share },
          arrays: { segments, norms: plain, g: gradients.array, e },
        }),
        normsOf(offsets, -1, reach),
        dispatch(placeShader, {
          ...call,
          parameters: { ...common, gOffset: own.pOffset, gStride: own.pStride, ...to },
          arrays: { segments, norms: reach, w, e, moved: perturbed.array },
        }),
      ],
    };
  }
  const own = eta === undefined ? plain : scratch("u32", rows * count, "norms of scaled segments");
  return {
    dispatches: [
      ...measured,
      ...eta === undefined ? [] : [normsOf(gradients, eta, own)],
      dispatch(moveShader, {
        ...call,
        parameters: { ...common, ...from, ...to, eta: eta ?? -1 },
        arrays: { segments, scaled: marks, norms: own, w, g: gradients.array, moved: perturbed.array },
      }),
    ],
  };
};
