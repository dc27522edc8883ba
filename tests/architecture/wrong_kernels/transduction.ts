/** Labels from features. @module */

import assert from "node:assert/strict";
import * as minima from "../../../mod.ts";
import { partlyLabelled } from "../../solvers/completion/labelled.ts";
import { accuracy, type Check, near, place } from "./check.ts";

/** The checks. */
export const transductionChecks: Record<string, Record<string, Check>> = {};

const labelled = partlyLabelled({
  items: 24,
  features: 6,
  labels: 3,
  rank: 2,
  rate: 0.7,
  block: false,
  noise: 0.2,
  seed: 2,
});
transductionChecks.transduce = Object.fromEntries(
  (["equality", "margin", "soft"] as const).map((method) => [method, async () => {
    const { scores, features, labels, objective } = await minima.transduce(labelled, { ...place, method });
    assert.ok([objective, ...scores.data, ...features.data].every(Number.isFinite));
    labelled.labels.data.forEach((value, at) => {
      if (Number.isNaN(value)) return;
      assert.equal(labels[at], value);
      if (method === "equality") near("an observed score", scores.data[at], value);
      if (method === "margin") {
        assert.ok(scores.data[at] * value >= 1 - accuracy, `a margin of ${scores.data[at] * value}`);
      }
    });
    labelled.features.data.forEach((value, at) => {
      if (method !== "soft" && !Number.isNaN(value)) assert.equal(features.data[at], value);
    });
  }]),
);
