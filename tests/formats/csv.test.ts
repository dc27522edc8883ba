import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FormatError, matrix, parseCsv, serializeCsv } from "../../mod.ts";

describe("serializeCsv and parseCsv", () => {
  const anyCell = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: fc.constantFrom(...'",;\n\r \ta1') }));
  const anyDelimiter = fc.constantFrom(",", ";", "\t", "|", "^", "]", "\\", "-", " ", "::");

  it("return names, text and every number, NaN included", () => {
    const anyTable = fc.tuple(fc.nat(4), fc.integer({ min: 1, max: 4 })).chain(([rows, columns]) =>
      fc.record({
        // Names lose the space around them, as cells do; empty columns without a name are left out.
        names: fc.uniqueArray(anyCell.map((name) => name.trim()).filter((name) => name !== ""), {
          minLength: columns + 1,
          maxLength: columns + 1,
        }),
        labels: fc.array(anyCell, { minLength: rows, maxLength: rows }),
        values: fc.array(fc.double({ noDefaultInfinity: true }), {
          minLength: rows * columns,
          maxLength: rows * columns,
        }),
        rows: fc.constant(rows),
        columns: fc.constant(columns),
      })
    );
    fc.assert(
      fc.property(anyTable, anyDelimiter, ({ names: [label, ...names], labels, values, rows, columns }, delimiter) => {
        const table = {
          columns: names,
          matrix: matrix(rows, columns, Float64Array.from(values)),
          text: new Map([[label, labels]]),
        };
        const written = serializeCsv(table, { delimiter });
        const options = { delimiter, header: true, missing: "nan", textColumns: [label] } as const;
        assert.deepEqual(parseCsv(written, options), table);
      }),
    );
  });

  it("return a lone column whose cells are missing", () => {
    const table = { columns: ["x"], matrix: matrix(2, 1, Float64Array.of(NaN, 1)), text: new Map() };
    assert.deepEqual(parseCsv(serializeCsv(table), { missing: "nan" }), table);
  });

  it("write no line of names without names", () => {
    assert.equal(serializeCsv({ matrix: matrix(2, 2, Float32Array.of(1, 2, 3, 4)) }), "1,2\n3,4\n");
  });
});

describe("parseCsv", () => {
  it("reads RFC 4180: quotes, doubled quotes, line breaks inside, CRLF, no end of line at the end", () => {
    const { columns, matrix } = parseCsv('"a","b ""x"", y","c\r\nd"\r\n1,"2",3\r\n4,5,6');
    assert.deepEqual(columns, ["a", 'b "x", y', "c\r\nd"]);
    assert.deepEqual(matrix, { data: Float64Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] });
  });

  it("recognises the delimiter", () => {
    for (const delimiter of [",", ";", "\t", "|", " "]) {
      const source = `x${delimiter}y\n1${delimiter}2\n`;
      assert.deepEqual(parseCsv(source).columns, ["x", "y"], JSON.stringify(delimiter));
    }
    assert.deepEqual(parseCsv('"a,b";c\n1;2\n').columns, ["a,b", "c"]);
    assert.deepEqual(parseCsv("x\n1\n").columns, ["x"]);
  });

  it("recognises a header, and names columns by number without one", () => {
    assert.deepEqual(parseCsv("1,2\n3,4").columns, ["column 1", "column 2"]);
    assert.deepEqual(parseCsv("1,2\n3,4").matrix.shape, [2, 2]);
    assert.deepEqual(parseCsv("1,2\n3,4", { header: true }).columns, ["1", "2"]);
    assert.deepEqual(parseCsv("x\n").matrix.shape, [0, 1]);
  });

  it("reads every way to write a decimal number, and bytes with a byte order mark", () => {
    const bytes = new TextEncoder().encode("\uFEFFx\n-1\n+2.5\n.5\n3.\n1e-3\n 4E+2 \n");
    assert.deepEqual(parseCsv(bytes), {
      columns: ["x"],
      matrix: matrix(6, 1, Float64Array.of(-1, 2.5, 0.5, 3, 1e-3, 400)),
      text: new Map(),
    });
  });

  it("makes missing cells NaN only when told to", () => {
    const source = "a,b\n1,\nNA,?\n";
    assert.deepEqual(parseCsv(source, { missing: "nan" }).matrix.data, Float64Array.of(1, NaN, NaN, NaN));
    assert.throws(() => parseCsv(source), /line 2, column "b" holds no value.*"missing" to "nan"/);
  });

  it("keeps the columns of text that are named", () => {
    const all = parseCsv("who,day,x\nann,2003-01-02,1\nbob,,2\n", { textColumns: ["*"] });
    assert.deepEqual(all.columns, ["x"]);
    assert.deepEqual([...all.text], [["who", ["ann", "bob"]], ["day", ["2003-01-02", ""]]]);
    const decimal = parseCsv("who;x\nann;1,5\nbob;2\n", { textColumns: ["*"] });
    assert.deepEqual([decimal.columns, [...decimal.matrix.data]], [["x"], [1.5, 2]]);
    const table = parseCsv("day,x\n2003-01-02,1\n2003-01-03,2\n", { textColumns: ["day"] });
    assert.deepEqual(table.columns, ["x"]);
    assert.deepEqual(table.text, new Map([["day", ["2003-01-02", "2003-01-03"]]]));
  });

  const wrong: [string, string, RegExp][] = [
    ["an empty file", "", /the file has no lines/],
    ["a short line", "a,b\n1,2\n\n3\n", /line 4 has 1 cell instead of 2/],
    ["a long line", "a,b\n1,2,3\n", /line 2 has 3 cells instead of 2/],
    ["text among numbers", "a,b\n1,2\n3,x\n", /line 3, column "b" holds "x".*"textColumns"/],
    ["hexadecimal", "a\n0x10\n", /line 2, column "a" holds "0x10"/],
    ["an infinity", "a\nInfinity\n", /holds "Infinity"/],
    ["an open quote", 'a,b\n1,"2\n3,4\n', /line 2 opens a quote that is never closed/],
    ["text after a quote", 'a,b\n1,"2"x\n', /line 2 has "x" after a closing quote/],
    ["a quote inside a cell", 'a,b\n1,2"\n', /line 2 has a quote inside a cell/],
    ["an error after a cell of two lines", 'a,b\n"1\n",2\n3\n', /line 4 has 1 cell instead/],
  ];
  for (const [what, source, message] of wrong) {
    it(`names the line of ${what}`, () => {
      assert.throws(() => parseCsv(source), (error) => {
        assert.ok(error instanceof FormatError, `${error}`);
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it("refuses bytes that are not UTF-8, unknown text columns and delimiters that are none", () => {
    assert.throws(() => parseCsv(Uint8Array.of(0x61, 0xff)), /not UTF-8/);
    assert.throws(() => parseCsv("a\n1\n", { textColumns: ["b"] }), /column "b" is missing; there are a/);
    for (const delimiter of ["", '"', "\n", "a b"]) {
      assert.throws(() => parseCsv("a\n1\n", { delimiter }), { name: "OptionError", argument: "delimiter" });
    }
  });
});
