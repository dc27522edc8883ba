/** The mean loss of each group, a workgroup for each, and its gradient in the scores. */

import { LOGISTIC, SOFTMAX } from "../../contract/training/constants.ts";
import { builtins, combineThreads, defineShader, workgroupIndex } from "../shader.ts";

const threads = 64;

/** Scores `z` by places; `d` is written where `differentiate` is 1. */
export const lossShader = defineShader("loss", {
  parameters: {
    loss: "u32",
    first: "u32",
    groups: "u32",
    count: "u32",
    differentiate: "u32",
    zOffset: "u32",
    zStride: "u32",
    targetOffset: "u32",
    weightOffset: "u32",
    lossOffset: "u32",
  },
  arrays: {
    bounds: "read u32",
    batch: "read u32",
    z: "read f32",
    targets: "read f32",
    weights: "read f32",
    d: "write f32",
    losses: "write f32",
  },
  code: /* wgsl */ `
var<workgroup> sums: array<f32, ${threads}>;

@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let own = ${workgroupIndex};
  if (own >= p.groups) { return; }
  let begin = bounds[p.first + own];
  let rows = bounds[p.first + own + 1u] - begin;
  var sum = 0.0;
  for (var i = thread; i < rows; i += ${threads}u) {
    let sample = batch[begin + i];
    let weight = weights[p.weightOffset + sample] / f32(rows);
    let place = begin + i - bounds[p.first];
    sum += weight * lossOfRow(p.zOffset + place * p.zStride, targets[p.targetOffset + sample], weight, place * p.count);
  }
  sums[thread] = sum;
  ${combineThreads("sums", threads)}
  if (thread == 0u) { losses[p.lossOffset + own] = sums[0]; }
}

/** The loss of the scores at z[row]; its gradient, times the factor, to d[to]. */
fn lossOfRow(row: u32, wanted: f32, factor: f32, to: u32) -> f32 {
  let score = z[row];
  if (p.loss == ${SOFTMAX}u) {
    var largest = score;
    for (var j = 1u; j < p.count; j++) { largest = max(largest, z[row + j]); }
    var sum = 0.0;
    for (var j = 0u; j < p.count; j++) { sum += exp(z[row + j] - largest); }
    if (p.differentiate == 1u) {
      for (var j = 0u; j < p.count; j++) {
        d[to + j] = factor * (exp(z[row + j] - largest) / sum - select(0.0, 1.0, j == u32(wanted)));
      }
    }
    return log(sum) + largest - z[row + u32(wanted)];
  }
  var slope = score - wanted;
  var value = slope * slope / 2.0;
  if (p.loss == ${LOGISTIC}u) {
    let e = exp(-abs(score));
    slope = select(1.0, e, score < 0.0) / (1.0 + e) - wanted;
    // log(1 + e) has lost the digits of a small e.
    value = max(score, 0.0) + select(log(1.0 + e), e * (1.0 - e / 2.0), e < 1e-3) - wanted * score;
  }
  if (p.differentiate == 1u) { d[to] = factor * slope; }
  return value;
}`,
});
