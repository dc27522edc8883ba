import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseArff, parseCsv, parseNpy, parseSafetensors, toMatrix } from "../../mod.ts";
import { needsData, readData } from "../support/data.ts";

describe("formats on real files", () => {
  it("parseCsv reads prices by commas beside their dates", needsData("stocks"), async () => {
    const { columns, matrix, text } = parseCsv(await readData("stocks/close.csv"), { textColumns: ["date"] });
    assert.deepEqual([columns.length, columns[0], ...matrix.shape], [56, "AAPL", 1258, 56]);
    assert.equal(text.get("date")?.[0], "2003-01-02");
  });

  it("parseCsv reads measurements by tabs", needsData("sachs"), async () => {
    assert.deepEqual(parseCsv(await readData("sachs/sachs.2005.continuous.tsv")).matrix.shape, [7466, 11]);
  });

  it("parseCsv reads triples by spaces", needsData("libmf"), async () => {
    const { matrix } = parseCsv(await readData("libmf/real_matrix.tr.txt"));
    assert.deepEqual([...matrix.data.subarray(0, 3)], [61, 7, 4]);
  });

  it("parseArff reads 593 songs with 72 features and 6 labels", needsData("emotions"), async () => {
    const { attributes, matrix } = parseArff(await readData("emotions/emotions.arff"));
    assert.deepEqual(matrix.shape, [593, 78]);
    assert.deepEqual(attributes.flatMap(({ values }) => values ? [values] : []), Array(6).fill(["0", "1"]));
    assert.ok(matrix.data.every(Number.isFinite));
  });

  it("parseNpy reads digits, every pixel from 0 to 16", needsData("digits"), async () => {
    const { shape, data } = toMatrix(parseNpy(await readData("digits/images.npy")));
    assert.deepEqual(shape, [1797, 64]);
    assert.ok(data.every((pixel) => Number.isInteger(pixel) && pixel >= 0 && pixel <= 16));
  });

  it("parseSafetensors reads a language model: 35 linear layers", needsData("stories260k"), async () => {
    const { tensors, metadata } = parseSafetensors(await readData("stories260k/model.safetensors"));
    assert.equal([...tensors.keys()].filter((name) => name.endsWith("_proj.weight")).length, 35);
    assert.deepEqual(toMatrix(tensors.get("model.layers.0.mlp.down_proj.weight")!).shape, [64, 172]);
    assert.equal(metadata.format, "pt");
  });
});
