import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { exportsOf } from "../../scripts/assembly_exports.ts";

describe("exports of AssemblyScript", () => {
  it("are functions with a type in their name, and marked generic ones", () => {
    const { typed, generics } = exportsOf(
      [
        "export function cholesky_f64(n: i32): void {}",
        "// exported for f32, f64",
        "export function scale<T>(n: i32, begin: i32, end: i32): void {}",
        "export function helper<T>(n: i32): void {}",
      ].join("\n"),
      "a.ts",
    );
    assert.deepEqual(typed, ["cholesky_f64"]);
    assert.deepEqual(generics.map(({ name, types }) => [name, types]), [["scale", ["f32", "f64"]]]);
  });

  it("are found below comments, with bounds of types and signatures over several lines", () => {
    const { generics } = exportsOf(
      [
        "// exported as axpy for f32, f32_f64",
        "/** Adds a multiple. */",
        "// Of which the first",
        "export function add<",
        "  T extends number,",
        "  U,",
        ">(",
        "  n: i32, alpha: U, // the multiple",
        "  /* where */ begin: i32,",
        "): T {",
      ].join("\n"),
      "a.ts",
    );
    assert.deepEqual(generics, [{
      name: "axpy",
      types: ["f32", "f32_f64"],
      own: "add",
      typeParameters: ["T", "U"],
      parameters: [{ label: "n", type: "i32" }, { label: "alpha", type: "U" }, { label: "begin", type: "i32" }],
      result: "T",
    }]);
  });

  for (
    const [wrong, text] of Object.entries({
      "no function": "// exported for f32\nconst a = 1;\n",
      "a function that is not exported": "// exported for f32\nfunction a<T>(): void {}\n",
      "a function that is not generic": "// exported for f32\nexport function a(): void {}\n",
      "an unknown type": "// exported for f16\nexport function a<T>(): void {}\n",
      "more types than type parameters": "// exported for f32_f64\nexport function a<T>(): void {}\n",
      "a default": "// exported for f32\nexport function a<T>(n: i32 = 1): void {}\n",
      "no types": "//exported\nexport function a<T>(): void {}\n",
      "no result": "// exported for f32\nexport function a<T>(n: i32) {}\n",
    })
  ) {
    it(`refuse a marker with ${wrong}, by file and line`, () => {
      assert.throws(
        () => exportsOf(`\n\n${text}`, "kernels/a.ts"),
        /^Error: kernels\/a\.ts:3: cannot use "\/\/ ?exported/,
      );
    });
  }
});
