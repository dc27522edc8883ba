import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { knownNames, namesValue, splitNames } from "../../cli/names.ts";
import { type NamedTable, readTable, splitLabels, type TableNeeds, withColumn } from "../../cli/tables.ts";
import { matrix, serializeNpy } from "../../mod.ts";
import { minima, temporaryFolder } from "./minima.ts";

const folder = await temporaryFolder();
const path = (name: string) => join(folder, name);
let files = 0;

/** Reads a table from a file of that content, and what was noted about it. */
async function read(
  content: string | Uint8Array,
  options: object = {},
  needs: TableNeeds = {},
  ending = "csv",
): Promise<{ columns: string; data: number[]; notes: string[]; table: NamedTable }> {
  const name = path(`table${files++}.${ending}`), notes: string[] = [];
  await writeFile(name, content);
  const reader = {
    options,
    terminal: { note: (text: string) => void notes.push(text) },
    signal: new AbortController().signal,
  };
  const table = await readTable(reader, name, needs);
  return { columns: table.columns.join("|"), data: [...table.matrix.data], notes, table };
}

describe("names on a command line", () => {
  it("stand between commas, in quotes or not: splitNames, knownNames", () => {
    assert.deepEqual(splitNames('a,"b, c", d ,"e""f"'), ["a", "b, c", "d", 'e"f']);
    const known = ["date", "mass, kg", "mass", "a--b"];
    assert.deepEqual(knownNames("f", ["mass, kg"], known), ["mass, kg"]);
    assert.deepEqual(knownNames("f", ["date,mass, kg"], known), ["date", "mass, kg"]);
    assert.deepEqual(knownNames("f", ['"mass, kg",mass', "date"], known), ["mass, kg", "mass", "date"]);
    assert.throws(
      () => knownNames("f", ["date,mas"], known),
      /f: no column is called mas; there are .*Did you mean mass/,
    );
  });

  it("come back from how messages write them: namesValue", () => {
    assert.equal(namesValue(["a", "b"]), '"a,b"');
    assert.equal(namesValue(["a", "b, c"]), `'a,"b, c"'`);
    assert.deepEqual(splitNames('a,"b, c"'), ["a", "b, c"]);
  });
});

describe("readTable", () => {
  it("leaves out columns of any type, names with commas too", async () => {
    const csv = 'day,"mass, kg",x\nMon,1,2\nTue,3,4\n';
    assert.deepEqual((await read(csv, { ignore: ["day", "mass, kg"] })).data, [2, 4]);
    assert.deepEqual((await read(csv, { ignore: ["day,mass, kg"] })).columns, "x");
    const arff = "@relation r\n@attribute when date\n@attribute 'a, b' string\n@attribute x real\n@data\n'2001',s,5\n";
    assert.deepEqual((await read(arff, { ignore: ["when", "a, b"] }, {}, "arff")).data, [5]);
  });

  it("says where a table has no rows, or a name has nothing like it", async () => {
    await assert.rejects(read("a,b\n"), /csv: the table has no rows/);
    await assert.rejects(
      read("a,b,c,d,e,f\n1,2,3,4,5,6\n", { ignore: ["z"] }),
      /no column is called z; there are a, b, c, d, e and 1 more\.$/,
    );
  });

  it("takes how a file is written from flags, in UTF-16 and Latin-1", async () => {
    const latin = Uint8Array.from("gr\xf6\xdfe;x\n1.234,5;2\n", (character) => character.charCodeAt(0));
    const flags = { encoding: "latin1", decimal: ",", thousands: "." };
    assert.deepEqual(await read(latin, flags).then(({ columns, data }) => [columns, ...data]), ["größe|x", 1234.5, 2]);
    await assert.rejects(read(latin), /is not UTF-8; --encoding "windows-1252"/);
    await assert.rejects(read("a;b\n1.234,5;2\n"), /\(or --thousands "\." and --decimal ","\)/);
    const wide = new Uint8Array(Uint16Array.from("\uFEFFa,b\n1,2\n", (character) => character.charCodeAt(0)).buffer);
    assert.deepEqual((await read(wide)).data, [1, 2]);
  });

  it("notes what it recognised: an index, decimal commas", async () => {
    const { columns, notes } = await read(",a;b\n".replace(",", ";") + "0;1,5;2\n1;2,5;3\n");
    assert.equal(columns, "a|b");
    assert.match(notes.join("\n"), /first column, without a name, for an index[^]*commas for decimal commas/);
  });

  it("deals with missing values by a rule, and never invents targets", async () => {
    const csv = "a,y\n1,1\n,2\n3,\n5,4\n";
    await assert.rejects(
      read(csv),
      /column "a" is NaN in row 2, and "y" elsewhere; --ignore "a,y" leaves them out, --missing drop/,
    );
    assert.deepEqual((await read(csv, { missing: "drop" })).data, [1, 1, 5, 4]);
    const { data, notes } = await read(csv, { missing: "mean" }, { targets: { target: "y" } });
    assert.deepEqual(data, [1, 1, 3, 2, 5, 4]);
    assert.match(notes[0], /left out 1 row with missing values and replaced 1 missing value by means/);
    assert.deepEqual((await read("a\n-9\n1\n", { missing: "drop", "missing-words": ["-9"] })).data, [1]);
    assert.ok(Number.isNaN((await read(csv, {}, { keepMissing: true })).data[2]));
  });

  it("makes categories columns on request, of CSV and ARFF", async () => {
    const csv = "c,x\nred,1\nblue,2\ngreen,3\n";
    await assert.rejects(read(csv), /column "c" holds "red".*--ignore leaves a column out, --categories makes/);
    assert.equal((await read(csv, { categories: ["c"] })).columns, "c=blue|c=green|c=red|x");
    const arff =
      "@relation r\n@attribute c {red,blue,green}\n@attribute n {2,1}\n@attribute f {no,yes}\n@data\nblue,2,yes\n";
    await assert.rejects(
      read(arff, {}, {}, "arff"),
      /column "c" holds words \(red, blue, green, ...\); --categories "c" makes/,
    );
    const { columns, data } = await read(arff, { categories: ["*"] }, {}, "arff");
    assert.deepEqual([columns, ...data], ["c=red|c=blue|c=green|n|f", 0, 1, 0, 2, 1]);
  });

  it("keeps labels apart, in their order: splitLabels", async () => {
    const { table } = await read("k,x\n10,1\n9,2\n10,3\n", {}, { labels: { group: "k" } });
    const { labels, rest } = splitLabels(table, "k");
    assert.deepEqual([labels.classes, [...labels.codes], rest.columns], [["9", "10"], [1, 0, 1], ["x"]]);
    const words = splitLabels((await read("x,s\n1,b\n2,a\n", {}, { labels: { group: "s" } })).table, "s").labels;
    assert.deepEqual([words.classes, [...words.codes]], [["a", "b"], [1, 0]]);
    await assert.rejects(read("x\n1\n", {}, { labels: { group: "s" } }), /no column is called s; there are x/);
  });

  it("knows a file by how it begins, and says what it is not", async () => {
    const arff = "% c\n\n@RELATION r\n@attribute x real\n@data\n7\n";
    assert.deepEqual((await read(arff, {}, {}, "txt")).data, [7]);
    assert.deepEqual((await read(serializeNpy(matrix(1, 2, Float64Array.of(1, 2))), {}, {}, "bin")).data, [1, 2]);
    assert.deepEqual(
      (await read(serializeNpy({ shape: [2], data: Float32Array.of(1, 2) }), {}, {}, "NPY")).columns,
      "column 1",
    );
    await assert.rejects(read("PK\x03\x04"), /it is a ZIP archive, as \.xlsx and \.npz are; a table is CSV/);
    await assert.rejects(
      read(serializeNpy(matrix(1, 1, Float64Array.of(Infinity))), {}, {}, "npy"),
      /is Infinity in row 1/,
    );
  });

  it("takes a target from a file of one column: withColumn", async () => {
    const { table } = await read("a\n1\n2\n");
    const reader = { options: {}, terminal: { note() {} }, signal: new AbortController().signal };
    await writeFile(path("y.npy"), serializeNpy({ shape: [2], data: Uint8Array.of(8, 9) }));
    const wider = await withColumn(reader, table, path("y.npy"));
    assert.deepEqual([...wider.matrix.data], [1, 8, 2, 9]);
    await writeFile(path("z.npy"), serializeNpy({ shape: [3], data: Uint8Array.of(8, 9, 7) }));
    await assert.rejects(withColumn(reader, table, path("z.npy")), /3 x 1 numbers; one column of 2/);
  });
});

describe("minima", () => {
  const table = 'name,"a, 1",b--c,y\nu,1,2,3\nv,2,1,5\nw,3,5,6\nx,4,3,9\ny,5,4,10\n';

  it("reads a table from the standard input, columns named with commas", async () => {
    const args = ["regress", "-", "--target", "y", "--ignore", "name", "--always", "a, 1", "--lambda0", "1", "--json"];
    const { code, stdout, stderr } = await minima(args, { input: table });
    assert.equal(code, 0, stderr);
    assert.ok("a, 1" in JSON.parse(stdout).coefficients);
    const empty = await minima(["graph", "-"], { input: "" });
    assert.equal(empty.code, 1);
    assert.match(empty.stderr, /standard input: .*the file has no lines/);
  });

  it("takes edges between columns with commas and dashes in their names", async () => {
    const edges = ["--ignore", "name", "--lambda0", "0.01", "--required", '"a, 1--b--c"', "--json"];
    const { code, stdout, stderr } = await minima(["graph", "-", ...edges], { input: table });
    assert.equal(code, 0, stderr);
    assert.ok(JSON.parse(stdout).edges.some(({ ends }: { ends: string[] }) => ends.join() === "a, 1,b--c"));
  });

  it("names ten of thousands of columns, and how many more there are", async () => {
    const input = `${Array.from({ length: 3000 }, (_, j) => `c${j}`).join()}\n${",".repeat(2999)}\n${
      "1,".repeat(2999)
    }1\n`;
    const missing = await minima(["graph", "-"], { input });
    assert.match(missing.stderr, /"c10" and 2989 more elsewhere; --missing drop leaves out such rows, and/);
    const constant = await minima(["graph", "-", "--missing", "drop"], { input });
    assert.match(constant.stderr, /"c9" and 2990 more have no variance\./);
  });

  it("names all constant columns at once, for --ignore to take", async () => {
    const input = 'a,"b, 1",c,d\n1,5,2,7\n2,5,1,7\n3,5,5,7\n';
    const { code, stderr } = await minima(["graph", "-"], { input });
    assert.equal(code, 1);
    assert.match(stderr, /columns "b, 1", "d" have no variance; --ignore '"b, 1",d' leaves them out/);
    assert.equal((await minima(["graph", "-", "--ignore", '"b, 1",d', "--lambda0", "1"], { input })).code, 0);
  });

  it("takes a column for one thing alone", async () => {
    const input = `y,x,w,g\n${
      Array.from({ length: 12 }, (_, i) => `${i},${i * i % 7},${1 + i % 2},${"pqr"[i % 3]}`).join("\n")
    }\n`;
    const run = async (...flags: string[]) => await minima([...flags, "--json"], { input });
    const regress = ["regress", "-", "--target", "y", "--weights", "w", "--groups", "g", "--folds", "2"];
    const plain = await run(...regress), ignored = await run(...regress, "--ignore", "g,w,y");
    assert.equal(ignored.code, 0, ignored.stderr);
    assert.deepEqual(JSON.parse(ignored.stdout).coefficients, JSON.parse(plain.stdout).coefficients);
    const trained = ["sam", "-", "--target", "g", "--ignore", "g,w", "--epochs", "2", "--batch-size", "4"];
    assert.equal((await run(...trained)).code, 0);
    const wrong: [RegExp, string[]][] = [
      [/column "w" is named by both --target and --weights/, ["--target", "w", "--weights", "w", "--ignore", "g"]],
      [/column "w" is named by both --weights and --groups/, ["--target", "y", "--weights", "w", "--groups", "w"]],
      [/column "y" is named by both --target and --always/, ["--target", "y", "--always", "y", "--ignore", "g"]],
      [/column "x" is named by both --always and --ignore/, ["--target", "y", "--always", "x", "--ignore", "x,g"]],
    ];
    for (const [message, flags] of wrong) {
      const { code, stderr } = await run("regress", "-", ...flags);
      assert.deepEqual([code, message.test(stderr)], [1, true], stderr);
    }
    const tasks = await run("multitask", "-", "--target", "y", "--task", "y", "--ignore", "g");
    assert.match(tasks.stderr, /column "y" is named by both --target and --task/);
  });

  it("changes neither weights nor labels with the columns: --transform", async () => {
    const rows = Array.from(
      { length: 12 },
      (_, i) => `${100 + i * i},${50 + 3 * i + (i % 2)},${1 + i % 2},${"pqr"[i % 3]}`,
    );
    const input = `y,x,w,g\n${rows.join("\n")}\n`;
    const roles = ["--weights", "w", "--groups", "g", "--folds", "2", "--transform", "log-returns", "--json"];
    const { code, stderr } = await minima(["regress", "-", "--target", "y", ...roles], { input });
    assert.equal(code, 0, stderr);
  });
});
