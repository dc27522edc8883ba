import assert from "node:assert/strict";
import type { FloatDtype } from "../../../kernels/contract.ts";
import { createRandom, type Random } from "../../../solvers/core/random.ts";
import { agreement } from "../agreement.ts";
import { awkwardLengths, type Bench, conformance } from "../grid.ts";
import { vectorOf, viewOf } from "../operands.ts";

const extremes = (dtype: FloatDtype) => {
  const [least, most] = dtype === "f32" ? [2 ** -149, 2 ** 127 * (2 - 2 ** -23)] : [Number.MIN_VALUE, Number.MAX_VALUE];
  return [NaN, -Infinity, Infinity, 0, -0, least, -least, most, -most, 1, -1];
};

/** Values whose order is hard in one way or another. */
const fills: Record<string, (random: Random, dtype: FloatDtype) => () => number> = {
  "normal values": (random) => random.normal,
  "many ties": (random) => () => random.integer(7) - 3,
  "one value": () => () => -2.5,
  "values that differ in their last bits": (random, dtype) => {
    const epsilon = dtype === "f32" ? 2 ** -23 : 2 ** -52;
    return () => (1 + random.integer(64) * epsilon) * (random.integer(2) ? 1 : -1);
  },
  "extremes and NaN": (random, dtype) => {
    const values = extremes(dtype);
    return () => values[random.integer(values.length)];
  },
  "magnitudes of all orders": (random) => () => random.normal() * 10 ** (random.integer(60) - 30),
};

function* cases({ dtype, workspace }: Bench, names = Object.keys(fills)) {
  for (const name of names) {
    const fill = fills[name];
    for (const length of awkwardLengths) {
      const random = createRandom(length), next = fill(random, dtype);
      const kept = [0, 1, length >> 1, length - 1, length].filter((keep) => keep >= 0 && keep <= length);
      for (const keep of new Set(kept)) {
        yield { what: `${keep} of ${length}, ${name}`, keep, values: vectorOf(workspace, dtype, length, next) };
      }
    }
  }
}

agreement("hardThreshold", "keeps what the reference keeps, to the bit", function* (bench) {
  for (const { what, keep, values } of cases(bench)) {
    yield { what, operands: { values, keep }, outputs: ({ values }) => [values] };
  }
});

conformance("hardThreshold", "leaves as many entries unchanged as it is told to keep", async (bench) => {
  const { workspace, kernel } = bench;
  for (const { what, keep, values } of cases(bench, ["many ties"])) {
    const before = viewOf(values).slice();
    await kernel.hardThreshold({ values, keep });
    const zeroed = before.subarray(1).filter((value, i) => !Object.is(value, viewOf(values)[1 + i])).length;
    assert.ok(zeroed <= values.length - keep, `${what}: ${zeroed} entries changed`);
    workspace.free(values.array);
  }
});

agreement("topK", "finds the same places as the reference", function* (bench) {
  for (const { what, keep, values } of cases(bench)) {
    const indices = bench.workspace.allocate("u32", keep, "indices");
    yield { what, operands: { values, indices }, outputs: ({ indices }) => [indices] };
  }
});
