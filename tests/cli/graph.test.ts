import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { matrix, parseCsv, serializeCsv, serializeNpy } from "../../mod.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { dataPath, needsData } from "../support/data.ts";
import { minima, temporaryFolder } from "./minima.ts";

const folder = await temporaryFolder();
const path = (name: string) => join(folder, name);

/** A chain `first - second - third` on very different scales, and a column apart. */
const columns = ["first", "second", "third", "apart"], rows = 400;
const random = createRandom(9);
const data = new Float64Array(rows * columns.length);
for (let i = 0; i < rows; i++) {
  const first = random.normal(), second = first + 0.5 * random.normal(), third = second + 0.5 * random.normal();
  data.set([1000 * first, second, -third, random.normal()], i * columns.length);
}
await writeFile(path("chain.csv"), serializeCsv({ columns, matrix: matrix(rows, columns.length, data) }));

describe("minima graph", () => {
  it("finds a chain by its criterion, and writes the edges", async () => {
    const out = path("edges.csv");
    const { code, stdout, stderr } = await minima(["graph", path("chain.csv"), "--out", out, "--json"]);
    assert.equal(code, 0, stderr);
    const { edges, components, candidates } = JSON.parse(stdout);
    const ends = edges.map((edge: { ends: string[] }) => edge.ends.join(" - "));
    assert.deepEqual(ends.sort(), ["first - second", "second - third"]);
    assert.equal(components, 2);
    assert.ok(candidates > 1);

    const { columns: numbers, matrix: table, text } = parseCsv(await readFile(out), {
      textColumns: ["source", "target"],
    });
    assert.deepEqual(text, new Map([["source", ["first", "second"]], ["target", ["second", "third"]]]));
    const correlations = Array.from(
      { length: 2 },
      (_, i) => table.data[2 * i + numbers.indexOf("partial_correlation")],
    );
    assert.ok(correlations[0] > 0.5 && correlations[1] < -0.5, `${correlations}`);
  });

  it("certifies an exact graph, prints it and writes it for Graphviz", async () => {
    const out = path("graph.dot");
    const options = ["--lambda0", "0.1", "--lambda2", "0.01", "--method", "exact", "--out", out];
    const { code, stdout } = await minima(["graph", path("chain.csv"), ...options]);
    assert.equal(code, 0);
    assert.match(stdout, /^first - second +0\.\d{4}$/m);
    assert.match(stdout, /^second - third +-0\.\d{4}$/m);
    assert.match(stdout, /^graph +2 edges among 4 columns, in 2 components$/m);
    assert.match(stdout, /^gap +\S+ % after \d+ nodes$/m);
    assert.match(await readFile(out, "utf8"), /^graph \{[^]* {2}1 -- 2 \[label="-0\.\d\d", style=dashed\];/);
  });

  it("finds strong edges of the consensus on protein signalling first", needsData("sachs"), async () => {
    const options = ["--lambda0", "0.05", "--lambda2", "0.5", "--method", "exact", "--json"];
    const { stdout } = await minima(["graph", dataPath("sachs/sachs.2005.continuous.tsv"), ...options]);
    const strongest = JSON.parse(stdout).edges.slice(0, 2).map(({ ends }: { ends: string[] }) => ends.join(" - "));
    assert.deepEqual(strongest, ["raf - mek", "plc - pip2"]);
  });

  it("draws a picture with the names of the columns", async () => {
    const out = path("graph.svg");
    const { code, stderr } = await minima(["graph", path("chain.csv"), "--lambda0", "0.1", "--out", out]);
    assert.equal(code, 0, stderr);
    assert.match(await readFile(out, "utf8"), /^<svg [^]*<title>first - second: 0\.\d{3}<\/title>[^]*>apart<\/text>/);
  });

  it("colours a network by the groups of a file", async () => {
    const out = path("groups.svg");
    const args = ["graph", path("chain.csv"), "--lambda0", "0.1", "--out", out, "--force", "--groups"];
    const fills = async (text: string) => {
      await writeFile(path("groups.csv"), text);
      const { code, stderr } = await minima([...args, path("groups.csv")]);
      assert.equal(code, 0, stderr);
      const boxes = (await readFile(out, "utf8")).matchAll(/<rect [^>]*fill="([^"]*)"[^>]*\/><text [^>]*>([^<]*)</g);
      return new Map(Array.from(boxes, ([, fill, name]) => [name, fill]));
    };
    const found = await fills("column,group\nfirst,1\nthird,1\nsecond,2\n");
    assert.equal(found.get("first"), found.get("third"));
    assert.equal(found.get("first"), found.get("1"));
    assert.notEqual(found.get("first"), found.get("second"));
    assert.ok(found.has("other"));
    await writeFile(path("groups.csv"), "fist,a\n");
    const { code, stderr } = await minima([...args, path("groups.csv")]);
    assert.equal(code, 1);
    assert.match(stderr, /names none of the columns; it begins with fist.*first/);
  });

  it("draws partial correlations as a heat map", async () => {
    const out = path("matrix.svg");
    const args = ["graph", path("chain.csv"), "--lambda0", "0.1", "--out", out, "--drawing", "matrix"];
    const { code, stderr } = await minima(args);
    assert.equal(code, 0, stderr);
    const picture = await readFile(out, "utf8");
    assert.match(picture, /<title>first, second: 0\.\d+<\/title>/);
    assert.match(picture, /<title>first, apart: 0<\/title>/);
  });

  it("writes GraphML with the names of the columns", async () => {
    const out = path("graph.graphml");
    assert.equal((await minima(["graph", path("chain.csv"), "--lambda0", "0.1", "--out", out])).code, 0);
    assert.match(await readFile(out, "utf8"), /<node id="n3"><data key="name">apart<\/data><\/node>/);
  });

  it("finds the same graph in prices whose log returns are the chain", async () => {
    const logs = Float64Array.from(data, (value, at) => at % 4 === 0 ? value / 1000 : value);
    for (let at = 4; at < logs.length; at++) logs[at] = logs[at - 4] + 0.01 * logs[at];
    await writeFile(path("prices.csv"), serializeCsv({ columns, matrix: matrix(rows, 4, logs.map(Math.exp)) }));
    const args = ["graph", path("prices.csv"), "--transform", "log-returns", "--json"];
    const { code, stdout, stderr } = await minima(args);
    assert.equal(code, 0, stderr);
    const ends = JSON.parse(stdout).edges.map((edge: { ends: string[] }) => edge.ends.join(" - "));
    assert.deepEqual(ends.sort(), ["first - second", "second - third"]);
  });

  it("sees no monotone change of a column through normal scores", async () => {
    const bent = Float64Array.from(data, (value, at) => at % 4 === 1 ? Math.exp(3 * value) : value);
    await writeFile(path("bent.csv"), serializeCsv({ columns, matrix: matrix(rows, 4, bent) }));
    const edges = async (name: string) =>
      JSON.parse((await minima(["graph", path(name), "--transform", "normal-scores", "--json"])).stdout).edges;
    assert.deepEqual(await edges("bent.csv"), await edges("chain.csv"));
  });

  it("says when the path ended while the criterion was falling", async () => {
    const short = await minima(["graph", path("chain.csv"), "--count", "2"]);
    assert.match(short.stderr, /the path ended while the criterion fell: see --count and --max-edges/);
    assert.doesNotMatch((await minima(["graph", path("chain.csv")])).stderr, /the path ended/);
  });

  it("names a column without variance", async () => {
    const flat = Float64Array.from(data, (value, at) => at % 4 === 3 ? 5 : value);
    await writeFile(path("flat.csv"), serializeCsv({ columns, matrix: matrix(rows, 4, flat) }));
    const { code, stderr } = await minima(["graph", path("flat.csv")]);
    assert.equal(code, 1);
    assert.match(stderr, /flat\.csv: column "apart" has no variance; --ignore "apart" leaves it out/);
  });

  it("finds no edge in a table of one column", async () => {
    const args = ["graph", path("chain.csv"), "--ignore", "first,second,third"];
    const { code, stdout, stderr } = await minima(args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^graph +0 edges among 1 columns?, in 1 component$/m);
  });

  it("names a missing value, before ranks are taken and with them", async () => {
    const values = data.slice(0, 10 * columns.length);
    values[2 * columns.length + 1] = NaN;
    await writeFile(path("missing.npy"), serializeNpy({ data: values, shape: [10, columns.length] }));
    for (const more of [[], ["--transform", "normal-scores"]]) {
      const { code, stderr } = await minima(["graph", path("missing.npy"), ...more]);
      assert.equal(code, 1);
      assert.match(stderr, /missing\.npy: column "column 2" is NaN in row 3; --ignore "column 2" leaves it out/);
    }
  });

  const wrong: [string, number, string[], RegExp][] = [
    [
      "groups without a picture",
      2,
      ["--groups", path("groups.csv")],
      /--groups needs an --out file that ends in \.svg/,
    ],
    ["a drawing without a picture", 2, ["--drawing", "matrix"], /--drawing needs an --out file/],
    [
      "a drawing that is not known",
      2,
      ["--out", path("tree.svg"), "--drawing", "tree"],
      /--drawing: expected network or matrix, received tree/,
    ],
    ...["--count", "--max-edges", "--gamma"].map((flag): [string, number, string[], RegExp] => [
      `${flag} where no path is taken`,
      2,
      ["--lambda0", "1", flag, "1"],
      new RegExp(`Option ${flag} has no effect with --lambda0\\.`),
    ]),
    ["a criterion that does not exist", 2, ["--criterion", "aic"], /--criterion: expected "ebic" or "pseudo-ebic"/],
    ["a gamma beyond 1", 2, ["--gamma", "1.5"], /--gamma: expected a number from 0 to 1, received 1\.5/],
    ["a negative price", 2, ["--lambda0", "-1"], /--lambda0: expected a number from 0 to 1e\+100, received -1/],
    [
      "a transform that does not exist",
      2,
      ["--transform", "sqrt"],
      /--transform needs log, log-returns, normal-scores/,
    ],
    [
      "logarithms of what has none",
      2,
      ["--transform", "log"],
      /Cannot take logarithms: column "\w+" is -\S+ in row 2\./,
    ],
    ["an ignored column that is not there", 1, ["--ignore", "fifth"], /fifth/],
  ];
  for (const [what, expected, args, message] of wrong) {
    it(`refuses ${what} with exit code ${expected}`, async () => {
      const { code, stderr, stdout } = await minima(["graph", path("chain.csv"), ...args]);
      assert.equal(code, expected, stderr);
      assert.match(stderr, message);
      assert.equal(stdout, "");
    });
  }
});
