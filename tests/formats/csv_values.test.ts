import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type CsvOptions, FormatError, parseCsv } from "../../mod.ts";

/** The numbers of a table row by row, its names before them. */
function read(source: string | Uint8Array, options: CsvOptions = {}): unknown[] {
  const { columns, matrix } = parseCsv(source, options);
  return [columns.join("|"), ...matrix.data];
}

describe("parseCsv, numbers", () => {
  const cases: [string, string, CsvOptions, unknown[]][] = [
    ["signs, exponents and the least number", "x\n-1e-3\n+2E+2\n5e-324\n1e-400\n-0\n", {}, [
      "x",
      -1e-3,
      200,
      5e-324,
      0,
      -0,
    ]],
    ["the largest number", "x\n1.7976931348623157e308\n", {}, ["x", 1.7976931348623157e308]],
    ["percentages, rounded once", "x,y\n12 %,1\n12.5%,2\n-1e1%,3\n", {}, ["x|y", 0.12, 1, 0.125, 2, -0.1, 3]],
    ["True and False in the spellings of pandas and R", "x,y\nTrue,false\nFALSE,true\n", {}, ["x|y", 1, 0, 0, 1]],
    ["truth values in a first line without names", "True,1\nFalse,2\n", {}, ["column 1|column 2", 1, 1, 0, 2]],
    ["decimal commas that no point contradicts", "a;b\n1,5;-2,25\n3;4\n", {}, ["a|b", 1.5, -2.25, 3, 4]],
    ["decimal commas between blanks", "1,5 2,5\n3,5 1,25\n", {}, ["column 1|column 2", 1.5, 2.5, 3.5, 1.25]],
    ["a lone column with decimal commas", "x\n1,5\n2\n", { decimal: "," }, ["x", 1.5, 2]],
    ["quoted decimal commas between commas", '"a","b"\n"1,5","2"\n', { decimal: "," }, ["a|b", 1.5, 2]],
    ["points between groups", "a;b\n1.234.567,5;2,5\n", { decimal: ",", thousands: "." }, ["a|b", 1234567.5, 2.5]],
    ["commas between groups", 'a,b\n"1,234.5",2\n"-12,345,678",3\n', { thousands: "," }, [
      "a|b",
      1234.5,
      2,
      -12345678,
      3,
    ]],
    ["groups of lakhs", "a\tb\n12,34,567\t1\n", { thousands: "," }, ["a|b", 1234567, 1]],
    ["blanks and apostrophes between groups", "a;b\n1 234;1\u202f000\n", { thousands: " " }, ["a|b", 1234, 1000]],
    ["apostrophes between groups", "a,b\n1'234.5,1\u2019000\n", { thousands: "'" }, ["a|b", 1234.5, 1000]],
  ];
  for (const [what, source, options, expected] of cases) {
    it(`reads ${what}`, () => assert.deepEqual(read(source, options), expected));
  }

  const wrong: [string, string, CsvOptions, RegExp][] = [
    ["what is beyond the range", "x\n1e400\n", {}, /line 2, column "x" holds "1e400", which is beyond the range/],
    ["hexadecimal and separators of Python", "x\n0x1F\n", {}, /holds "0x1F"/],
    ["underscores", "x\n1_000\n", {}, /holds "1_000"/],
    ["an infinity", "x\n-inf\n", {}, /holds "-inf"/],
    ["one comma that may mean either", "a;b\n1,234;2\n", {}, /holds "1,234".*"thousands" to ","/],
    ["commas where some number has a point", "a;b\n1,5;2.5\n", {}, /holds "1,5".*set "decimal" to ","/],
    ["both, without being told", "a;b\n1.234,5;2\n", {}, /set "thousands" to "\." and "decimal" to ","/],
    ["groups of the wrong length", "a;b\n1,23;2\n", { thousands: "," }, /holds "1,23"/],
    ["a percentage among numbers", "x\n5%\n5\n", {}, /line 3, column "x" holds "5", which stands among percentages/],
    ["a truth value among numbers", "x\n1\nTrue\n", {}, /line 3, column "x" holds "True", which stands among numbers/],
    ["every column of text at once", "a,b,c\nx,1,y\n", {}, /column "a" holds "x".*other columns with text: c/],
  ];
  for (const [what, source, options, message] of wrong) {
    it(`refuses ${what}`, () => assert.throws(() => parseCsv(source, options), { name: "FormatError", message }));
  }

  it("refuses the same character for fractions and groups", () => {
    assert.throws(() => parseCsv("x\n1\n", { thousands: "." }), { name: "OptionError", argument: "thousands" });
  });

  it("takes time in proportion to the digits, and quotes few of them", () => {
    const digits = "1".repeat(1_000_000);
    assert.equal(parseCsv(`x\n0.${digits}\n`).matrix.data[0], 1 / 9);
    for (const cell of [digits, `${digits}x`, `${digits}.${digits}e`, `1e${digits}`]) {
      assert.throws(() => parseCsv(`x\n${cell}\n`), (error: Error) => error.message.length < 300);
    }
    const quoted = `"${'""'.repeat(200_000)}"`;
    assert.equal(parseCsv(`x\n${quoted}\n`, { textColumns: ["x"] }).text.get("x")![0].length, 200_000);
  });
});

describe("parseCsv, lines", () => {
  const cases: [string, string, CsvOptions, unknown[]][] = [
    ["an index that pandas wrote", ",a,b\n0,1,2\n1,3,4\n", {}, ["a|b", 1, 2, 3, 4]],
    ["an index that pandas wrote twice", ",Unnamed: 0,a\n0,0,5\n1,1,6\n", {}, ["a", 5, 6]],
    ["an index over columns that pandas only numbered", ",0,1\n0,5,6\n1,7,8\n", {}, ["0|1", 5, 6, 7, 8]],
    ["row names that R wrote", '"a" "b"\n"r1" 1 2\n"r2" 3 4\n', {}, ["a|b", 1, 2, 3, 4]],
    ["an index as a feature when told to", ",a\n7,1\n8,3\n", { index: false }, ["|a", 7, 1, 8, 3]],
    ["a named index when told to", "id,a\nx,1\ny,3\n", { index: true }, ["a", 1, 3]],
    ["tabs between cells that are all quoted", '"a"\t"b c"\n"1"\t"2"\n""\t"3"\n', { missing: "drop" }, ["a|b c", 1, 2]],
    ["blanks in runs, and at both ends", "  1.0   2.0 \n -3.0 \t 4\n", {}, ["column 1|column 2", 1, 2, -3, 4]],
    ["double colons", "1::2::3\n4::5::6\n", {}, ["column 1|column 2|column 3", 1, 2, 3, 4, 5, 6]],
    ["semicolons although a line is ragged elsewhere", '"a;b";c\n1;2\n', {}, ["a;b|c", 1, 2]],
    ["comments before, between and after", "# x\na,b\n1,2\n # y\n3,4\n#", { comment: "#" }, ["a|b", 1, 2, 3, 4]],
    ["no comment inside a quoted cell", 'a,b\n1,"\n#"\n', { comment: "#", categories: ["b"] }, ["a|b=#", 1, 1]],
    ["old Macintosh line ends", "a,b\r1,2\r3,4\r", {}, ["a|b", 1, 2, 3, 4]],
    ["blanks around quotes", 'a , "b,c" \n 1, "2" \n', {}, ["a|b,c", 1, 2]],
    ["lines of blanks as empty ones", "a,b\n  \n1,2\n\t\n", {}, ["a|b", 1, 2]],
    ["empty columns without a name, which spreadsheets add", "a,b,,\n1,2,,\n", {}, ["a|b", 1, 2]],
    ["a header alone", "a;b\n", { delimiter: ";" }, ["a|b"]],
    ["names with a comma, a quote and a line end", '"a,1","b""2","c\r\n3"\n1,2,3\n', {}, ['a,1|b"2|c\r\n3', 1, 2, 3]],
  ];
  for (const [what, source, options, expected] of cases) {
    it(`reads ${what}`, () => assert.deepEqual(read(source, options), expected));
  }

  it("keeps an index as text, and says so", () => {
    const { text, remarks } = parseCsv(",a\nx,1\ny,2\n");
    assert.deepEqual(text, new Map([["", ["x", "y"]]]));
    assert.match(remarks!.join(), /first column, without a name, for an index/);
    assert.equal(parseCsv("a\n1\n").remarks, undefined);
  });

  const wrong: [string, string, CsvOptions, RegExp][] = [
    ["names that are there twice", "a,b,a\n1,2,3\n", {}, /columns 1 and 3 are both called "a"/],
    ["values under no name", "a,,\n1,2,3\n", {}, /columns 2 and 3 both have no name/],
    ["a ragged line, with the delimiter of the others", "a;b;c\n1;2;3\n4;5\n", {}, /line 3 has 2 cells instead of 3/],
    ["one line that is longer", "a,b\n1,2,3\n", {}, /line 2 has 3 cells instead of 2/],
    ["a comment that was not announced", "# made today\na,b\n1,2\n", {}, /line 2 .*set "comment" to "#"/],
    ["a lone column of decimal commas, with a hint", "x\n1,5\n", {}, /line 2 has 2 cells.*set "decimal" to ","/],
    ["nothing but comments", "# a\n# b\n", { comment: "#" }, /the file has no lines/],
  ];
  for (const [what, source, options, message] of wrong) {
    it(`refuses ${what}`, () => assert.throws(() => parseCsv(source, options), { name: "FormatError", message }));
  }
});

describe("parseCsv, missing values and categories", () => {
  const source = "a,b\n1,\n2,NA\n3,5\n5,7\n";
  it("applies a rule to what is missing, and says so", () => {
    assert.deepEqual(read(source, { missing: "nan" }), ["a|b", 1, NaN, 2, NaN, 3, 5, 5, 7]);
    assert.deepEqual(read(source, { missing: "drop" }), ["a|b", 3, 5, 5, 7]);
    assert.deepEqual(read(source, { missing: "mean" }), ["a|b", 1, 6, 2, 6, 3, 5, 5, 7]);
    assert.deepEqual(parseCsv(source, { missing: "drop" }).remarks, ["left out 2 rows with missing values"]);
    const { text } = parseCsv(source, { missing: "drop", textColumns: ["a"] });
    assert.deepEqual(text.get("a"), ["3", "5"]);
  });

  it("knows the words of pandas and R, and takes further ones", () => {
    for (const word of ["", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "<NA>", "#N/A", "?"]) {
      assert.deepEqual(read(`x,y\n${word},1\n`, { missing: "nan", header: true }), ["x|y", NaN, 1], word);
    }
    assert.deepEqual(read("x,y\n-999,1\n.,2\n", { missing: "nan", missingWords: ["-999", "."] }), [
      "x|y",
      NaN,
      1,
      NaN,
      2,
    ]);
  });

  it("refuses a column of nothing for its mean, and names all columns with missing values", () => {
    assert.throws(() => parseCsv("a,b\n1,\n2,\n", { missing: "mean" }), /column "b" is left with no value at all/);
    assert.throws(() => parseCsv("a,b,c\n,1,\n"), /line 2, column "a" holds no value.*so do the columns c/);
  });

  it("makes categories columns of ones and zeros, on request", () => {
    const table = "size,colour\n1,red\n2,blue\n3,\n";
    const expected = ["size|colour=blue|colour=red", 1, 0, 1, 2, 1, 0, 3, NaN, NaN];
    assert.deepEqual(read(table, { categories: ["colour"], missing: "nan" }), expected);
    assert.deepEqual(read(table, { categories: ["*"], missing: "nan" }), expected);
    assert.throws(() => parseCsv(table), /column "colour" holds "red".*"categories"/);
    assert.throws(
      () => parseCsv(table, { categories: ["color"] }),
      /column "color" is missing; there are size, colour/,
    );
    const many = `x\n${Array.from({ length: 1001 }, (_, i) => `v${i}`).join("\n")}\n`;
    assert.throws(() => parseCsv(many, { categories: ["x"] }), /column "x" has 1001 different values; at most 1000/);
  });
});

describe("parseCsv, encodings", () => {
  const utf16 = (text: string, swap: boolean) => {
    const bytes = new Uint8Array(Uint16Array.from(text, (character) => character.charCodeAt(0)).buffer);
    return swap ? bytes.map((_, i) => bytes[i ^ 1]) : bytes;
  };
  const text = "é,b\n1,2\n", expected = ["é|b", 1, 2];

  it("takes what stands between cells from the first line that Excel writes", () => {
    for (const line of ["sep=;", "SEP=;", '"sep=;"']) {
      const { columns, matrix } = parseCsv(`${line}\r\na;b\r\n1,5;2\r\n3;4\r\n`);
      assert.deepEqual([columns, [...matrix.data]], [["a", "b"], [1.5, 2, 3, 4]]);
    }
    assert.deepEqual([...parseCsv("sep=\t\n1\t2\n").matrix.data], [1, 2]);
    assert.throws(() => parseCsv("sep=;\na;b\n1;x\n"), /line 3, column "b"/);
    assert.deepEqual(parseCsv("sep=\n1\n").columns, ["sep="], "a name, where nothing follows");
  });

  it("reads UTF-16 of either order, by its mark or by name", () => {
    for (const swap of [false, true]) {
      assert.deepEqual(read(utf16(`\uFEFF${text}`, swap)), expected);
      assert.deepEqual(read(utf16(`\uFEFF${text}`, swap), { encoding: "utf-16" }), expected);
      assert.deepEqual(read(utf16(text, swap), { encoding: swap ? "utf-16be" : "utf-16le" }), expected);
      assert.throws(() => parseCsv(utf16("a,b\n1,2\n", swap)), swap ? /to "utf-16be"/ : /to "utf-16le"/);
    }
    assert.throws(() => parseCsv(utf16(text, false).slice(1), { encoding: "utf-16le" }), /odd number of bytes/);
    assert.throws(() => parseCsv(utf16("\uD800,b\n", false), { encoding: "utf-16le" }), /is not utf-16le/);
  });

  it("reads Latin-1 and windows-1252 by name, and never by accident", () => {
    const bytes = Uint8Array.of(0xe9, 0x2c, 0x80, 0x0a, 0x31, 0x2c, 0x32);
    assert.deepEqual(read(bytes, { encoding: "latin1" }), ["é|\x80", 1, 2]);
    assert.deepEqual(read(bytes, { encoding: "windows-1252" }), ["é|€", 1, 2]);
    assert.throws(() => parseCsv(bytes), /is not UTF-8; set "encoding" to "windows-1252"/);
    const marked = new TextEncoder().encode("\uFEFFa\n1\n");
    assert.throws(
      () => parseCsv(marked, { encoding: "latin1" }),
      /byte order mark of utf-8, but "encoding" is "latin1"/,
    );
    assert.throws(() => parseCsv("a\n1\n", { encoding: "ascii" as "latin1" }), { name: "OptionError" });
  });
});

describe("parseCsv, any text", () => {
  it("answers with a table or a FormatError", () => {
    const part = fc.constantFrom(...',;\t\n\r" 1.5ea%#', "NA", "True", "1,5", "1.234", '""', "\uFEFF");
    const anyOptions = fc.record({
      missing: fc.constantFrom("nan" as const, "drop" as const, "mean" as const),
      categories: fc.constantFrom([], ["*"]),
    });
    fc.assert(fc.property(fc.array(part, { maxLength: 30 }), anyOptions, (parts, options) => {
      try {
        const { columns, matrix } = parseCsv(parts.join(""), options);
        assert.equal(matrix.data.length, matrix.shape[0] * columns.length);
        assert.equal(new Set(columns).size, columns.length);
        assert.ok(matrix.data.every((value) => Math.abs(value) < Infinity || Number.isNaN(value)));
      } catch (error) {
        assert.ok(error instanceof FormatError, `${error}`);
      }
    }));
  });
});
