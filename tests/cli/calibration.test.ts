import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseCrossovers, serializeCrossovers } from "../../cli/crossovers.ts";
import { minima, temporaryFolder } from "./minima.ts";

const folder = await temporaryFolder();

describe("crossovers in a file", () => {
  it("come back as they were, to the operation", () => {
    for (const crossovers of [{ threads: 2e9, webgpu: 1e12 }, { threads: Infinity, webgpu: 7 }]) {
      assert.deepEqual(parseCrossovers(serializeCrossovers(crossovers), "file"), crossovers);
    }
    assert.deepEqual(parseCrossovers('{ "threads": 5 }', "file"), { threads: 5 });
  });

  it("are refused with what was expected where they are not numbers of operations", () => {
    const refusals: [string, RegExp][] = [
      ["", /Cannot use file: expected a JSON object with "threads" and "webgpu"\./],
      ["[1]", /expected a JSON object/],
      ['{ "thread": 1 }', /expected "threads" and "webgpu", received "thread"\./],
      ['{ "threads": -1 }', /expected a number of operations or null for "threads", received -1\./],
      ['{ "webgpu": "2" }', /for "webgpu", received "2"\./],
    ];
    for (const [text, message] of refusals) assert.throws(() => parseCrossovers(text, "file"), { message });
  });
});

describe("minima doctor --calibrate", () => {
  it("prints the measurements and saves crossovers that the other commands read", async () => {
    const file = join(folder, "crossovers.json");
    const { code, stdout, stderr } = await minima(["doctor", "--calibrate", "--save", file]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^threads .*(operations|never)/m);
    assert.match(stdout, /await init\(\{ crossovers: \{ "threads": \w+, "webgpu": \w+ \} \}\);/);
    assert.ok(stdout.includes(`MINIMA_CROSSOVERS=${file}`));
    assert.deepEqual(Object.keys(JSON.parse(await readFile(file, "utf8"))), ["threads", "webgpu"]);

    const { calibration } = JSON.parse((await minima(["doctor", "--calibrate", "--json"])).stdout);
    assert.ok(calibration.measured.threads.flopsPerSecond > 0);
  });

  it("needs --calibrate to save", async () => {
    const { code, stderr } = await minima(["doctor", "--save", "crossovers.json"]);
    assert.equal(code, 2);
    assert.match(stderr, /Option --save needs --calibrate\./);
  });
});

describe("MINIMA_CROSSOVERS", () => {
  it("plans the solves of the command line", async () => {
    const table = join(folder, "table.csv"), crossovers = join(folder, "always.json");
    const rows = Array.from({ length: 30 }, (_, i) => `${Math.sin(i)},${Math.cos(3 * i)},${Math.sin(i) + 0.1}`);
    await writeFile(table, ["a,b,y", ...rows].join("\n"));
    const reasonWith = async (text: string) => {
      await writeFile(crossovers, text);
      const { code, stdout, stderr } = await minima(["regress", table, "--target", "y", "--json"], {
        environment: { MINIMA_CROSSOVERS: crossovers },
      });
      assert.equal(code, 0, stderr);
      return /"backend": ?"(\w+)"/.exec(stdout)?.[1];
    };
    assert.equal(await reasonWith('{ "threads": 0 }'), "threads");
    assert.equal(await reasonWith('{ "threads": null }'), "wasm");
  });

  it("that names no crossovers is an error, also in one line", async () => {
    const file = join(folder, "bad.json");
    await writeFile(file, "threads");
    const wrong: [string, RegExp][] = [
      [file, /^error +Cannot use .*bad\.json \(named by MINIMA_CROSSOVERS\): expected a JSON object/],
      ["absent", /^error +Cannot open absent \(named by MINIMA_CROSSOVERS\): no such file/],
    ];
    for (const [path, message] of wrong) {
      const { code, stderr } = await minima(["doctor"], { environment: { MINIMA_CROSSOVERS: path } });
      assert.equal(code, 1);
      assert.match(stderr, message);
    }
  });
});
