/**
 * `deno task test [files or folders] [--only=runtime,...] [--everything]`: the tests in every runtime that is here;
 * solvers and commands in full in Deno, and in brief elsewhere, unless everything is asked for.
 *
 * A runtime that is missing is left out, saying so; with `CI=true` or `MINIMA_REQUIRE_ALL=1` it fails the run, as does
 * a runtime in which not one test ran.
 */

import { stop } from "esbuild";
import { findChromium, findFirefox, inPage, type OpenPage } from "./browsers.ts";
import { findNodeImports } from "./bundle.ts";
import { findBun, findDeno, findNode } from "./processes.ts";
import type { TestOutcome } from "./report.ts";
import type { Run, Runtime } from "./runner.ts";
import { isProcess, leftOut, type RuntimeName, runtimeNames } from "./selection.ts";
import { findWorkerd } from "./workerd.ts";

interface Row {
  readonly runtime: RuntimeName;
  readonly version: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly filesLeftOut: number;
  readonly seconds: number;
}

const only = Deno.args.find((argument) => argument.startsWith("--only="))?.slice(7).split(",");
const everything = Deno.args.includes("--everything");
const wanted = Deno.args.filter((argument) => !argument.startsWith("--"));
const requireAll = Deno.env.get("CI") === "true" || Deno.env.get("MINIMA_REQUIRE_ALL") === "1";

const files = testFiles("tests").filter((file) => wanted.length === 0 || wanted.some((path) => file.startsWith(path)));
if (files.length === 0) throw new Error(`No test file begins with ${wanted.join(" or ")}.`);

const nodeImports = await findNodeImports(
  files.filter((file) => !leftOut(file, "chromium", { everything }) || !leftOut(file, "workerd", { everything })),
);
const rows: Row[] = [];
const missing: string[] = [];
const chosen = runtimeNames.filter((name) => !only || only.includes(name.split(",")[0]));
// Processes take all cores by themselves; pages and workerd take one file after the other, so two go side by side.
for (const name of chosen.filter((name) => isProcess(name))) await visit(name);
const pages = chosen.filter((name) => !isProcess(name));
const takePages = async () => {
  for (let name = pages.shift(); name; name = pages.shift()) await visit(name);
};
await Promise.all([takePages(), takePages()]);
rows.sort((a, b) => runtimeNames.indexOf(a.runtime) - runtimeNames.indexOf(b.runtime));
await stop();

console.log(`\n${table(rows)}\n`);
for (const line of missing) console.log(`left out: ${line}`);
const passed = sum(rows.map((row) => row.passed)), failed = sum(rows.map((row) => row.failed));
const empty = rows.filter((row) => row.passed + row.failed === 0);
for (const row of empty) console.log(`${row.runtime} ran no test`);
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0 || empty.length > 0 || (requireAll && missing.length > 0)) Deno.exit(1);

async function visit(name: RuntimeName): Promise<void> {
  const runtime = await find(name);
  if (typeof runtime === "string") {
    missing.push(`${name}: ${runtime}`);
    console.log(`${name}: left out, ${runtime}`);
  } else {
    rows.push(await runIn(name, runtime));
  }
}

function find(name: RuntimeName): Promise<Runtime | string> {
  const page = async (browser: Promise<{ version: string; open: OpenPage } | string>, isolated: boolean) => {
    const found = await browser;
    return typeof found === "string" ? found : inPage(name.replaceAll(/[, ]+/g, "-"), found, isolated);
  };
  switch (name) {
    case "deno":
      return findDeno();
    case "node":
      return findNode();
    case "bun":
      return findBun();
    case "workerd":
      return findWorkerd();
    case "chromium":
    case "chromium, not isolated":
      return page(findChromium(), name === "chromium");
    case "firefox":
    case "firefox, not isolated":
      return page(findFirefox(), name === "firefox");
  }
}

async function runIn(name: RuntimeName, runtime: Runtime): Promise<Row> {
  const reasons = new Map(
    files.map((file) => [file, leftOut(file, name, { nodeImport: nodeImports.get(file), everything })]),
  );
  const chosen = files.filter((file) => !reasons.get(file));
  const started = performance.now();
  const { outcomes, log, remarks = [] } = await attempt(runtime, chosen);
  const seconds = (performance.now() - started) / 1000;
  const count = (status: TestOutcome["status"]) => outcomes.filter((outcome) => outcome.status === status).length;
  if (count("failed") > 0) console.log(`\n${name}:\n${log}`);
  console.log(
    `${name} ${runtime.version}: ${count("passed")} passed, ${count("failed")} failed, ${seconds.toFixed(1)} s`,
  );
  for (const remark of remarks) console.log(`  ${remark}`);
  tell("files", [...reasons.values()].filter((reason) => reason !== undefined));
  tell("tests", outcomes.filter(({ status }) => status === "skipped").map(({ detail }) => detail || "skipped"));
  return {
    runtime: name,
    version: runtime.version,
    passed: count("passed"),
    failed: count("failed"),
    skipped: count("skipped"),
    filesLeftOut: files.length - chosen.length,
    seconds,
  };
}

/** Says how many `things` were left out for each reason. */
function tell(things: string, reasons: readonly string[]): void {
  for (const reason of new Set(reasons)) {
    console.log(`  ${reasons.filter((other) => other === reason).length} ${things} left out: ${reason}`);
  }
}

async function attempt(runtime: Runtime, files: readonly string[]): Promise<Run> {
  try {
    return files.length > 0 ? await runtime.run(files) : { outcomes: [], log: "" };
  } catch (error) {
    const detail = error instanceof Error ? `${error.stack}` : String(error);
    return { outcomes: [{ name: "the runtime", status: "failed", seconds: 0, detail }], log: detail };
  }
}

function table(rows: readonly Row[]): string {
  const cells = rows.map(({ runtime, version, passed, failed, skipped, filesLeftOut, seconds }) =>
    [`${runtime} ${version}`, passed, failed, `${skipped} tests, ${filesLeftOut} files`, `${seconds.toFixed(1)} s`].map(
      String,
    )
  );
  const lines = [["runtime", "passed", "failed", "left out", "time"], ...cells];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()).join("\n");
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function testFiles(folder: string): string[] {
  return [...Deno.readDirSync(folder)]
    .flatMap(({ name, isDirectory }) => isDirectory ? testFiles(`${folder}/${name}`) : [`${folder}/${name}`])
    .filter((file) => file.endsWith(".test.ts"))
    .sort();
}
