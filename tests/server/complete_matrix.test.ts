import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { serializeSafetensors } from "../../mod.ts";
import { createApp } from "../../server/mod.ts";

const app = await createApp();
const send = (body: BodyInit, type: string) =>
  app.fetch(
    new Request("http://localhost/v1/complete-matrix", { method: "POST", headers: { "content-type": type }, body }),
  );
const table = [[1, 2, null], [2, 4, 6], [null, 6, 9], [4, null, 12]], options = { holdout: 0 };
const known = table.flatMap((row, i) => row.flatMap((value, j) => value === null ? [] : [[i, j, value] as const]));
const lists = {
  shape: [4, 3],
  rows: known.map(([i]) => i),
  columns: known.map(([, j]) => j),
  values: known.map(([, , value]) => value),
};
const post = async (observed: unknown) => await send(JSON.stringify({ observed, options }), "application/json");

describe("POST /v1/complete-matrix", () => {
  it("takes a table with null, lists and tensors alike", async () => {
    const tensors = new Map(
      [
        ["observed.shape", { dtype: "I32", shape: [2], data: new Int32Array(lists.shape) }],
        ["observed.rows", { dtype: "U32", shape: [known.length], data: new Uint32Array(lists.rows) }],
        ["observed.columns", { dtype: "U32", shape: [known.length], data: new Uint32Array(lists.columns) }],
        ["observed.values", { dtype: "F64", shape: [known.length], data: new Float64Array(lists.values) }],
      ] as const,
    );
    const body = serializeSafetensors(tensors, { options: JSON.stringify(options) });
    const answers = [await post(table), await post(lists), await send(body, "application/vnd.safetensors")];
    const objectives = new Set<number>();
    for (const answer of answers) {
      assert.equal(answer.status, 200, await answer.clone().text());
      const { rank, shape, objective, left, method } = await answer.json();
      assert.deepEqual([rank, shape, method, left.shape], [1, [4, 3], "srf", [4, 1]]);
      objectives.add(objective);
    }
    assert.equal(objectives.size, 1);
  });

  it("names what it cannot use", async () => {
    const wrong: [unknown, RegExp][] = [
      [[[1, 2], [3]], /observed\[1\]/],
      [[[1, "a"], [3, 4]], /observed\[0\]\[1\]/],
      [{ ...lists, shape: [4] }, /observed\.shape/],
      [{ ...lists, rows: undefined }, /observed\.rows/],
      [{ ...lists, rows: lists.rows.map(() => 9) }, /in row 9 of 4/],
      [{ ...lists, more: 1 }, /nothing else/],
    ];
    for (const [observed, message] of wrong) {
      const answer = await post(observed), text = await answer.text();
      assert.equal(answer.status, 422, text);
      assert.match(text, message);
    }
  });
});
