/**
 * Pictures of what the solvers find, as SVG, and graphs for other programs.
 *
 * @module
 */

export type { AxisOptions } from "./axes.ts";
export { type BarsOptions, type ColumnsOptions, drawBars, drawColumns } from "./bars.ts";
export {
  type ComponentsOptions,
  drawComponents,
  drawSimplex,
  drawUse,
  type SimplexOptions,
  type UseOptions,
} from "./components.ts";
export { type Curve, type CurvesOptions, drawCurves } from "./curves.ts";
export { type DrawingOptions, toSvg } from "./graph/drawing.ts";
export { fewGroups, otherGroup } from "./graph/groups.ts";
export { toDot, toEdgeList, toGraphMl } from "./graph/export.ts";
export { drawPartialCorrelations } from "./graph/matrix.ts";
export { drawHeatMap, type HeatMapOptions } from "./heat_map.ts";
export { drawImages, type ImagesOptions } from "./images.ts";
export { drawLayers, type DrawnLayer, type LayersOptions } from "./layers.ts";
export { drawReliability, type ReliabilityOptions } from "./reliability.ts";
export { drawScatter, type Points, type ScatterOptions } from "./scatter.ts";
export {
  drawEigenvalueDensity,
  drawLossProfiles,
  drawLossSurface,
  drawRiskPaths,
  drawTrainingCurves,
  type EigenvalueDensity,
  type FrameOptions,
  type LossProfile,
  type RiskPath,
  type TrainingCourse,
} from "./sharpness.ts";
export {
  drawTaskAgreement,
  drawTaskCoefficients,
  drawTaskValidation,
  type TaskOptions,
  type TaskValidation,
  type TaskValidationOptions,
} from "./tasks.ts";
