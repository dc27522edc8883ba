import assert from "node:assert/strict";
import { readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  accumulateGram,
  dequantize,
  encodeBfloat16,
  type Matrix,
  matrix,
  parseQuantizedLayers,
  quantizeLayer,
  serializeNpy,
  serializeSafetensors,
  toMatrix,
} from "../../mod.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { minima, pressControlC, temporaryFolder } from "./minima.ts";

const folder = await temporaryFolder();
const random = createRandom(7);
const normal = (rows: number, columns: number): Matrix =>
  matrix(rows, columns, Float32Array.from({ length: rows * columns }, random.normal));
async function gramOf(activations: Matrix): Promise<Matrix> {
  const accumulator = accumulateGram(activations.shape[1]);
  await accumulator.add(activations);
  return await accumulator.gram();
}
async function file(name: string, content: Uint8Array): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

const up = normal(12, 16), down = normal(16, 12), inputs = normal(40, 16), hidden = normal(40, 12);
const weights = await file(
  "weights.safetensors",
  serializeSafetensors({
    "mlp.up.weight": up,
    "mlp.down.weight": down,
    "lone.weight": normal(4, 4),
    norm: { shape: [16], data: new Float32Array(16) },
  }),
);
const grams = await file(
  "grams.safetensors",
  serializeSafetensors({ "mlp.up.gram": await gramOf(inputs), "mlp.down.gram": await gramOf(hidden) }),
);
const out = join(folder, "quantized.safetensors");

/** `||(W - What) X||^2 / ||W X||^2` by plain loops, in f64. */
function relativeError(original: Matrix, quantized: Matrix, activations: Matrix): number {
  const [outputs, columns] = original.shape;
  let error = 0, norm = 0;
  for (let t = 0; t < activations.shape[0]; t++) {
    for (let i = 0; i < outputs; i++) {
      let difference = 0, product = 0;
      for (let j = 0; j < columns; j++) {
        const x = activations.data[t * columns + j], w = original.data[i * columns + j];
        difference += (w - quantized.data[i * columns + j]) * x;
        product += w * x;
      }
      error += difference ** 2;
      norm += product ** 2;
    }
  }
  return error / norm;
}

describe("minima quantize-layer", () => {
  it("writes what quantizeLayer returns, with the error it reports", async () => {
    const args = ["--tensor", "mlp.up.weight", "--gram", grams, "--bits", "3", "--group-size", "8", "--out", out];
    const { code, stdout, stderr } = await minima(["quantize-layer", weights, ...args, "--json"]);
    assert.equal(code, 0, stderr);
    const [report] = JSON.parse(stdout).layers;
    const layers = parseQuantizedLayers(await readFile(out));
    assert.deepEqual([...layers.keys()], ["mlp.up.weight"]);

    const stored = layers.get("mlp.up.weight")!;
    const { codes, scales, zeros, groupIndex } = await quantizeLayer(up, await gramOf(inputs), {
      bits: 3,
      groupSize: 8,
    });
    assert.deepEqual([stored.codes, stored.scales, stored.zeros, stored.groupIndex], [
      codes,
      scales,
      zeros,
      groupIndex,
    ]);
    assert.deepEqual([report.bits, report.groups, report.shape], [3, 2, [12, 16]]);
    const recomputed = relativeError(up, dequantize(stored), inputs);
    assert.ok(Math.abs(report.relativeError / recomputed - 1) < 1e-5, `${report.relativeError}, ${recomputed}`);
    assert.ok(recomputed < 0.2);
  });

  it("comes near to the output on the original model's inputs, or a share of the way: --original", async () => {
    const moved = normal(40, 16), after = matrix(40, 16, inputs.data.map((x, at) => x + moved.data[at] / 4));
    const activations = await file("after.npy", serializeNpy(after)),
      before = await file("before.npy", serializeNpy(inputs));
    const sums = accumulateGram(16);
    await sums.add(after, inputs);
    const args = ["--tensor", "mlp.up.weight", "--activations", activations, "--out", out, "--force", "--bits", "3"];
    for (const share of [undefined, 0.5]) {
      const more = share === undefined ? [] : ["--original-share", `${share}`];
      const { code, stderr } = await minima(["quantize-layer", weights, ...args, "--original", before, ...more]);
      assert.equal(code, 0, stderr);
      const original = { ...await sums.original(), share };
      const { codes } = await quantizeLayer(up, await sums.gram(), { bits: 3, original });
      assert.deepEqual(parseQuantizedLayers(await readFile(out)).get("mlp.up.weight")!.codes, codes);
    }
    const refused: [readonly string[], number, RegExp][] = [
      [["--original-share", "0.5"], 2, /Option --original-share needs --original/],
      [
        ["--original", await file("short.npy", serializeNpy(normal(39, 16)))],
        1,
        /"original" is 39 x 16, but .* 40 x 16/,
      ],
    ];
    for (const [more, status, message] of refused) {
      const { code, stderr } = await minima(["quantize-layer", weights, ...args, ...more]);
      assert.equal(code, status, stderr);
      assert.match(stderr, message);
    }
    const alone = ["--tensor", "mlp.up.weight", "--gram", grams, "--original", before, "--out", out, "--force"];
    assert.match((await minima(["quantize-layer", weights, ...alone])).stderr, /--original needs --activations/);
  });

  it("quantises all matrices whose inputs it finds, and leaves the others", async () => {
    const { code, stdout } = await minima([
      "quantize-layer",
      weights,
      "--tensor",
      "all",
      "--gram",
      grams,
      "--out",
      out,
      "--force",
    ]);
    assert.equal(code, 0);
    assert.match(stdout, /^mlp\.down\.weight +16 x 12 .*\nmlp\.up\.weight +12 x 16 /m);
    assert.match(stdout, /^mean error .*\nsize .* packed: 4 bits a code.*\nran on .*\nwrote /m);
    const layers = parseQuantizedLayers(await readFile(out));
    assert.deepEqual([...layers.keys()].sort(), ["mlp.down.weight", "mlp.up.weight"]);
    for (
      const [name, activations, original] of [["mlp.up.weight", inputs, up], ["mlp.down.weight", hidden, down]] as const
    ) {
      assert.ok(relativeError(original, dequantize(layers.get(name)!), activations) < 0.03, name);
    }
  });

  it("takes matrices by pattern, bfloat16 weights and activations from npy files", async () => {
    const half = await file(
      "half.safetensors",
      serializeSafetensors({ "a.weight": { dtype: "BF16", shape: up.shape, data: encodeBfloat16(up.data) } }),
    );
    const activations = await file("inputs.npy", serializeNpy(inputs, { fortranOrder: true }));
    const args = [
      "--tensor",
      "a.*",
      "--activations",
      activations,
      "--bits",
      "8",
      "--method",
      "rtn",
      "--out",
      out,
      "--force",
    ];
    const { code, stderr } = await minima(["quantize-layer", half, ...args]);
    assert.equal(code, 0, stderr);
    const layer = parseQuantizedLayers(await readFile(out)).get("a.weight")!;
    const rounded = toMatrix({ dtype: "BF16", shape: up.shape, data: encodeBfloat16(up.data) });
    assert.ok(relativeError(rounded, dequantize(layer), inputs) < 1e-4);
  });

  it("reports the size of the weights as their file holds them", async () => {
    const bits: number[] = [];
    const halves = { dtype: "BF16", shape: up.shape, data: encodeBfloat16(up.data) } as const;
    for (const [name, tensor] of [["f32", up], ["bf16", halves]] as const) {
      const path = await file(`${name}.safetensors`, serializeSafetensors({ w: tensor }));
      const args = ["--gram", `${grams}:mlp.up.gram`, "--method", "rtn", "--out", out, "--force", "--json"];
      const { stdout } = await minima(["quantize-layer", path, ...args]);
      bits.push(8 * JSON.parse(stdout).layers[0].bytesBefore / up.data.length);
    }
    assert.deepEqual(bits, [32, 16]);
  });

  it("takes transposed weights and activations, and says where they are", async () => {
    const turned = (of: Matrix) => {
      const [rows, columns] = of.shape;
      return matrix(
        columns,
        rows,
        Float32Array.from(of.data, (_, at) => of.data[at % rows * columns + Math.floor(at / rows)]),
      );
    };
    const weight = await file("turned.npy", serializeNpy(turned(up)));
    const activations = await file("turned_inputs.npy", serializeNpy(turned(inputs)));
    const flags = ["--activations", activations, "--method", "rtn", "--out", out, "--force", "--json"];
    const bare = await minima(["quantize-layer", weight, ...flags]);
    assert.match(bare.stderr, /"activations" is 16 x 40, but "weights" has 12 columns\.$/m);
    const half = await minima(["quantize-layer", weight, "--transpose", ...flags]);
    assert.match(half.stderr, /but "weights" has 16 columns; with --transpose-activations, they fit\./);
    const { code, stderr } = await minima([
      "quantize-layer",
      weight,
      "--transpose",
      "--transpose-activations",
      ...flags,
    ]);
    assert.equal(code, 0, stderr);
    const layer = parseQuantizedLayers(await readFile(out)).get("weight")!;
    assert.deepEqual(layer.codes, (await quantizeLayer(up, await gramOf(inputs), { method: "rtn" })).codes);
    const gram = await file("up_gram.npy", serializeNpy(await gramOf(inputs)));
    const hinted = await minima(["quantize-layer", weight, "--gram", gram, "--out", out, "--force"]);
    assert.match(hinted.stderr, /"gram" is 16 x 16, but "weights" has 12 columns; with --transpose, they have 16\./);
  });

  it("reads weights from the standard input", async () => {
    const args = [
      "quantize-layer",
      "-",
      "--tensor",
      "mlp.up.weight",
      "--gram",
      grams,
      "--out",
      out,
      "--force",
      "--json",
    ];
    const { code, stdout, stderr } = await minima(args, { input: await readFile(weights) });
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).layers[0].name, "mlp.up.weight");
    const both = await minima(["quantize-layer", "-", "--gram", "-", "--out", out, "--force"], {
      input: new Uint8Array(),
    });
    assert.match(both.stderr, /The standard input, -, can be read only once\./);
  });

  const gram = `${grams}:mlp.up.gram`;
  const one = ["--tensor", "mlp.up.weight"];
  const wrong: [string, number, () => Promise<string[]> | string[], RegExp][] = [
    [
      "bits that do not exist",
      2,
      () => [weights, ...one, "--gram", gram, "--bits", "5"],
      /--bits: expected 2, 3, 4 or 8, received 5/,
    ],
    [
      "a group of no columns",
      2,
      () => [weights, ...one, "--gram", gram, "--group-size", "0"],
      /--group-size: expected/,
    ],
    [
      "a tensor that is no matrix",
      1,
      () => [weights, ...one, "--gram", `${weights}:norm`],
      /tensor "norm" has the shape \[16\]; a matrix is needed/,
    ],
    [
      "activations given as a Gram matrix",
      1,
      async () => [weights, ...one, "--gram", await file("activations.npy", serializeNpy(inputs))],
      /mlp\.up\.weight: "gram" is 40 x 16, but a Gram matrix is square; activations are given by --activations/,
    ],
    ["structure without outliers", 2, () => [weights, ...one, "--gram", gram, "--structured"], /needs --outliers/],
    ["an unnamed matrix of many", 2, () => [weights, "--gram", grams], /--tensor is missing: .* holds 3 matrices/],
    ["one Gram matrix for many", 2, () => [weights, "--tensor", "mlp.*", "--gram", gram], /2 matrices cannot share/],
    [
      "a missing file",
      1,
      () => [join(folder, "absent.safetensors"), "--gram", gram],
      /absent\.safetensors: no such file/,
    ],
    ["a folder", 1, () => [folder, "--gram", gram], /it is a folder/],
    [
      "a missing tensor",
      1,
      () => [weights, "--tensor", "mpl.up", "--gram", gram],
      /no matrix is called mpl\.up; there are lone\.weight, mlp\.down\.weight, mlp\.up\.weight/,
    ],
    [
      "a missing Gram matrix",
      1,
      () => [weights, "--tensor", "lone.weight", "--gram", grams],
      /no matrix belongs to lone\.weight/,
    ],
    [
      "a named Gram matrix that is missing",
      1,
      () => [weights, ...one, "--gram", `${grams}:x`],
      /tensor "x" is missing/,
    ],
    [
      "shapes that do not fit",
      1,
      () => [weights, ...one, "--gram", `${grams}:mlp.down.gram`],
      /"gram" is 12 x 12, but "weights" has 16 columns/,
    ],
    ["a truncated file", 1, async () => {
      const path = await file("cut.safetensors", await readFile(weights));
      await truncate(path, 300);
      return [path, ...one, "--gram", gram];
    }, /cut\.safetensors: Cannot read the safetensors data: .*truncated/],
    ["a file of another kind", 1, async () => {
      return [await file("text.safetensors", new TextEncoder().encode("not a safetensors file")), "--gram", gram];
    }, /text\.safetensors: Cannot read/],
  ];
  for (const [what, expected, args, message] of wrong) {
    it(`refuses ${what} with exit code ${expected}, one line of error, and writes nothing`, async () => {
      const target = join(folder, "refused.safetensors");
      const { code, stderr, stdout } = await minima(["quantize-layer", ...await args(), "--out", target]);
      assert.equal(code, expected, stderr);
      const [line, ...rest] = stderr.split("\n").filter((text) => !/^ *\d+ %|^See: |^$/.test(text));
      assert.match(line, /^error {2}/);
      assert.match(line, message);
      assert.deepEqual(rest, []);
      assert.equal(stdout, "");
      assert.ok(!(await readdir(folder)).some((name) => name.startsWith("refused")));
    });
  }

  it("stops at the first Ctrl-C with exit code 130 and writes nothing", async () => {
    const size = 384;
    const large = await file("large.safetensors", serializeSafetensors({ weight: normal(size, size) }));
    const activations = await file("large.npy", serializeNpy(normal(2 * size, size)));
    const target = join(folder, "interrupted.safetensors");
    let sent = false;
    const args = ["--activations", activations, "--method", "quantease", "--iterations", "100000", "--out", target];
    const { code, stderr } = await minima(["quantize-layer", large, ...args], {
      watch(child, text) {
        if (sent || !text.includes("%")) return;
        sent = true;
        pressControlC(child);
      },
    });
    assert.equal(code, 130, stderr);
    assert.match(stderr, /Interrupted: nothing was written\./);
    assert.ok(!(await readdir(folder)).some((name) => name.startsWith("interrupted")));
  });
});
