import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { ShapeError } from "../../mod.ts";
import { small } from "../solvers/graph/data.ts";
import { toDot, toEdgeList, toGraphMl } from "../../pictures/mod.ts";

describe("a precision matrix", () => {
  it("is written as an edge list, GraphML and DOT, whatever the names", () => {
    const names = ['say "a", b', "<c>", "d & e"];
    assert.equal(
      toEdgeList(small(-1), names),
      'source,target,value,partial_correlation\n"say ""a"", b",<c>,-1,0.5\n',
    );
    const xml = toGraphMl(small(-1), names);
    assert.ok(xml.includes("&lt;c&gt;") && xml.includes("d &amp; e") && xml.includes('source="n0" target="n1"'));
    assert.equal((xml.match(/<node /g) ?? []).length, 3);
    const dot = toDot(small(1), names);
    assert.ok(dot.includes('0 -- 1 [label="-0.50", style=dashed];') && dot.includes('label="say \\"a\\", b"'));
    assert.ok(toDot(small(1)).includes('2 [label="2"]'));
    assert.throws(() => toDot(small(1), ["one"]), ShapeError);
  });
});
