import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dirname, join } from "node:path/posix";

const page = "tests/FAULTS.md";

/** A row of the page: the test that shows the fault is gone, by name and file. */
interface Row {
  readonly line: string;
  readonly name: string;
  readonly path: string;
}

const lines = Deno.readTextFileSync(page).split("\n").filter((line) => /^\| (?!-|Fault )/.test(line));
const rows = lines.map((line): Row => {
  const cells = line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim());
  assert.ok(cells.length === 4 && cells.every((cell) => cell.length > 0), `four cells that say something: ${line}`);
  const link = cells[1].match(/^\[(.+)\]\(([^)]+\.ts)\)$/);
  assert.ok(link, `the second cell is [name of a test](its file): ${line}`);
  return { line, name: link[1].replaceAll("\\|", "|"), path: join(dirname(page), link[2]) };
});

/** Patterns of the names of the tests in a file; what a name fills in matches anything. */
function namesIn(path: string): RegExp[] {
  const text = Deno.readTextFileSync(path);
  return [
    ...text.matchAll(/\b(?:it\(|(?:conformance|agreement)\(\s*"\w+",)\s*(?:"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g),
  ].map(([, plain, template]) => {
    const parts = plain === undefined ? template.split(/\$\{[^}]*\}/) : [plain.replace(/\\(.)/g, "$1")];
    return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".+")}$`);
  });
}

describe("the page of faults", () => {
  it("has rows", () => assert.ok(rows.length > 10, `${rows.length}`));

  it("names tests that exist, in the files it says", () => {
    const missing = rows.filter(({ name, path }) => !namesIn(path).some((pattern) => pattern.test(name)));
    assert.deepEqual(missing.map(({ name, path }) => `${path}: ${name}`), []);
  });

  it("would miss a test of another name", () => {
    const { path, name } = rows[0];
    assert.ok(!namesIn(path).some((pattern) => pattern.test(`${name}, or not`)));
  });
});
