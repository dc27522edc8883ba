import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { memoryUsage } from "../../solvers/core/mod.ts";
import { generate, generateTokens, loadModel, logits, perplexity } from "../../models/mod.ts";
import { models } from "../fixtures/models.ts";
import { dataPath, needsData, readDataText } from "../support/data.ts";
import { fixtureTensors, modelFiles } from "../support/models.ts";

const open = (name: string) => loadModel(modelFiles(models[name].config, fixtureTensors(models[name])));
const tokens = Uint32Array.from(models.llama.tokens);

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe("perplexity", () => {
  it("is the mean of what the logits say of the next tokens", async () => {
    const model = await open("qwen2"), { data, shape: [, width] } = await logits(model, tokens);
    let sum = 0;
    for (let i = 0; i + 1 < tokens.length; i++) {
      const row = Array.from(data.subarray(i * width, (i + 1) * width)), most = Math.max(...row);
      sum += Math.log(row.reduce((total, logit) => total + Math.exp(logit - most), 0)) + most - row[tokens[i + 1]];
    }
    const found = await perplexity(model, [tokens]);
    assert.equal(found.tokens, tokens.length - 1);
    assert.ok(Math.abs(found.negativeLogLikelihood - sum) < 1e-4 * sum, `${found.negativeLogLikelihood}, ${sum}`);
    assert.ok(Math.abs(found.perplexity - Math.exp(sum / found.tokens)) < 1e-3 * found.perplexity);
  });

  it("takes sequences apart: together they are what they are one by one, on any number of threads", async () => {
    const model = await open("llama"), sequences = [tokens, tokens.slice(3, 5), tokens.slice(2), Uint32Array.of(4)];
    let sum = 0;
    for (const sequence of sequences.slice(0, 3)) sum += (await perplexity(model, [sequence])).negativeLogLikelihood;
    const together = await perplexity(model, sequences);
    assert.ok(Math.abs(together.negativeLogLikelihood - sum) < 1e-5 * sum);
    assert.equal(together.tokens, 10 + 1 + 8);
    assert.deepEqual(await perplexity(model, sequences, { threads: 1 }), together);
  });

  it("cuts sequences at the context length", async () => {
    const model = await open("llama"), long = new Uint32Array(50).map((_, k) => k % 29);
    assert.equal((await perplexity(model, [long])).tokens, 31);
  });

  it("refuses what it cannot use, and lets go of memory on abort", async () => {
    const model = await open("gpt2"), { used } = memoryUsage();
    await assert.rejects(
      perplexity(model, [Uint32Array.of(1, 29)]),
      /"sequences\[0\]": it has the token 29 at 1, and the model has 29/,
    );
    await assert.rejects(perplexity(model, [Uint32Array.of(1)]), /no sequence has two tokens or more/);
    await assert.rejects(
      perplexity(model, ["text"]),
      /text needs a tokenizer, and the files has no tokenizer\.json|text needs a tokenizer/,
    );
    await assert.rejects(perplexity(model, "text" as never), /"sequences": expected an array/);
    await assert.rejects(perplexity(model, [tokens], { thread: 1 } as never), /"thread"/);
    const stop = new AbortController();
    const under = perplexity(model, [tokens], {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error("enough")),
    });
    await assert.rejects(under, /enough/);
    assert.equal(memoryUsage().used, used);
  });

  it("of stories260k is that of the reference", needsData("stories260k"), async () => {
    const model = await loadModel(dataPath("stories260k"));
    const lines = (await readDataText("stories260k/evaluation.txt")).split("\n").filter(Boolean);
    const found = await perplexity(model, lines);
    assert.ok(Math.abs(found.perplexity / 5.36341 - 1) < 1e-5, `${found.perplexity}`);
    assert.equal(found.tokens, 2555);
  });
});

describe("generate", () => {
  for (const name of ["llama", "qwen3", "bloom", "falcon-grouped", "gpt2", "mistral"]) {
    it(`of ${name} with its cache takes what the logits of the whole sequence say`, async () => {
      const model = await open(name), start = tokens.slice(0, 3), expected: number[] = [];
      const ends = model.architecture.endTokens;
      for (let sequence = [...start]; expected.length < 6;) {
        const { data, shape: [rows, width] } = await logits(model, Uint32Array.from(sequence));
        const last = Array.from(data.subarray((rows - 1) * width)), token = last.indexOf(Math.max(...last));
        if (ends.includes(token)) break;
        expected.push(token);
        sequence = [...sequence, token];
      }
      assert.deepEqual(await all(generateTokens(model, start, { tokens: 6 })), expected);
    });
  }

  it("draws the same for a seed, and as often as the probabilities say", async () => {
    const model = await open("opt"), start = tokens.slice(0, 4);
    const first = await all(generateTokens(model, start, { tokens: 12, seed: 5 }));
    assert.deepEqual(await all(generateTokens(model, start, { tokens: 12, seed: 5 })), first);
    const counts = new Float64Array(29), draws = 400;
    for (let seed = 0; seed < draws; seed++) {
      const [token] = await all(generateTokens(model, start, { tokens: 1, seed }));
      if (token !== undefined) counts[token]++;
    }
    const row = Array.from((await logits(model, start)).data.slice(-29)), most = Math.max(...row);
    const weights = row.map((logit) => Math.exp(logit - most)),
      total = weights.reduce((sum, weight) => sum + weight, 0);
    // Chi-squared of 28 degrees of freedom: above 70 once in some 50,000 times; end tokens are not told.
    const distance = weights.reduce((sum, weight, token) => {
      const expected = draws * weight / total;
      return model.architecture.endTokens.includes(token) ? sum : sum + (counts[token] - expected) ** 2 / expected;
    }, 0);
    assert.ok(distance < 70, `${distance}`);
  });

  it("ends where the context is full, and lets go of memory when it is left", async () => {
    const model = await open("llama"), { used } = memoryUsage();
    const found = await all(
      generateTokens({ ...model, architecture: { ...model.architecture, endTokens: [] } }, tokens, { tokens: 100 }),
    );
    assert.equal(found.length, 32 - tokens.length);
    for await (const _ of generateTokens(model, tokens, { tokens: 9 })) break;
    assert.equal(memoryUsage().used, used);
    await assert.rejects(
      all(generateTokens(model, new Uint32Array(0), { tokens: 1 })),
      /it has 0 tokens, and 1 to 31 are needed/,
    );
    await assert.rejects(all(generate(model, tokens, { tokens: 1 })), /"model" has no tokenizer/);
  });

  it("tells the story of stories260k", needsData("stories260k"), async () => {
    const model = await loadModel(dataPath("stories260k"));
    const text = (await all(generate(model, "Once upon a time", { tokens: 60 }))).join("");
    assert.equal(
      text,
      ", there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. " +
        "She wanted to play with it, but it was too high.\nLily",
    );
  });
});
