import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRandom } from "../../mod.ts";
import { fitsBeginning } from "../../models/checkpoints/name_patterns.ts";

describe("patterns of names in checkpoints", () => {
  it("fit as the engine's regular expressions do, on 4000 random ones", () => {
    const random = createRandom(7), pick = <T>(list: readonly T[]) => list[random.integer(list.length)];
    const atoms = "a b . \\. \\d \\w [ab] [^a.] [0-9] [a-c\\d.] ^ $ \\b [-a] é".split(" ");
    const repeats = ["", "", "", "*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "+?"];
    const term = (depth: number): string => {
      if (depth === 0 || random.uniform() < 0.6) return pick(atoms);
      return `${pick(["(", "(?:", "(?=", "(?!"])}${alternatives(depth - 1)})`;
    };
    const piece = (depth: number) => {
      const one = term(depth), isPlace = /^(?:[\^$]|\\b|\(\?[=!])/.test(one);
      return one + (isPlace ? "" : pick(repeats));
    };
    const sequence = (depth: number) => Array.from({ length: random.integer(4) }, () => piece(depth)).join("");
    const alternatives = (depth: number): string =>
      random.uniform() < 0.3 ? `${sequence(depth)}|${sequence(depth)}` : sequence(depth);
    let fitting = 0;
    for (let k = 0; k < 4000; k++) {
      const pattern = alternatives(2),
        name = Array.from({ length: random.integer(7) }, () => pick([..."ab.1é-"])).join("");
      const expected = new RegExp(`^(?:${pattern})`).test(name);
      assert.equal(fitsBeginning(pattern, name), expected, `${pattern} on ${name}`);
      if (expected) fitting++;
    }
    assert.ok(fitting > 1000 && fitting < 3900, `${fitting} of 4000 fit`);
  });

  it("fit what writers of checkpoints write", () => {
    const name = "model.layers.18.mlp.gate_proj";
    for (
      const pattern of [
        ".*\\.18\\..*gate.*",
        "model.layers.(1[0-9]|2[0-3])\\.",
        "^(?!.*lm_head).*$",
        ".*gate_proj$",
        "",
      ]
    ) {
      assert.ok(fitsBeginning(pattern, name), pattern);
    }
    for (const pattern of ["layers", ".*\\.19\\.", "(?!model)", ".*gate$"]) {
      assert.ok(!fitsBeginning(pattern, name), pattern);
    }
  });

  it("answer at once where backtracking would take for ever, or say that it is too much", () => {
    const name = "a".repeat(200), began = performance.now();
    for (const pattern of ["(a*)*b", "(a|a)*b", "(a|aa)+$b", ".*.*.*.*.*.*.*.*.*.*b", "((((a*)*)*)*)*b"]) {
      assert.equal(fitsBeginning(pattern, name), false, pattern);
    }
    assert.throws(() => fitsBeginning("(?:(?=(?:(?=.*b)|a)*c)|a)*d", name), /too much work/);
    assert.ok(performance.now() - began < 5000);
  });

  it("are refused where they cannot be read", () => {
    const refused = [
      "(",
      ")",
      "[a",
      "a**",
      "*a",
      "(?<=a)b",
      "(?i)a",
      "\\1",
      "\\p{L}",
      "a\\",
      "[b-a]",
      "a{300}",
      "a{2,1}",
    ];
    for (const pattern of [...refused, "a".repeat(5000), "(".repeat(40) + ")".repeat(40)]) {
      assert.throws(() => fitsBeginning(pattern, "a"), SyntaxError, pattern);
    }
  });
});
