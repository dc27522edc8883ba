import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as core from "../../../solvers/core/mod.ts";
import * as factorization from "../../../solvers/factorization/mod.ts";
import * as graph from "../../../solvers/graph/mod.ts";
import * as library from "../../../mod.ts";
import * as quantization from "../../../solvers/quantization/mod.ts";
import * as regression from "../../../solvers/regression/mod.ts";

describe("subpaths", () => {
  for (const [name, system] of Object.entries({ factorization, graph, library, quantization, regression })) {
    it(`make matrices by the functions of the core, ${name}`, () => {
      for (const make of ["matrix", "fromRows", "toDense"] as const) assert.equal(system[make], core[make]);
    });
  }
});
