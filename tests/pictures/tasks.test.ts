import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { fromRows, InputError } from "../../mod.ts";
import { drawTaskAgreement, drawTaskCoefficients, drawTaskValidation } from "../../pictures/mod.ts";
import { checkPicture } from "./xml.ts";

const coefficients = fromRows([[0, 0, 0], [4, 2, 0], [-1, -1, -0.5]]);
const names = { features: ["rain", "sun", "wind"], tasks: ["north", "south", "west"] };

describe("pictures of tasks", () => {
  it("show the features that any task uses, as shares of the largest, and nothing where a task has none", () => {
    const picture = drawTaskCoefficients(coefficients, names);
    checkPicture(picture);
    assert.ok(
      picture.includes("sun, north: 1") && picture.includes("sun, south: 0.5") && picture.includes("wind, west: −0.5"),
    );
    assert.ok(!picture.includes("rain") && !picture.includes("sun, west"));
  });

  it("show how far tasks agree with their mean", () => {
    const picture = drawTaskAgreement(coefficients, names);
    assert.equal(checkPicture(picture).filter(({ name }) => name === "circle").length, 6);
    assert.match(picture, /mean of the tasks/);
  });

  it("show the errors by the price of what is shared, the chosen point marked", () => {
    const table = [2, 4].flatMap((support) =>
      [0, 1].flatMap((supportSharing) =>
        [0.1, 0.01].map((ridge) => ({
          support,
          supportSharing,
          valueSharing: 0,
          meanSquaredError: support + supportSharing + ridge,
          standardError: 0.1,
        }))
      )
    );
    const picture = drawTaskValidation(table, { best: 1, target: "growth" });
    checkPicture(picture);
    assert.ok(picture.includes("Cross-validation of growth"));
    assert.ok(picture.includes("supports shared 0") && picture.includes("supports shared 1"));
    const values = table.map((point) => ({ ...point, supportSharing: 0, valueSharing: point.supportSharing }));
    assert.match(drawTaskValidation(values, { best: 0 }), /values shared 1/);
    assert.match(
      drawTaskValidation([{ ...table[0], meanSquaredError: Infinity }, table[1]], { best: 1 }),
      /mean squared error/,
    );
  });

  it("refuse what has nothing to show", () => {
    for (const draw of [drawTaskCoefficients, drawTaskAgreement]) {
      assert.throws(
        () => draw(fromRows([[0, 0]])),
        (error) => error instanceof InputError && /no task uses/.test(error.message),
      );
    }
  });
});
