import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { sourceFiles } from "../../scripts/sources.ts";

/** Each pattern is written so that this file does not match it. */
const forbidden: { readonly [what: string]: RegExp } = {
  "a path of one machine": /(?<![\w.*])\/(?:home|Users|root|work|tmp)\/[\w.]/,
  "a registry host": /r[e]gistry\.(?:npmjs|yarnpkg|npmmirror)/,
  "unfinished work": /\b(?:TO[D]O|FIX[M]E|X[X]X)\b|not (?:yet )implemented/i,
  "a silenced check": /@ts-(?:ignore|nocheck)|deno-lint-ignore-f[i]le|\b(?:it|describe|test)\.only\(/,
};

const binary = /\.(wasm|npy|bin|safetensors|png|ico|woff2|gz|zip)$/;

describe("files", () => {
  const texts = sourceFiles()
    .filter((path) => !binary.test(path) && !path.includes("/dist/"))
    .map((path) => ({ path, lines: Deno.readTextFileSync(path).split("\n") }));

  for (const [what, pattern] of Object.entries(forbidden)) {
    it(`hold no ${what.replace(/^an? /, "")}`, () => {
      const found = texts.flatMap(({ path, lines }) =>
        lines.flatMap((line, i) => pattern.test(line) ? [`${path}:${i + 1}: ${line.trim().slice(0, 120)}`] : [])
      );
      assert.deepEqual(found, []);
    });
  }
});
