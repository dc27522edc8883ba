/** What goes element by element: means of 2 x 2 pixels, their gradient, and sums of parts. */

import { builtins, defineShader, workgroupIndex } from "../shader.ts";
import { activationText } from "./layer_shader.ts";

/** Elements of a workgroup. */
export const poolThreads = 64;

const sizes = { first: "u32", groups: "u32", height: "u32", width: "u32", channels: "u32" } as const;

/** Place of the thread, and the number of samples, in WGSL. */
const head = /* wgsl */ `
  let at = (${workgroupIndex}) * ${poolThreads}u + thread;
  let samples = bounds[p.first + p.groups] - bounds[p.first];
  let line = p.width * p.channels;`;

/** z = means of 2 x 2 pixels of x; an odd last row or column is left out. */
export const poolShader = defineShader("means of pixels", {
  parameters: sizes,
  arrays: { bounds: "read u32", x: "read f32", z: "write f32" },
  code: /* wgsl */ `
@compute @workgroup_size(${poolThreads})
fn main(${builtins}) {
  ${head}
  let columns = p.width / 2u;
  let size = p.height / 2u * columns * p.channels;
  if (at >= samples * size) { return; }
  let place = at % size;
  let channel = place % p.channels;
  let v = place / p.channels / columns;
  let u = place / p.channels % columns;
  let source = at / size * p.height * line + 2u * v * line + 2u * u * p.channels + channel;
  z[at] = (x[source] + x[source + p.channels] + x[source + line] + x[source + line + p.channels]) / 4.0;
}`,
});

/** dx = a quarter of d for each of the four pixels, times the slope of the layer before, whose outputs are `a`. */
export const spreadShader = defineShader("gradient of means of pixels", {
  parameters: { ...sizes, activation: "u32" },
  arrays: { bounds: "read u32", d: "read f32", a: "read f32", dx: "write f32" },
  code: /* wgsl */ `
${activationText}
@compute @workgroup_size(${poolThreads})
fn main(${builtins}) {
  ${head}
  let size = p.height * line;
  if (at >= samples * size) { return; }
  let place = at % size;
  let channel = place % p.channels;
  let v = place / line / 2u;
  let u = place / p.channels % p.width / 2u;
  let columns = p.width / 2u;
  var value = 0.0;
  if (v < p.height / 2u && u < columns) {
    let source = at / size * (p.height / 2u * columns * p.channels) + (v * columns + u) * p.channels + channel;
    value = d[source] / 4.0 * slopeOf(p.activation, a[at]);
  }
  dx[at] = value;
}`,
});

/** The gradient of each group's weights, from parts of its rows. */
export const addPartsShader = defineShader("gradient of weights, sum of parts", {
  parameters: { groups: "u32", parts: "u32", elements: "u32", gradientOffset: "u32", gradientStride: "u32" },
  arrays: { partials: "read f32", gradients: "write f32" },
  code: /* wgsl */ `
@compute @workgroup_size(${poolThreads})
fn main(${builtins}) {
  let at = (${workgroupIndex}) * ${poolThreads}u + thread;
  if (at >= p.groups * p.elements) { return; }
  let own = at / p.elements;
  let element = at % p.elements;
  var sum = 0.0;
  for (var part = 0u; part < p.parts; part++) { sum += partials[(own * p.parts + part) * p.elements + element]; }
  gradients[p.gradientOffset + own * p.gradientStride + element] = sum;
}`,
});
