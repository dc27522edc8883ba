import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { minima } from "./minima.ts";

describe("minima", () => {
  it("lists its commands with --help, and without arguments fails as a usage error", async () => {
    const asked = await minima(["--help"]);
    assert.equal(asked.code, 0);
    assert.match(asked.stdout, /quantize-layer .*\n.*doctor/s);
    const bare = await minima([]);
    assert.equal(bare.code, 2);
    assert.equal(bare.stdout, asked.stdout);
  });

  it("tells its version", async () => {
    const { code, stdout } = await minima(["--version"]);
    assert.equal(code, 0);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it("suggests the command that was meant", async () => {
    const { code, stderr, stdout } = await minima(["quantise-layer"]);
    assert.equal(code, 2);
    assert.match(stderr, /Unknown command quantise-layer\. Did you mean quantize-layer\?/);
    assert.equal(stdout, "");
  });

  it("helps with a command, options in lines of at most 100 columns", async () => {
    const { code, stdout } = await minima(["quantize-layer", "--help"]);
    assert.equal(code, 0);
    assert.match(stdout, /--group-size NUMBER/);
    const [, options] = stdout.split("\nOptions\n");
    for (const line of options.split("\n")) assert.ok(line.length <= 100, line);
  });

  const wrong: [string, string[], RegExp][] = [
    ["an unknown option", ["doctor", "--jsn"], /Unknown option --jsn\. Did you mean --json\?/],
    ["an option far from all", ["doctor", "--frobnicate"], /Unknown option --frobnicate\.\n/],
    ["a value for a flag", ["doctor", "--json=yes"], /--json takes no value, received "yes"/],
    ["an operand too many", ["doctor", "file"], /Expected 0 operands, received 1/],
    ["an operand too few", ["quantize-layer", "--out", "x"], /Expected 1 operand, received 0/],
    ["a missing value", ["quantize-layer", "w", "--out"], /--out needs a value/],
    ["text for a number", ["quantize-layer", "w", "--bits", "three"], /--bits needs a number, received "three"/],
    ["no place for the result", ["quantize-layer", "w", "--gram", "g"], /--out is missing/],
    ["no inputs", ["quantize-layer", "w", "--out", "o"], /exactly one of --gram and --activations/],
    ["both inputs", ["quantize-layer", "w", "--out", "o", "--gram", "g", "--activations", "a"], /exactly one of/],
  ];
  for (const [what, args, message] of wrong) {
    it(`refuses ${what} with exit code 2 and one line of error`, async () => {
      const { code, stderr, stdout } = await minima(args);
      assert.equal(code, 2);
      assert.match(stderr, message);
      assert.match(stderr, /^error {2}.*\nSee: minima .*--help\n$/);
      assert.equal(stdout, "");
    });
  }
});

describe("MINIMA_DEBUG", () => {
  it("shows the place of a failure, which otherwise stays in one line", async () => {
    const args = ["regress", "absent.csv", "--target", "y"];
    assert.match((await minima(args)).stderr, /^error {2}Cannot open absent\.csv: no such file or folder\.\n$/);
    assert.match((await minima(args, { environment: { MINIMA_DEBUG: "1" } })).stderr, /\n +at /);
  });
});

describe("minima doctor", () => {
  it("examines every backend and reports as JSON", async () => {
    const { code, stdout } = await minima(["doctor", "--json"]);
    assert.equal(code, 0);
    const { capabilities, backends, memoryLimitBytes } = JSON.parse(stdout);
    assert.match(capabilities.runtimeVersion, /^\d/);
    assert.ok(memoryLimitBytes > 0);
    assert.deepEqual(backends.map(({ backend }: { backend: string }) => backend), [
      "reference",
      "wasm",
      "threads",
      "webgpu",
    ]);
    assert.equal(backends[0].outcome, "passed");
    for (const { outcome, gramExact, relativeError, recomputedError, remark } of backends) {
      if (outcome === "left out") assert.ok(remark.length > 0);
      else assert.ok(gramExact && Math.abs(relativeError / recomputedError - 1) < 1e-9);
    }
  });

  it("prints a table", async () => {
    const { code, stdout } = await minima(["doctor"]);
    assert.equal(code, 0);
    assert.match(stdout, /relaxed SIMD +(yes|no)/);
    assert.match(stdout, /^reference +exact .* ok, /m);
  });
});
