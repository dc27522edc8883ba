import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { InputError, matrix } from "../../mod.ts";
import {
  drawEigenvalueDensity,
  drawLossProfiles,
  drawLossSurface,
  drawRiskPaths,
  drawTrainingCurves,
} from "../../pictures/mod.ts";
import { checkPicture } from "./xml.ts";

const path = { name: "SAM", steps: [1, 10, 100], bias2: [3, 1, 0], variance: [0, 1, 2], risk: [3, 2, 2.5], marked: 1 };

describe("pictures of flat minima", () => {
  it("show bias, variance and risk, the stopping time marked, what is compared dashed in the same colours", () => {
    const alone = drawRiskPaths([path]), elements = checkPicture(alone);
    assert.ok(alone.includes("squared bias") && !alone.includes("SAM"));
    assert.ok(alone.includes("risk: 2 at 10"));
    assert.equal(elements.filter(({ name }) => name === "path").length, 3);
    const both = drawRiskPaths([path, { ...path, name: "GD", bias2: undefined, marked: undefined }]);
    checkPicture(both);
    assert.equal(both.match(/<path[^>]*class="series-0"/g)?.length, 2);
    assert.ok(both.includes("risk, GD") && !both.includes("squared bias, GD") && both.includes("stroke-dasharray"));
  });

  it("show trainings, with what is held out dashed", () => {
    const course = { name: "SAM", training: [2, 1, 0.5], heldOut: [2, 1.5, 1.6], best: 2 };
    const picture = drawTrainingCurves([course, { name: "SGD", training: [1, 0.7] }]);
    checkPicture(picture);
    assert.ok(picture.includes("SAM, held out: 1.5 at 2") && !picture.includes("SGD, held out"));
    checkPicture(drawTrainingCurves([{ name: "SAM", training: [1], heldOut: [], best: 1 }]));
  });

  it("show densities whose bells weigh what their nodes do", () => {
    const picture = drawEigenvalueDensity([{ name: "a", nodes: [0, 4], weights: [0.5, 0.5] }]);
    checkPicture(picture);
    assert.ok(picture.includes("density"));
    checkPicture(drawEigenvalueDensity([{ name: "all alike", nodes: [2, 2], weights: [0.5, 0.5] }]));
  });

  it("show losses along the sharpest direction, and around a minimum", () => {
    const losses = matrix(3, 3, Float64Array.of(9, 8, 9, 2, 1, 3, 9, 8, 9)),
      profile = { name: "SAM", distances: [-1, 0, 1], losses };
    const line = drawLossProfiles([profile]);
    checkPicture(line);
    assert.ok(line.includes("SAM: 2 at -1") && line.includes("SAM: 3 at 1"));
    const surface = drawLossSurface(profile);
    checkPicture(surface);
    assert.ok(surface.includes("Loss around SAM"));
    checkPicture(drawLossSurface({ ...profile, losses: matrix(1, 3, Float64Array.of(2, 1, 3)) }));
    assert.throws(() => drawLossProfiles([]), InputError);
  });
});
