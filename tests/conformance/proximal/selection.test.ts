import assert from "node:assert/strict";
import type { FloatDtype } from "../../../kernels/contract.ts";
import { createRandom, type Random } from "../../../solvers/core/random.ts";
import { awkwardLengths, type Bench, conformance } from "../grid.ts";
import { copyOf, vectorOf, viewOf } from "../operands.ts";

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

async function overCases(
  { dtype, workspace }: Bench,
  check: (values: ReturnType<typeof vectorOf>, keep: number, what: string) => Promise<void>,
): Promise<void> {
  for (const [name, fill] of Object.entries(fills)) {
    for (const length of awkwardLengths) {
      const random = createRandom(length);
      const values = vectorOf(workspace, dtype, length, fill(random, dtype));
      for (
        const keep of new Set([0, 1, length >> 1, length - 1, length].filter((keep) => keep >= 0 && keep <= length))
      ) {
        await check(copyOf(workspace, values), keep, `${keep} of ${length}, ${name}`);
      }
    }
  }
}

conformance("hardThreshold", "keeps what the reference keeps, to the bit", (bench) => {
  const { workspace, kernel, reference } = bench;
  return overCases(bench, async (values, keep, what) => {
    const expected = copyOf(workspace, values), before = viewOf(values).slice();
    await reference.hardThreshold({ values: expected, keep });
    await kernel.hardThreshold({ values, keep });
    assert.deepEqual(viewOf(values), viewOf(expected), what);
    const zeroed = before.subarray(1).filter((value, i) => !Object.is(value, viewOf(values)[1 + i])).length;
    assert.ok(zeroed <= values.length - keep, `${what}: ${zeroed} entries changed`);
    for (const operand of [values, expected]) workspace.free(operand.array);
  });
});

conformance("topK", "finds the same places as the reference", (bench) => {
  const { workspace, kernel, reference } = bench;
  return overCases(bench, async (values, keep, what) => {
    const indices = workspace.allocate("u32", keep, "indices"), expected = workspace.allocate("u32", keep, "expected");
    await reference.topK({ values, indices: expected });
    await kernel.topK({ values, indices });
    assert.deepEqual(await workspace.read(indices), await workspace.read(expected), what);
    for (const array of [values.array, indices, expected]) workspace.free(array);
  });
});
