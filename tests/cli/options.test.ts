import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  archetypalNmfOptions,
  chooseQuantizedOptions,
  completeMatrixOptions,
  completeQuantizedOptions,
  completeViolationsOptions,
  crossValidateMultiTaskOptions,
  crossValidateRegressionOptions,
  matrix,
  nmfOptions,
  optimizerOptions,
  quantizeLayerOptions,
  quantizeModelOptions,
  samPathOptions,
  samSpectrumOptions,
  serializeCsv,
  sparseMultiTaskOptions,
  sparsePrecisionOptions,
  sparsePrecisionPathOptions,
  sparseRegressionOptions,
  trainClassifierOptions,
  transduceOptions,
} from "../../mod.ts";
import { minima, temporaryFolder } from "./minima.ts";

const folder = await temporaryFolder();
const table = join(folder, "table.csv");
const data = Float64Array.from({ length: 60 }, (_, i) => Math.sin(i * i) + (i % 3));
await writeFile(table, serializeCsv({ columns: ["a", "b", "c"], matrix: matrix(20, 3, data) }));
const labelled = join(folder, "labelled.csv");
await writeFile(
  labelled,
  serializeCsv({
    columns: ["a", "b"],
    matrix: matrix(20, 2, data.subarray(0, 40).map((x, k) => k % 2 ? k % 3 & 1 : x)),
  }),
);

/** Options that are functions or matrices have no flags; those of a grid have one each. */
const withoutFlags = ["signal", "onProgress", "initial", "grid", "fixedGrid", "optimizer", "classWeights"];

const commands: readonly [name: string, operands: string[], tables: object[], misspelt: [string, string]][] = [
  [
    "regress",
    [table, "--target", "a"],
    [sparseRegressionOptions, crossValidateRegressionOptions],
    ["--branching-with", "--branching-width"],
  ],
  [
    "complete",
    [table, "--table"],
    [completeMatrixOptions, completeQuantizedOptions, chooseQuantizedOptions, completeViolationsOptions],
    ["--with-decay", "--width-decay"],
  ],
  [
    "nmf",
    [table, "--rank", "1"],
    [archetypalNmfOptions, nmfOptions],
    ["--inner-iteration", "--inner-iterations"],
  ],
  ["transduce", [labelled, "--labels", "b"], [transduceOptions], ["--label-weigth", "--label-weight"]],
  [
    "multitask",
    [table, "--target", "a", "--task", "b"],
    [sparseMultiTaskOptions, crossValidateMultiTaskOptions],
    ["--support-sharin", "--support-sharing"],
  ],
  ["graph", [table], [sparsePrecisionOptions, sparsePrecisionPathOptions], ["--evaluations", "--evaluation"]],
  [
    "quantize-layer",
    ["w.npy", "--gram", "g.npy", "--out", "q.safetensors"],
    [quantizeLayerOptions],
    ["--relax-ever", "--relax-every"],
  ],
  [
    "quantize",
    ["model", "--calibration", table, "--out", "quantized"],
    [quantizeModelOptions],
    ["--average-bit", "--average-bits"],
  ],
  [
    "sam",
    [labelled, "--target", "b"],
    [trainClassifierOptions, optimizerOptions],
    ["--micro-batchs", "--micro-batches"],
  ],
  [
    "sam-path",
    [table, "--target", "a"],
    [samPathOptions, samSpectrumOptions],
    ["--learning-rat", "--learning-rate"],
  ],
];

const flagOf = (name: string) =>
  name === "timeLimitMs" ? "--time-limit" : `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

for (const [name, operands, tables, [given, right]] of commands) {
  describe(`minima ${name}`, () => {
    it("has a flag for every option of its solvers, and says so", async () => {
      const { stdout } = await minima([name, "--help"]);
      const shown = stdout.replaceAll("--[no-]", "--");
      const options = new Set(tables.flatMap(Object.keys));
      for (const option of options) {
        // `initial` is a matrix for graphs, and a choice for layers.
        if (withoutFlags.includes(option) && !(option === "initial" && name === "quantize-layer")) continue;
        // Groups of this command have a flag for each of their options, that of the first convolution its own name.
        assert.match(shown, new RegExp(`^ {2}${flagOf(option)}${name === "sam" ? "[ -]" : " "}`, "m"));
      }
    });

    it("shows the names that any of its solvers takes", async () => {
      const { stdout } = await minima([name, "--help"]), texts = stdout.split(/^ {2}--(?:\[no-\])?/m);
      for (const [option, entry] of tables.flatMap((table) => Object.entries(table))) {
        if (entry.kind !== "choice" || withoutFlags.includes(option)) continue;
        const text = texts.find((text) => text.startsWith(`${flagOf(option).slice(2)} `)) ?? "";
        for (const value of entry.values) {
          assert.ok(text.replaceAll(/\s+/g, " ").includes(String(value)), `${flagOf(option)} takes ${value}`);
        }
      }
    });

    it("names flags in its help, not options of the library", async () => {
      const { stdout } = await minima([name, "--help"]);
      const words = tables.flatMap(Object.keys).filter((option) => /[A-Z]/.test(option));
      assert.deepEqual(words.filter((word) => new RegExp(`\\b${word}\\b`).test(stdout)), []);
      assert.ok(!stdout.includes("`"));
      if (name === "quantize-layer") assert.match(stdout, /as many\s+as --iterations says/);
    });

    it("refuses a misspelt option with the nearest", async () => {
      const { code, stderr } = await minima([name, ...operands, given, "1"]);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`Unknown option ${given}\\. Did you mean ${right}\\?`));
    });

    it("names the flag of what is out of its range, in its unit", async () => {
      const wrong: readonly [string, string, RegExp][] = [
        ["--seed", "-1", /Cannot use --seed: expected a whole number from 0 to 4294967295, received -1\./],
        [
          "--time-limit",
          "-2",
          /Cannot use --time-limit: expected a number from 0 to 1000000000, or Infinity, received -2\./,
        ],
        ["--max-iterations", "1e12", /Cannot use --max-iterations: expected a whole number from 1 to 1000000000/],
        ["--backend", "cuda", /Cannot use --backend: expected "auto", .*received "cuda"\./],
      ];
      for (const [flag, value, message] of wrong) {
        if (!tables.flatMap(Object.keys).some((option) => flagOf(option) === flag)) continue;
        const { code, stderr } = await minima([name, ...operands, flag, value]);
        assert.equal(code, 2, stderr);
        assert.match(stderr, message);
      }
    });
  });
}

describe("minima regress", () => {
  it("takes a list, and hands flags to the solver", async () => {
    const args = [
      "regress",
      table,
      "--target",
      "a",
      "--lambdas",
      "0.5,0.2",
      "--folds",
      "4",
      "--no-standardize",
      "--json",
    ];
    const { code, stdout, stderr } = await minima(args);
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout).path.map(({ lambda0 }: { lambda0: number }) => lambda0), [0.5, 0.2]);
  });
});
