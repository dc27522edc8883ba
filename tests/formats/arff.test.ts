import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FormatError, parseArff } from "../../mod.ts";

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

  const header = "@relation r\n@attribute x numeric\n@attribute y {a,b}\n@data\n";
  const wrong: [string, string, RegExp][] = [
    ["no data", "@relation r\n@attribute x numeric\n", /the file has no @data/],
    ["an unknown keyword", "@relation r\n@atribute x numeric\n@data\n", /line 2 must be @relation/],
    ["an attribute without type", "@attribute x\n@data\n", /line 1 must be @attribute NAME TYPE/],
    ["an attribute of text", "@attribute x string\n@data\n", /line 1 gives "x" the type string/],
    ["a short row", `${header}1\n`, /line 5 has 1 values for 2 attributes/],
    ["an unknown value", `${header}1,c\n`, /line 5 has "c" for "y", which is \{a,b\}/],
    ["text for a number", `${header}1x,a\n`, /line 5 has "1x" for "x", which is numeric/],
    ["an empty number", `${header},a\n`, /line 5 has "" for "x"/],
    ["an open quote", `${header}1,'a\n`, /line 5 opens a quote/],
    ["text after a quote", `${header}1,'a'b\n`, /line 5 has b where , belongs/],
    ["an open sparse row", `${header}{0 1\n`, /line 5 opens a sparse row/],
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
});
