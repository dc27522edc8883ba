/** Sums of gradients, and what optimisers do with them: a thread for each element. */

import type { MatrixOperand, VectorOperand } from "../../contract.ts";
import { builtins, defineShader, dispatch, type Lowering, strideOf, workgroupIndex, workgroupsFor } from "../shader.ts";

const threads = 256;

const workgroups = (elements: number) => workgroupsFor(Math.ceil(elements / threads));

const offsetOf = ({ offset = 0 }: VectorOperand | MatrixOperand) => offset;

/** Begins a shader whose threads take an element each, in WGSL. */
const head = (count: string) => /* wgsl */ `
@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let i = (${workgroupIndex}) * ${threads}u + thread;
  if (i >= ${count}) { return; }`;

const sumParameters = { rows: "u32", columns: "u32", offset: "u32", stride: "u32" } as const;

const sumTree = /* wgsl */ `
  for (var distance = 1u; distance < p.rows; distance *= 2u) {
    for (var row = 0u; row + distance < p.rows; row += 2u * distance) {
      terms[first + row * p.stride] += terms[first + (row + distance) * p.stride];
    }
  }`;

const pairwiseSumShader = defineShader("sum in pairs", {
  parameters: sumParameters,
  arrays: { terms: "write f32" },
  code: /* wgsl */ `${head("p.columns")}
  let first = p.offset + i;
  ${sumTree}
}`,
});

const weightedSumShader = defineShader("sum in pairs, by shares", {
  parameters: { ...sumParameters, shareOffset: "u32" },
  arrays: { terms: "write f32", shares: "read f32" },
  code: /* wgsl */ `${head("p.columns")}
  let first = p.offset + i;
  for (var row = 0u; row < p.rows; row++) { terms[first + row * p.stride] *= shares[p.shareOffset + row]; }
  ${sumTree}
}`,
});

const copyShader = defineShader("copy", {
  parameters: { length: "u32", xOffset: "u32", yOffset: "u32" },
  arrays: { x: "read f32", y: "write f32" },
  code: /* wgsl */ `${head("p.length")}
  y[p.yOffset + i] = x[p.xOffset + i];
}`,
});

/** Lowering of {@linkcode Kernels.pairwiseSum}. */
export const pairwiseSum: Lowering<"pairwiseSum"> = ({ terms, shares, sum }) => {
  const { rows, columns } = terms, parameters = { rows, columns, offset: offsetOf(terms), stride: strideOf(terms) };
  const call = { workgroups: workgroups(columns) }, arrays = { terms: terms.array };
  const added = shares
    ? dispatch(weightedSumShader, {
      ...call,
      parameters: { ...parameters, shareOffset: offsetOf(shares) },
      arrays: { ...arrays, shares: shares.array },
    })
    : dispatch(pairwiseSumShader, { ...call, parameters, arrays });
  if (sum === undefined) return { dispatches: [added] };
  const copied = dispatch(copyShader, {
    ...call,
    parameters: { length: columns, xOffset: offsetOf(terms), yOffset: offsetOf(sum) },
    arrays: { x: terms.array, y: sum.array },
  });
  return { dispatches: [added, copied] };
};

const sgdShader = defineShader("update by momentum", {
  parameters: {
    length: "u32",
    wOffset: "u32",
    gOffset: "u32",
    uOffset: "u32",
    nesterov: "u32",
    learningRate: "f32",
    momentum: "f32",
    weightDecay: "f32",
    scale: "f32",
  },
  arrays: { w: "write f32", g: "read f32", u: "write f32" },
  code: /* wgsl */ `${head("p.length")}
  let slope = p.scale * g[p.gOffset + i] + p.weightDecay * w[p.wOffset + i];
  let speed = p.momentum * u[p.uOffset + i] + slope;
  u[p.uOffset + i] = speed;
  w[p.wOffset + i] -= p.learningRate * select(speed, slope + p.momentum * speed, p.nesterov == 1u);
}`,
});

/** Lowering of {@linkcode Kernels.sgdUpdate}. */
export const sgdUpdate: Lowering<"sgdUpdate"> = (
  { parameters, gradient, velocity, learningRate, momentum, weightDecay, scale, nesterov },
) => ({
  dispatches: [dispatch(sgdShader, {
    parameters: {
      length: parameters.length,
      wOffset: offsetOf(parameters),
      gOffset: offsetOf(gradient),
      uOffset: offsetOf(velocity),
      nesterov: nesterov ? 1 : 0,
      learningRate,
      momentum,
      weightDecay,
      scale,
    },
    arrays: { w: parameters.array, g: gradient.array, u: velocity.array },
    workgroups: workgroups(parameters.length),
  })],
});

const adamwShader = defineShader("update by AdamW", {
  parameters: {
    length: "u32",
    wOffset: "u32",
    gOffset: "u32",
    mOffset: "u32",
    vOffset: "u32",
    learningRate: "f32",
    beta1: "f32",
    keep1: "f32",
    beta2: "f32",
    keep2: "f32",
    first: "f32",
    second: "f32",
    epsilon: "f32",
    weightDecay: "f32",
    scale: "f32",
  },
  arrays: { w: "write f32", g: "read f32", m: "write f32", v: "write f32" },
  code: /* wgsl */ `${head("p.length")}
  let slope = p.scale * g[p.gOffset + i];
  let mean = p.beta1 * m[p.mOffset + i] + p.keep1 * slope;
  let square = p.beta2 * v[p.vOffset + i] + p.keep2 * slope * slope;
  m[p.mOffset + i] = mean;
  v[p.vOffset + i] = square;
  let point = w[p.wOffset + i];
  let along = mean * p.first / (sqrt(square * p.second) + p.epsilon) + p.weightDecay * point;
  w[p.wOffset + i] = point - p.learningRate * along;
}`,
});

/** Lowering of {@linkcode Kernels.adamwUpdate}. */
export const adamwUpdate: Lowering<"adamwUpdate"> = (
  { parameters, gradient, firstMoment, secondMoment, learningRate, beta1, beta2, epsilon, weightDecay, scale, step },
) => ({
  dispatches: [dispatch(adamwShader, {
    parameters: {
      length: parameters.length,
      wOffset: offsetOf(parameters),
      gOffset: offsetOf(gradient),
      mOffset: offsetOf(firstMoment),
      vOffset: offsetOf(secondMoment),
      learningRate,
      beta1,
      keep1: 1 - beta1,
      beta2,
      keep2: 1 - beta2,
      first: 1 / (1 - beta1 ** step),
      second: 1 / (1 - beta2 ** step),
      epsilon,
      weightDecay,
      scale,
    },
    arrays: { w: parameters.array, g: gradient.array, m: firstMoment.array, v: secondMoment.array },
    workgroups: workgroups(parameters.length),
  })],
});
