import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  generateTokens,
  type LanguageModel,
  loadModel,
  logits,
  type ModelLike,
  quantizeModel,
  saveGguf,
  serializeSafetensors,
} from "../../mod.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { readLines } from "../../tests/fixtures/stories.ts";
import { type Case, type Cell, leftOut, type Target } from "../case.ts";
import { type LlamaCpp, openLlamaCpp } from "../peers/llama_cpp.ts";
import { dataFolder, withoutData } from "../real_data.ts";

/** Tokens that are compared of each text, and generated. */
const compared = 128, generated = 60;

/** How a model is saved: not quantised, in f32 or f16, or for GGUF at so many bits. */
const ways = [
  { name: "F32", dense: "f32" },
  { name: "F16", dense: "f16" },
  { name: "8 bits", dense: "f32", bits: 8, symmetric: true },
  { name: "4 bits, symmetric", dense: "f32", bits: 4, symmetric: true },
  { name: "4 bits", dense: "f32", bits: 4, symmetric: false },
  { name: "3 bits", dense: "f32", bits: 3, symmetric: false },
] as const;

/** Whether what llama.cpp computes of the files that we write is what we compute. */
export const ggufCase: Case = {
  question: "Does llama.cpp compute from a GGUF file what this library computes from the weights that it holds?",
  async run({ quick, seed, progress }) {
    if (!dataFolder) return leftOut(withoutData);
    const peer = await openLlamaCpp();
    if (typeof peer === "string") return leftOut(peer);
    const folder = await mkdtemp(join(tmpdir(), "minima-gguf-")), rows: Cell[][] = [], targets: Target[] = [];
    try {
      const stories = await loadModel(`${dataFolder}/stories260k`);
      const models = { "stories260k": stories, "random, 256 / 768": await randomModel(stories, seed) };
      for (const [title, model] of Object.entries(models)) {
        for (const { name, dense, ...options } of quick ? ways.slice(0, 3) : ways) {
          progress(`${title}, ${name}`);
          const calibration = await readLines("calibration");
          const saved: ModelLike = "bits" in options
            ? await quantizeModel(model, { calibration, format: "gguf", iterations: 2, seed, ...options })
            : model;
          const path = join(folder, `${rows.length}.gguf`), { layers } = await saveGguf(saved, path, { dense });
          const found = await compare(peer, path, quick);
          const types = [...new Set(layers.map(({ type }) => type))].join(", ");
          rows.push([title, name, types || null, ...Object.values(found)]);
          const what = `${title}, ${name}`;
          targets.push({
            name: `${what}: lines cut into the same tokens`,
            value: found.sameTokens,
            limit: 1,
            sense: "at least",
          });
          if (name !== "F32") continue;
          targets.push({ name: `${what}: largest difference`, value: found.worst, limit: 1e-3, sense: "at most" });
          targets.push({ name: `${what}: generated alike`, value: found.alike, limit: generated, sense: "at least" });
        }
      }
    } finally {
      await peer.close();
      await rm(folder, { recursive: true, force: true });
    }
    return {
      tables: [{
        title: `Logarithms of probabilities, ${peer.name} and \`logits\` of the same file`,
        columns: [
          "model",
          "saved as",
          "types",
          "largest difference",
          "root of mean square",
          "perplexity here",
          "perplexity there",
          `tokens alike of ${generated}`,
          "lines cut alike",
        ],
        rows,
      }],
      targets,
      notes: [
        "llama.cpp rounds activations to 8 bits, in blocks as large as those of the weights, before it multiplies them with " +
        "blocks of codes, and to f16 before f16: there it differs from products in f32, whatever the weights. With weights in " +
        "f32 it does not.",
        `Perplexities are of the first ${compared} tokens of each story, from logarithms of either side.`,
      ],
    };
  },
};

/** Compares the two on the evaluation's lines, and on what they generate. */
async function compare(peer: LlamaCpp, path: string, quick: boolean) {
  const model = await loadModel(path), { vocabulary } = model.architecture;
  const running = await peer.open(path, 512), lines = await readLines("evaluation");
  try {
    let worst = 0, squares = 0, count = 0, same = 0, here = 0, there = 0, predicted = 0;
    for (const line of quick ? lines.slice(0, 1) : lines) {
      const all = [...model.tokenizer!.encode(line)], tokens = all.slice(0, compared);
      if (running.tokenize(line).join() === all.join()) same++;
      const own = await logits(model, Uint32Array.from(tokens)),
        other = await running.logProbabilities(tokens, vocabulary);
      for (let i = 0; i < tokens.length; i++) {
        const row = Float64Array.from(own.data.subarray(i * vocabulary, (i + 1) * vocabulary));
        const most = row.reduce((a, b) => Math.max(a, b)), sum = row.reduce((a, b) => a + Math.exp(b - most), 0);
        for (let token = 0; token < vocabulary; token++) {
          const log = row[token] - most - Math.log(sum), off = Math.abs(log - other[i * vocabulary + token]);
          worst = Math.max(worst, off);
          squares += off * off;
          count++;
          if (token !== tokens[i + 1]) continue;
          here -= log;
          there -= other[i * vocabulary + token];
          predicted++;
        }
      }
    }
    const prompt = model.tokenizer!.encode("Once upon a time"), own: number[] = [];
    for await (const token of generateTokens(model, prompt, { tokens: generated })) own.push(token);
    const other = await running.continue([...prompt], generated);
    const first = own.findIndex((token, at) => token !== other[at]);
    return {
      worst,
      rms: Math.sqrt(squares / count),
      here: Math.exp(here / predicted),
      there: Math.exp(there / predicted),
      alike: first < 0 ? own.length : first,
      sameTokens: same / (quick ? 1 : lines.length),
    };
  } finally {
    await running.close();
  }
}

/** A Llama of random weights, 256 wide and 768 inside, with the vocabulary of another model. */
async function randomModel({ files, architecture }: LanguageModel, seed: number): Promise<LanguageModel> {
  const { normal } = createRandom(seed),
    hidden = 256,
    inner = 768,
    blocks = 4,
    { vocabulary, beginningToken } = architecture;
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  const add = (name: string, deviation: number, ...shape: number[]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const data = Float32Array.from(
      { length: size },
      () => shape.length === 1 ? 1 + 0.1 * normal() : deviation * normal(),
    );
    tensors.set(`${name}.weight`, { shape, data });
  };
  add("model.embed_tokens", 1, vocabulary, hidden);
  add("lm_head", 3 / Math.sqrt(hidden), vocabulary, hidden);
  add("model.norm", 1, hidden);
  for (let block = 0; block < blocks; block++) {
    const root = `model.layers.${block}.`;
    for (const norm of ["input_layernorm", "post_attention_layernorm"]) add(root + norm, 1, hidden);
    for (const [part, outputs] of [["q", 256], ["k", 128], ["v", 128], ["o", 256]] as const) {
      add(`${root}self_attn.${part}_proj`, 1 / Math.sqrt(hidden), outputs, hidden);
    }
    for (const part of ["gate", "up"]) add(`${root}mlp.${part}_proj`, 1 / Math.sqrt(hidden), inner, hidden);
    add(`${root}mlp.down_proj`, 1 / Math.sqrt(inner), hidden, inner);
  }
  const config = {
    model_type: "llama",
    hidden_size: hidden,
    intermediate_size: inner,
    num_hidden_layers: blocks,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    vocab_size: vocabulary,
    max_position_embeddings: 512,
    rms_norm_eps: 1e-5,
    bos_token_id: beginningToken,
  };
  const all = new Map<string, Uint8Array>([
    ["config.json", new TextEncoder().encode(JSON.stringify(config))],
    ["model.safetensors", serializeSafetensors(tensors)],
  ]);
  for (const name of ["tokenizer.json", "tokenizer_config.json"]) {
    const file = await files.open(name);
    if (file) all.set(name, await file.read(0, file.size));
  }
  return await loadModel(all);
}
