/** The panels of the page, in every browser that is found. */

import assert from "node:assert/strict";
import { it } from "node:test";
import { panels } from "../../server/playground/panels/mod.ts";
import { inEachBrowser, panelTests } from "./on_page.ts";
import { completion } from "./panels/completion.ts";
import { descent } from "./panels/descent.ts";
import { factorization } from "./panels/factorization.ts";
import { graph } from "./panels/graph.ts";
import { language } from "./panels/language.ts";
import { levels } from "./panels/levels.ts";
import { multitask } from "./panels/multitask.ts";
import { quantization } from "./panels/quantization.ts";
import { regression } from "./panels/regression.ts";
import { sharpness } from "./panels/sharpness.ts";
import { transduction } from "./panels/transduction.ts";

const tests = {
  regression,
  graph,
  quantization,
  language,
  factorization,
  completion,
  levels,
  multitask,
  transduction,
  descent,
  sharpness,
};

it("every panel of the page has its tests", () => {
  assert.deepEqual(Object.keys(tests).sort(), Object.keys(panels).sort());
});

await inEachBrowser("the page", (page, open) => panelTests(page, open, tests));
