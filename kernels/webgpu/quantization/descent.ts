/**
 * Descent row by row, a workgroup for each. Its threads look at 64 columns at once, under one residual; of those that
 * would change, the leftmost does, the whole row of the residual follows, and the search goes on to its right. That is
 * the order of the sequential descent, because columns that do not change leave the residual as it is.
 */

import { builtins, defineShader, dispatch, type Lowering, strideOf, workgroupIndex, workgroupsFor } from "../shader.ts";
import { stateArrays, stateParameters, stateTypes } from "./state.ts";
import { columnGroupOf } from "./weights.ts";

const threads = 64;

/** Passes whose targets have `noise` added to their residual, until `done`; what is `first` and `last` to do for a row. */
const passesOver = (first: string, noise: string, done: string, last: string) =>
  /* wgsl */ `${columnGroupOf}
const none = 0xffffffffu;
var<workgroup> leftmost: atomic<u32>;
var<workgroup> chosen: u32;
var<workgroup> change: f32;

@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let row = ${workgroupIndex};
  if (row >= p.rows) { return; }
  let levelsRow = p.levelsOffset + row * p.levelsStride;
  let residualRow = p.residualOffset + row * p.residualStride;
  ${first}
  var total = 0u;
  var changed = 1u;
  for (var turn = 0u; turn < p.passes && !(${done}); turn++) {
    changed = 0u;
    var begin = 0u;
    while (begin < p.columns) {
      if (thread == 0u) { atomicStore(&leftmost, none); }
      workgroupBarrier();
      let column = begin + thread;
      var level = 0.0;
      var next = 0.0;
      var scale = 0.0;
      if (column < p.columns) {
        let columnGroup = columnGroupOf(column);
        scale = scales[p.scalesOffset + row * p.scalesStride + columnGroup];
        let zero = zeros[p.zerosOffset + row * p.zerosStride + columnGroup];
        level = levels[levelsRow + column];
        var wanted = level;
        if (coupling[p.couplingOffset + column * (p.couplingStride + 1u)] != 0.0) {
          wanted += (residual[residualRow + column]${noise}) / scale;
        }
        next = clamp(round(wanted), -zero, p.maximumCode - zero);
        // On a tie the level stays.
        if (abs(wanted - next) < abs(wanted - level)) { atomicMin(&leftmost, column); }
      }
      workgroupBarrier();
      if (thread == 0u) { chosen = atomicLoad(&leftmost); }
      let winner = workgroupUniformLoad(&chosen);
      if (winner == none) {
        begin += ${threads}u;
        continue;
      }
      if (column == winner) {
        levels[levelsRow + column] = next;
        change = scale * (level - next);
      }
      let step = workgroupUniformLoad(&change);
      for (var k = thread; k < p.columns; k += ${threads}u) {
        residual[residualRow + k] += step * coupling[p.couplingOffset + winner * p.couplingStride + k];
      }
      storageBarrier();
      changed++;
      begin = winner + 1u;
    }
    total += changed;
  }
  if (thread == 0u) {
    changes[row] = total;
    ${last}
  }
}`;

const descent = defineShader("quantization descent", {
  parameters: { ...stateTypes.parameters, passes: "u32" },
  arrays: { ...stateTypes.arrays, residual: "write f32", changes: "write u32", unfinished: "write u32" },
  code: passesOver("", "", "changed == 0u", "unfinished[row] = select(0u, 1u, changed > 0u);"),
});

const annealing = defineShader("quantization annealing", {
  parameters: {
    ...stateTypes.parameters,
    passes: "u32",
    noiseOffset: "u32",
    noiseStride: "u32",
  },
  arrays: { ...stateTypes.arrays, residual: "write f32", changes: "write u32", noise: "read f32" },
  code: passesOver(
    "let amplitude = bitcast<f32>(changes[row]);",
    " + amplitude * noise[p.noiseOffset + turn * p.noiseStride + column]",
    "false",
    "",
  ),
});

/** Amplitudes, where the changes come to in the end: a shader may have eight arrays, which the others are already. */
const placing = defineShader("annealing amplitudes", {
  parameters: { rows: "u32", amplitudesOffset: "u32" },
  arrays: { amplitudes: "read f32", changes: "write u32" },
  code: /* wgsl */ `
@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let row = ${workgroupIndex} * ${threads}u + thread;
  if (row < p.rows) { changes[row] = bitcast<u32>(amplitudes[p.amplitudesOffset + row]); }
}`,
});

/** Lowering of {@linkcode Kernels.quantizationDescent}. */
export const quantizationDescent: Lowering<"quantizationDescent"> = (operands, scratch) => {
  const { levels: { rows }, residual, passes, changes } = operands;
  const unfinished = scratch("u32", rows, "unfinished rows");
  return {
    dispatches: [dispatch(descent, {
      parameters: { ...stateParameters(operands), passes },
      arrays: { ...stateArrays(operands), residual: residual.array, changes, unfinished },
      workgroups: workgroupsFor(rows),
    })],
    value: {
      array: unfinished,
      length: rows,
      of: (elements) => Array.from(elements).reduce((sum, one) => sum + one, 0),
    },
  };
};

/** Lowering of {@linkcode Kernels.quantizationAnnealing}. */
export const quantizationAnnealing: Lowering<"quantizationAnnealing"> = (operands) => {
  const { levels: { rows }, residual, noise, amplitudes, changes } = operands;
  return {
    dispatches: [
      dispatch(placing, {
        parameters: { rows, amplitudesOffset: amplitudes.offset ?? 0 },
        arrays: { amplitudes: amplitudes.array, changes },
        workgroups: workgroupsFor(Math.ceil(rows / threads)),
      }),
      dispatch(annealing, {
        parameters: {
          ...stateParameters(operands),
          passes: noise.rows,
          noiseOffset: noise.offset ?? 0,
          noiseStride: strideOf(noise),
        },
        arrays: { ...stateArrays(operands), residual: residual.array, changes, noise: noise.array },
        workgroups: workgroupsFor(rows),
      }),
    ],
  };
};
