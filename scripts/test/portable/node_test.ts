/** The part of `node:test` that our tests use, for pages and workerd, where the bundler puts it in its place. */

import type { TestOutcome } from "../report.ts";

type Body = (context: TestContext) => unknown;

interface Options {
  readonly skip?: boolean | string;
  readonly timeout?: number;
}

interface TestContext {
  readonly name: string;
  skip(reason?: string): void;
  diagnostic(message: string): void;
  test(name: string, body: Body): Promise<void>;
}

interface Test {
  readonly name: string;
  readonly body?: Body;
  readonly options: Options;
  readonly suite: Suite;
}

type HookName = "before" | "after" | "beforeEach" | "afterEach";

interface Suite {
  readonly name: string;
  readonly parent?: Suite;
  readonly skip?: boolean | string;
  readonly hooks: Record<HookName, (() => unknown)[]>;
  readonly children: (Test | Suite)[];
}

function createSuite(name: string, parent?: Suite, skip?: boolean | string): Suite {
  return { name, parent, skip, hooks: { before: [], after: [], beforeEach: [], afterEach: [] }, children: [] };
}

let current = createSuite("");

type Register = (name: string, ...rest: [Body] | [Options, Body] | [Options]) => void;

function options(rest: [Body] | [Options, Body] | [Options]): [Options, Body?] {
  return typeof rest[0] === "function" ? [{}, rest[0]] : [rest[0], rest[1]];
}

const registerTest: Register = (name, ...rest) => {
  const [given, body] = options(rest);
  current.children.push({ name, body, options: given, suite: current });
};

const registerSuite: Register = (name, ...rest) => {
  const [given, body] = options(rest);
  const suite = createSuite(name, current, given.skip);
  current.children.push(suite);
  current = suite;
  try {
    body?.(undefined as never);
  } finally {
    current = suite.parent as Suite;
  }
};

function withSkip(register: Register): Register & { skip: Register } {
  return Object.assign(register, {
    skip: ((name, ...rest) => register(name, { ...options(rest)[0], skip: true })) as Register,
  });
}

export const it = withSkip(registerTest);
export const test = it;
export const describe = withSkip(registerSuite);
export const suite = describe;

function hook(name: HookName): (body: () => unknown) => void {
  return (body) => void current.hooks[name].push(body);
}

export const before = hook("before");
export const after = hook("after");
export const beforeEach = hook("beforeEach");
export const afterEach = hook("afterEach");

export default Object.assign(it, { it, test, describe, suite, before, after, beforeEach, afterEach });

/** Runs what `load` registers. */
export async function runTests(load: () => Promise<unknown>): Promise<TestOutcome[]> {
  const root = current = createSuite("");
  const outcomes: TestOutcome[] = [];
  await load();
  await runSuite(root, outcomes);
  return outcomes;
}

async function runSuite(suite: Suite, outcomes: TestOutcome[]): Promise<void> {
  try {
    if (!suite.skip) await runHooks(suite, "before");
    for (const child of suite.children) {
      if ("children" in child) await runSuite(suite.skip ? { ...child, skip: suite.skip } : child, outcomes);
      else await runTest(child, suite.skip, outcomes);
    }
    if (!suite.skip) await runHooks(suite, "after");
  } catch (error) {
    outcomes.push({ name: `${pathOf(suite)} (hook)`, status: "failed", seconds: 0, detail: describeError(error) });
  }
}

async function runTest(
  { name, body, options, suite }: Test,
  skipped: boolean | string | undefined,
  outcomes: TestOutcome[],
) {
  const path = [pathOf(suite), name].filter(Boolean).join(" > ");
  let skip = skipped || options.skip;
  const context: TestContext = {
    name,
    skip: (reason = "skipped") => void (skip = reason),
    diagnostic: () => {},
    test: (inner, innerBody) =>
      runTest({ name: `${name} > ${inner}`, body: innerBody, options: {}, suite }, false, outcomes),
  };
  const started = performance.now();
  const finish = (status: TestOutcome["status"], detail?: string) =>
    outcomes.push({ name: path, status, seconds: (performance.now() - started) / 1000, detail });
  if (skip || !body) return void finish("skipped", typeof skip === "string" ? skip : undefined);
  try {
    for (const ancestor of lineage(suite)) await runHooks(ancestor, "beforeEach");
    try {
      await body(context);
    } finally {
      for (const ancestor of lineage(suite).reverse()) await runHooks(ancestor, "afterEach");
    }
    finish(skip ? "skipped" : "passed", typeof skip === "string" ? skip : undefined);
  } catch (error) {
    finish("failed", describeError(error));
  }
}

async function runHooks(suite: Suite, name: HookName): Promise<void> {
  for (const run of suite.hooks[name]) await run();
}

function lineage(suite: Suite): Suite[] {
  return suite.parent ? [...lineage(suite.parent), suite] : [suite];
}

function pathOf(suite: Suite): string {
  return lineage(suite).map(({ name }) => name).filter(Boolean).join(" > ");
}

function describeError(error: unknown): string {
  return error instanceof Error
    ? error.stack?.includes(error.message) ? error.stack : `${error}\n${error.stack}`
    : String(error);
}
