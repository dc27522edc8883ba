/** What solvers ask of rows between the passes: a workgroup for each row, sums pairwise over its threads. */

import type { QuantizationCandidate } from "../../contract.ts";
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
import { columnGroupOf, weightCall, weightOf, weightTypes } from "./weights.ts";

const threads = 128;

const errors = defineShader("quantization errors", {
  parameters: weightTypes.parameters,
  arrays: { ...weightTypes.arrays, others: "write f32" },
  code: /* wgsl */ `${weightOf}
@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let row = ${workgroupIndex};
  if (row >= p.rows) { return; }
  for (var j = thread; j < p.columns; j += ${threads}u) {
    others[p.othersOffset + row * p.othersStride + j] -= weightOf(row, j);
  }
}`,
});

/** Lowering of {@linkcode Kernels.quantizationErrors}. */
export const quantizationErrors: Lowering<"quantizationErrors"> = (operands) => ({
  dispatches: [dispatch(errors, weightCall(operands, operands.targets))],
});

const rowObjectives = defineShader("quantization objectives", {
  parameters: {
    ...weightTypes.parameters,
    residualOffset: "u32",
    residualStride: "u32",
    curvaturesOffset: "u32",
    objectivesOffset: "u32",
  },
  arrays: {
    ...weightTypes.arrays,
    others: "read f32",
    residual: "read f32",
    curvatures: "read f32",
    objectives: "write f32",
  },
  code: /* wgsl */ `${weightOf}
var<workgroup> sums: array<f32, ${threads}>;

@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let row = ${workgroupIndex};
  if (row >= p.rows) { return; }
  var sum = 0.0;
  for (var j = thread; j < p.columns; j += ${threads}u) {
    let error = others[p.othersOffset + row * p.othersStride + j] - weightOf(row, j);
    sum += error * residual[p.residualOffset + row * p.residualStride + j] * curvatures[p.curvaturesOffset + j];
  }
  sums[thread] = sum;
  ${combineThreads("sums", threads)}
  if (thread == 0u) { objectives[p.objectivesOffset + row] = sums[0]; }
}`,
});

/** Lowering of {@linkcode Kernels.quantizationObjectives}. */
export const quantizationObjectives: Lowering<"quantizationObjectives"> = (operands) => {
  const { residual, curvatures, objectives } = operands, call = weightCall(operands, operands.targets);
  return {
    dispatches: [dispatch(rowObjectives, {
      parameters: {
        ...call.parameters,
        residualOffset: residual.offset ?? 0,
        residualStride: strideOf(residual),
        curvaturesOffset: curvatures.offset ?? 0,
        objectivesOffset: objectives.offset ?? 0,
      },
      arrays: {
        ...call.arrays,
        residual: residual.array,
        curvatures: curvatures.array,
        objectives: objectives.array,
      },
      workgroups: call.workgroups,
    })],
  };
};

const codes = defineShader("quantization codes", {
  parameters: {
    rows: "u32",
    columns: "u32",
    grouped: "u32",
    levelsOffset: "u32",
    levelsStride: "u32",
    zerosOffset: "u32",
    zerosStride: "u32",
  },
  arrays: { levels: "read f32", zeros: "read f32", columnGroups: "read u32", codes: "write u32" },
  code: /* wgsl */ `${columnGroupOf}
@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let row = ${workgroupIndex};
  if (row >= p.rows) { return; }
  let words = (p.columns + 3u) / 4u;
  for (var w = thread; w < words; w += ${threads}u) {
    var word = 0u;
    for (var k = 0u; k < 4u && 4u * w + k < p.columns; k++) {
      let column = 4u * w + k;
      let code = levels[p.levelsOffset + row * p.levelsStride + column] +
        zeros[p.zerosOffset + row * p.zerosStride + columnGroupOf(column)];
      word |= u32(code) << (8u * k);
    }
    codes[row * words + w] = word;
  }
}`,
});

/** Lowering of {@linkcode Kernels.quantizationCodes}. */
export const quantizationCodes: Lowering<"quantizationCodes"> = (operands) => {
  const { levels, zeros, columnGroups } = operands;
  return {
    dispatches: [dispatch(codes, {
      parameters: {
        rows: levels.rows,
        columns: levels.columns,
        grouped: Number(columnGroups !== undefined),
        levelsOffset: levels.offset ?? 0,
        levelsStride: strideOf(levels),
        zerosOffset: zeros.offset ?? 0,
        zerosStride: strideOf(zeros),
      },
      arrays: {
        levels: levels.array,
        zeros: zeros.array,
        columnGroups: columnGroups ?? zeros.array,
        codes: operands.codes,
      },
      workgroups: workgroupsFor(levels.rows),
    })],
  };
};

const choice = defineShader("quantization choice", {
  parameters: {
    rows: "u32",
    columns: "u32",
    bestLevelsOffset: "u32",
    bestLevelsStride: "u32",
    bestResidualOffset: "u32",
    bestResidualStride: "u32",
    bestObjectivesOffset: "u32",
    levelsOffset: "u32",
    levelsStride: "u32",
    residualOffset: "u32",
    residualStride: "u32",
    objectivesOffset: "u32",
  },
  arrays: {
    bestLevels: "write f32",
    bestResidual: "write f32",
    bestObjectives: "write f32",
    levels: "write f32",
    residual: "write f32",
    objectives: "write f32",
  },
  code: /* wgsl */ `
var<workgroup> found: f32;
var<workgroup> kept: f32;

@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let row = ${workgroupIndex};
  if (row >= p.rows) { return; }
  let bestLevelsRow = p.bestLevelsOffset + row * p.bestLevelsStride;
  let bestResidualRow = p.bestResidualOffset + row * p.bestResidualStride;
  let levelsRow = p.levelsOffset + row * p.levelsStride;
  let residualRow = p.residualOffset + row * p.residualStride;
  // Read once for all threads: the first of them overwrites one of the two.
  if (thread == 0u) {
    found = objectives[p.objectivesOffset + row];
    kept = bestObjectives[p.bestObjectivesOffset + row];
  }
  workgroupBarrier();
  if (found < kept) {
    for (var j = thread; j < p.columns; j += ${threads}u) {
      bestLevels[bestLevelsRow + j] = levels[levelsRow + j];
      bestResidual[bestResidualRow + j] = residual[residualRow + j];
    }
    if (thread == 0u) { bestObjectives[p.bestObjectivesOffset + row] = found; }
  } else {
    for (var j = thread; j < p.columns; j += ${threads}u) {
      levels[levelsRow + j] = bestLevels[bestLevelsRow + j];
      residual[residualRow + j] = bestResidual[bestResidualRow + j];
    }
    if (thread == 0u) { objectives[p.objectivesOffset + row] = kept; }
  }
}`,
});

/** Lowering of {@linkcode Kernels.quantizationChoice}. */
export const quantizationChoice: Lowering<"quantizationChoice"> = ({ best, reached }) => {
  const kept = placesOf(best), found = placesOf(reached);
  return {
    dispatches: [dispatch(choice, {
      parameters: {
        rows: best.levels.rows,
        columns: best.levels.columns,
        bestLevelsOffset: kept.levelsOffset,
        bestLevelsStride: kept.levelsStride,
        bestResidualOffset: kept.residualOffset,
        bestResidualStride: kept.residualStride,
        bestObjectivesOffset: kept.objectivesOffset,
        ...found,
      },
      arrays: {
        bestLevels: best.levels.array,
        bestResidual: best.residual.array,
        bestObjectives: best.objectives.array,
        levels: reached.levels.array,
        residual: reached.residual.array,
        objectives: reached.objectives.array,
      },
      workgroups: workgroupsFor(best.levels.rows),
    })],
  };
};

function placesOf({ levels, residual, objectives }: QuantizationCandidate) {
  return {
    levelsOffset: levels.offset ?? 0,
    levelsStride: strideOf(levels),
    residualOffset: residual.offset ?? 0,
    residualStride: strideOf(residual),
    objectivesOffset: objectives.offset ?? 0,
  };
}
