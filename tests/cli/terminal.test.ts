import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatBytes, formatDuration, formatNumber, shorten, table, wrap } from "../../cli/layout.ts";
import { suggest } from "../../cli/suggest.ts";
import { matchNames, statisticsName } from "../../cli/tensor_names.ts";
import { createTerminal } from "../../cli/terminal.ts";

/** A stream that remembers, and what a terminal of its width would show. */
function stream(isTTY: boolean, columns = 60) {
  const written: string[] = [];
  return {
    isTTY,
    columns,
    written,
    write: (text: string) => void written.push(text),
    on: () => {},
    /** The line as it stands: what follows the last return to its start, without colours. */
    line: () =>
      written.join("").split("\r\x1b[K").at(-1)!.split("\x1b").map((part) => part.replace(/^\[\d+m/, "")).join(""),
  };
}

const event = { stage: "descend", fraction: 0.5, iteration: 7, objective: 1234.5678, elapsedMs: 4000 };

describe("createTerminal", () => {
  it("draws progress in one line that fits, and takes it away", () => {
    const stderr = stream(true);
    const { progress } = createTerminal(stream(true), stderr);
    progress.show("layer 1 of 3", event);
    assert.match(stderr.line(), /^━{24} {2}50 % {2}layer 1 of 3/);
    assert.equal(stderr.line().length, 59);
    progress.clear();
    assert.equal(stderr.line(), "");
    assert.ok(!stderr.written.join("").includes("\n"));
  });

  it("draws what fits: task, stage and step, objective, time left", () => {
    const stderr = stream(true, 120);
    createTerminal(stream(true), stderr).progress.show("layer 1 of 3", event);
    assert.match(stderr.line(), / {2}50 % {2}layer 1 of 3, descend 7, objective 1234\.6, 4\.0 s left$/);
  });

  it("does not draw more often than ten times a second", () => {
    const stderr = stream(true);
    const { progress } = createTerminal(stream(true), stderr);
    for (let i = 0; i < 1000; i++) progress.show("", event);
    assert.ok(stderr.written.length < 10, `${stderr.written.length}`);
  });

  it("writes sparse lines where the standard error is not a terminal", () => {
    const stderr = stream(false);
    const { progress } = createTerminal(stream(false), stderr);
    for (let i = 0; i < 1000; i++) progress.show("", event);
    progress.clear();
    assert.deepEqual(stderr.written, [" 50 %  descend 7, objective 1234.6, 4.0 s left\n"]);
  });
});

describe("layout", () => {
  it("formatBytes, formatDuration and formatNumber are short and exact enough", () => {
    assert.deepEqual([0, 999, 1000, 1234567, 4.3e9].map(formatBytes), [
      "0 B",
      "999 B",
      "1.00 kB",
      "1.23 MB",
      "4.30 GB",
    ]);
    assert.deepEqual([0, 999.4, 999.6, 59_940, 59_960, 3_599_000, 7_500_000].map(formatDuration), [
      "0 ms",
      "999 ms",
      "1.0 s",
      "59.9 s",
      "1 min 0 s",
      "59 min 59 s",
      "2 h 5 min",
    ]);
    assert.deepEqual([1 / 3, 2, -1e-9, 123456789].map(formatNumber), ["0.333333", "2", "-1e-9", "123457000"]);
  });

  it("wrap breaks at spaces and shorten cuts the middle out", () => {
    assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
    assert.deepEqual(wrap("unbreakable", 4), ["unbreakable"]);
    assert.equal(shorten("model.layers.0.weight", 11), "model…eight");
    assert.equal(shorten("short", 5), "short");
  });

  it("table puts numbers below one another", () => {
    assert.deepEqual(table([["name", "count"], ["a", "7"], ["long name", "12345"]]), [
      "name       count",
      "a              7",
      "long name  12345",
    ]);
  });
});

describe("suggest", () => {
  it("finds the near, the begun, and nothing far", () => {
    const names = ["bits", "group-size", "symmetric"];
    assert.equal(suggest("bit", names, "--"), " Did you mean --bits?");
    assert.equal(suggest("sym", names, "--"), " Did you mean --symmetric?");
    assert.equal(suggest("groupsize", names), " Did you mean group-size?");
    assert.equal(suggest("x", names), "");
  });
});

describe("tensor names", () => {
  it("matchNames takes a name, a pattern and all", () => {
    const names = ["a.0.w", "a.1.w", "a.1.bias", "a+1.w"];
    assert.deepEqual(matchNames(names, "a.*.w"), ["a.0.w", "a.1.w"]);
    assert.deepEqual(matchNames(names, "a+1.w"), ["a+1.w"]);
    assert.deepEqual(matchNames(names, "a.1"), []);
    assert.deepEqual(matchNames(names, "all"), names);
  });

  it("statisticsName prefers the layer's own name", () => {
    assert.equal(statisticsName("l.weight", ["l.gram", "l.weight"]), "l.weight");
    assert.equal(statisticsName("l.weight", ["l.inputs", "other"]), "l.inputs");
    assert.equal(statisticsName("l.weight", ["other"]), undefined);
  });
});
