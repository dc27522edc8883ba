import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type ArffOptions, FormatError, parseArff } from "../../mod.ts";

describe("parseArff", () => {
  it("reads comments, quotes, every numeric type, nominal codes and missing values", () => {
    const file = `% a comment
@RELATION 'two words'

@attribute plain NUMERIC
@attribute "it's" real
@Attribute 'a \\'b\\'' {no, yes, 'not, sure'}
@DATA
1, -2.5e1, yes
% another
?, 3, 'not, sure'
4,?,no
`;
    const { relation, attributes, matrix } = parseArff(file);
    assert.equal(relation, "two words");
    assert.deepEqual(attributes, [
      { name: "plain" },
      { name: "it's" },
      { name: "a 'b'", values: ["no", "yes", "not, sure"] },
    ]);
    assert.deepEqual(matrix, { data: Float64Array.of(1, -25, 1, NaN, 3, 2, 4, NaN, 0), shape: [3, 3] });
  });

  it("reads sparse rows: what is left out is zero", () => {
    const file =
      "@relation r\n@attribute x numeric\n@attribute y{a,b}\n@attribute z integer\n@data\n{1 b, 2 7}\n{}\n{0 ?}\n";
    assert.deepEqual(parseArff(file).matrix.data, Float64Array.of(0, 1, 7, 0, 0, 0, NaN, 0, 0));
  });

  const known = "@relation r\n@attribute x numeric\n@attribute y {'?', a, b}\n@data\n";
  const rows: [string, string, number[]][] = [
    ["a quoted ? as a value, and a plain one as missing", "1,'?'\n?,?\n", [1, 0, NaN, NaN]],
    ["comments after values, plain and quoted", "1,a % c, d\n2,'b'% e\n", [1, 1, 2, 2]],
    ["tabs, alone and beside commas", "1\ta\n2,\tb\n3 \t,a\n", [1, 1, 2, 2, 3, 1]],
    ["blanks alone, as Weka does", "1 a\n", [1, 1]],
    ["quoted numbers", "'1.5',\"a\"\n", [1.5, 1]],
    ["sparse rows with blanks, comments and quotes", "{ 0 3 , 1 'a' } % c\n{1 '?'}\n", [3, 1, 0, 0]],
  ];
  for (const [what, body, expected] of rows) {
    it(`reads ${what}`, () => assert.deepEqual([...parseArff(known + body).matrix.data], expected));
  }

  it("reads ranges after types, a row on the @data line, and what KEEL adds", () => {
    const { attributes, matrix } = parseArff(
      "@relation r\n@attribute x real [0.5, 3]\n@attribute y integer[0,1] % c\n@inputs x\n@outputs y\n@data 1,2\n3,4\n",
    );
    assert.deepEqual(attributes, [{ name: "x" }, { name: "y" }]);
    assert.deepEqual([...matrix.data], [1, 2, 3, 4]);
  });

  it("undoes every escape, in names, labels and rows", () => {
    const { attributes, matrix } = parseArff(
      "@relation 'r\\'s'\n@attribute 'a\\tb\\\\' {'\\u00e9', \"q\\\"\", '\\101', '50\\%'}\n@data\n'é'\n'A'\n'50%'\n'q\"'\n",
    );
    assert.deepEqual(attributes, [{ name: "a\tb\\", values: ["é", 'q"', "A", "50%"] }]);
    assert.deepEqual([...matrix.data], [0, 2, 3, 1]);
  });

  it("reads weights of rows, dense and sparse", () => {
    const { weights } = parseArff(`${known}1,a,{2.5}\n1,b {3}\n{0 1}, {0}\n1,a\n`);
    assert.deepEqual(weights, Float64Array.of(2.5, 3, 0, 1));
    assert.equal(parseArff(`${known}1,a\n`).weights, undefined);
  });

  it("reads labels between blanks alone, and attributes without values", () => {
    assert.deepEqual(parseArff("@attribute x {a b c}\n@data\nb\n").attributes[0].values, ["a", "b", "c"]);
    assert.deepEqual([...parseArff("@attribute x {}\n@data\n?\n").matrix.data], [NaN]);
  });

  it("keeps as text what is asked for: words, dates, labels", () => {
    const file =
      "@relation r\n@attribute when date 'yyyy-MM-dd'\n@attribute x real\n@attribute s string\n@attribute y {a,b}\n" +
      "@data\n'2001-01-02',5,'it\\'s',b\n?,6,?,a\n{1 7}\n";
    const all = parseArff(file, { textColumns: ["*"] });
    assert.deepEqual(all.text, parseArff(file, { textColumns: [...all.text!.keys()] }).text);
    assert.ok(all.attributes.every(({ values }) => values === undefined) && all.text!.size > 0);
    const { attributes, matrix, text } = parseArff(file, { textColumns: ["when", "s", "y"] });
    assert.deepEqual([attributes, [...matrix.data]], [[{ name: "x" }], [5, 6, 7]]);
    assert.deepEqual([...text!], [["when", ["2001-01-02", "", "0"]], ["s", ["it's", "", "0"]], ["y", ["b", "a", "a"]]]);
  });

  it("reads dates as milliseconds since 1970 in UTC, by the pattern that is named", () => {
    const read = (type: string, cell: string) => parseArff(`@attribute t ${type}\n@data\n${cell}\n`).matrix.data[0];
    const cases: readonly [type: string, cell: string, time: string][] = [
      ["date", "2001-04-03T12:13:14", "2001-04-03T12:13:14Z"],
      ['DATE "yyyy-MM-dd HH:mm:ss"', '"2024-02-29 23:59:59"', "2024-02-29T23:59:59Z"],
      ["date 'dd.MM.yy'", "03.04.68", "2068-04-03T00:00:00Z"],
      ["date 'MMM d, yyyy h:mm a'", "'Nov 5, 1969 12:30 AM'", "1969-11-05T00:30:00Z"],
      ["date 'EEE MMM dd HH:mm:ss z yyyy'", "'Tue Apr 03 12:00:00 UTC 2001'", "2001-04-03T12:00:00Z"],
      ["date \"yyyy-MM-dd'T'HH:mm:ss.SSSX\"", "'2001-04-03T12:00:00.250+05:30'", "2001-04-03T06:30:00.250Z"],
      ["date yyyyMMdd", "?", "none"],
    ];
    for (const [type, cell, time] of cases) assert.equal(read(type, cell), Date.parse(time), `${type}: ${cell}`);
    const { attributes } = parseArff("@attribute t date yyyy\n@attribute x real\n@data\n2001,1\n");
    assert.deepEqual(attributes, [{ name: "t", dates: "yyyy" }, { name: "x" }]);
    for (
      const [cell, pattern] of [["2001-02-30", "yyyy-MM-dd"], ["2001-1", "yyyy-MM-dd"], ["25", "HH"], [
        "Foo 1",
        "MMM d",
      ]]
    ) {
      assert.throws(() => read(`date '${pattern}'`, `'${cell}'`), /line 3 has ".+" for "t", which is a date like/);
    }
  });

  it("keeps categories apart in Latin-1, and refuses bytes that are no text", () => {
    const encode = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
    const bytes = encode("@relation r\n@attribute x {a,é,è}\n@data\né\nè\n");
    assert.deepEqual([...parseArff(bytes, { encoding: "latin1" }).matrix.data], [1, 2]);
    assert.throws(() => parseArff(bytes), /is not UTF-8; set "encoding"/);
  });

  it("takes time in proportion to the values of attributes", () => {
    const values = Array.from({ length: 100_000 }, (_, i) => `v${i}`);
    const { matrix } = parseArff(`@relation r\n@attribute x {${values.join(",")}}\n@data\n${values.join("\n")}\n`);
    assert.ok(matrix.data.every((code, i) => code === i));
  });

  it("answers any text with a relation or a FormatError", () => {
    const part = fc.constantFrom(
      ...["@relation r\n", "@attribute x numeric\n", "@attribute y {a,'b c'}\n", "@attribute ", "@data\n", "@data "],
      ...["{", "}", ",", "'", '"', "\\", "?", "%", "1", "a", "\n", "\t", " ", "0 1"],
    );
    fc.assert(fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
      try {
        const { attributes, matrix } = parseArff(parts.join(""));
        assert.equal(matrix.data.length, matrix.shape[0] * attributes.length);
      } catch (error) {
        assert.ok(error instanceof FormatError, `${error}`);
      }
    }));
  });

  const header = "@relation r\n@attribute x numeric\n@attribute y {a,b}\n@data\n";
  const wrong: [string, string, RegExp][] = [
    ["no data", "@relation r\n@attribute x numeric\n", /the file has no @data/],
    ["an unknown keyword", "@relation r\n@atribute x numeric\n@data\n", /line 2 must be @relation/],
    ["an attribute without type", "@attribute x\n@data\n", /line 1 must be @attribute NAME TYPE/],
    ["an attribute of text", "@attribute x string\n@data\n", /line 1 gives "x" the type string/],
    ["a short row", `${header}1\n`, /line 5 has 1 value for 2 attributes/],
    ["an unknown value", `${header}1,c\n`, /line 5 has "c" for "y", which is \{a,b\}/],
    ["text for a number", `${header}1x,a\n`, /line 5 has "1x" for "x", which is numeric/],
    ["an empty number", `${header},a\n`, /line 5 has "" for "x"/],
    ["an open quote", `${header}1,'a\n`, /line 5 opens a quote/],
    ["text after a quote", `${header}1,'a'b\n`, /line 5 has b where , belongs/],
    ["an open sparse row", `${header}{0 1\n`, /line 5 opens a sparse row/],
    ["hexadecimal", `${header}0x10,a\n`, /line 5 has "0x10" for "x"/],
    ["a number beyond the range", `${header}1e400,a\n`, /line 5 has "1e400" for "x".*beyond the range/],
    ["a quoted ? where no such value is declared", `${header}1,'?'\n`, /line 5 has "\?" for "y", which is \{a,b\}/],
    ["a percent sign inside a word", `${header}50%,a\n`, /line 5 has a % inside "50%"/],
    ["a row with a comma too many", `${header}1,a,\n`, /line 5 has 3 values for 2 attributes/],
    ["a row with a blank too many", `${header}1,a b\n`, /line 5 has "a b" for "y"/],
    ["a sparse entry twice", `${header}{1 a, 1 b}\n`, /line 5 has two sparse entries at 1/],
    ["a weight that is none", `${header}1,a,{x}\n`, /line 5 does not end in a weight/],
    ["a name that is there twice", "@attribute x real\n@attribute x real\n@data\n", /line 2 names "x" a second time/],
    ["a label that is there twice", "@attribute x {a,b,'a'}\n@data\n", /line 1 has the value "a" twice/],
    ["an empty label", "@attribute x {a,,b}\n@data\n", /line 1 has an empty value/],
    ["a brace that stays open", "@attribute x {a,b\n@data\n", /line 1 opens a brace/],
    ["a range that stays open", "@attribute x real [0, 1\n@data\n", /line 1 has a range without its end/],
    ["what follows a type", "@attribute x real y\n@data\n", /line 1 goes on after the type of "x"/],
    ["an attribute of words", "@attribute x string\n@data\n", /line 1 gives "x" the type string.*"textColumns"/],
    [
      "letters of no date",
      "@attribute x date 'qq'\n@data\n",
      /line 1 gives "x" dates of the pattern "qq".*"textColumns"/,
    ],
    ["a relational attribute", "@attribute bag relational\n@data\n", /line 1 gives "bag" the type relational/],
    ["a sparse column too many", `${header}{2 1}\n`, /line 5 has a sparse entry at "2"; columns are 0 to 1/],
  ];
  for (const [what, file, message] of wrong) {
    it(`names the line of ${what}`, () => {
      assert.throws(() => parseArff(file), (error) => {
        assert.ok(error instanceof FormatError, `${error}`);
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it("refuses options that are not known, and text that is not there", () => {
    assert.throws(() => parseArff("@data\n", { textcolumns: [] } as ArffOptions), { name: "OptionError" });
    assert.throws(() => parseArff(header, { textColumns: ["z"] }), /attribute "z" is missing; there are x, y/);
  });
});
