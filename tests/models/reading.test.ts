import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { decodeBfloat16, decodeFloat16 } from "../../formats/mod.ts";
import { linearLayers, loadModel, logits } from "../../models/mod.ts";
import { readTokenizer } from "../../models/tokenizer.ts";
import { models } from "../fixtures/models.ts";
import { fixtureTensors, modelFiles, narrowed, wordTokenizer } from "../support/models.ts";
import { dataPath, needsData, readData, readDataText } from "../support/data.ts";

const fixture = models.llama, tensors = fixtureTensors(fixture), tokens = Uint32Array.from(fixture.tokens);
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

async function problem(files: Map<string, Uint8Array>): Promise<string> {
  try {
    await loadModel(files);
  } catch (error) {
    assert.equal((error as Error).name, "FormatError", String(error));
    return (error as Error).message;
  }
  throw new Error("it loads");
}

describe("loadModel", () => {
  it("reads shards and one file alike, and lists the layers", async () => {
    const one = await loadModel(modelFiles(fixture.config, tensors));
    const parts = await loadModel(modelFiles(fixture.config, tensors, 3));
    assert.deepEqual((await logits(parts, tokens)).data, (await logits(one, tokens)).data);
    assert.equal(linearLayers(one.architecture).length, 14);
    assert.deepEqual(linearLayers(one.architecture)[1], {
      name: "model.layers.0.self_attn.k_proj",
      block: 0,
      outputs: 8,
      inputs: 16,
    });
  });

  for (const dtype of ["F16", "BF16"] as const) {
    it(`computes with ${dtype} as with the numbers that it stands for`, async () => {
      const narrow = new Map([...tensors].map(([name, tensor]) => [name, narrowed(tensor, dtype)]));
      const wide = new Map([...narrow].map(([name, { shape, data }]) => {
        const bits = data as Uint16Array;
        return [name, { shape, data: dtype === "F16" ? decodeFloat16(bits) : decodeBfloat16(bits) }];
      }));
      const [one, other] = [narrow, wide].map((tensors) => loadModel(modelFiles(fixture.config, tensors)));
      assert.deepEqual((await logits(await one, tokens)).data, (await logits(await other, tokens)).data);
    });
  }

  it("reads picked files", async () => {
    const files = [...modelFiles(fixture.config, tensors, 2)].map(([name, bytes]) =>
      new File([bytes as Uint8Array<ArrayBuffer>], name)
    );
    assert.equal((await logits(await loadModel(files), tokens)).shape[1], 29);
  });

  it("names a file that is missing, cut short or damaged", async () => {
    const files = modelFiles(fixture.config, tensors, 2), shard = "model-2-of-2.safetensors", bytes = files.get(shard)!;
    const without = new Map(files);
    without.delete(shard);
    assert.match(
      await problem(without),
      /model-2-of-2\.safetensors is missing in the files, though the index names it/,
    );
    assert.match(
      await problem(new Map(files).set(shard, bytes.subarray(0, bytes.length - 4))),
      /^model-2-of-2\.safetensors: .*truncated/,
    );
    assert.match(
      await problem(new Map(files).set(shard, bytes.subarray(0, 5))),
      /^model-2-of-2\.safetensors: .*header length/,
    );
    assert.match(await problem(new Map([["model.safetensors", bytes]])), /config\.json is missing in the files/);
    assert.match(await problem(new Map(files).set("config.json", json([1]))), /config\.json must be an object/);
    const index = { weight_map: { "model.norm.weight": "../secret.safetensors" } };
    assert.match(
      await problem(new Map(files).set("model.safetensors.index.json", json(index))),
      /gives "model.norm.weight" the file/,
    );
    const swapped = { weight_map: { "model.norm.weight": "model-1-of-2.safetensors", nothing: shard } };
    assert.match(
      await problem(new Map(files).set("model.safetensors.index.json", json(swapped))),
      /lacks the tensor "nothing"|lacks the tensor "model/,
    );
  });

  it("names what it does not know, and what does not fit together", async () => {
    const config = JSON.parse(fixture.config), change = (part: object) => modelFiles({ ...config, ...part }, tensors);
    assert.match(await problem(change({ model_type: "mamba" })), /"model_type" is "mamba"; known are llama, mistral/);
    assert.match(
      await problem(change({ hidden_size: "64" })),
      /"hidden_size" must be a whole number from 1, and is "64"/,
    );
    assert.match(await problem(change({ hidden_size: null })), /"hidden_size" is missing/);
    assert.match(
      await problem(change({ intermediate_size: 24 })),
      /gate_proj\.weight" is \[20,16\], but config\.json asks for \[24,16\]/,
    );
    assert.match(await problem(change({ num_hidden_layers: 3 })), /tensor "model\.layers\.2\..*" is missing/);
    assert.match(await problem(change({ num_key_value_heads: 3 })), /is 3, which does not divide the 4 heads/);
    assert.match(await problem(change({ hidden_act: "mish" })), /"hidden_act" is "mish"; silu/);
    const rotary = { rope_parameters: { rope_type: "longrope", rope_theta: 1 } };
    assert.match(await problem(change(rotary)), /"rope_type" is "longrope"; default, linear/);
  });

  it("refuses a tokenizer that does not fit, and takes one that does", async () => {
    const files = modelFiles(fixture.config, tensors);
    assert.match(
      await problem(new Map(files).set("tokenizer.json", json(wordTokenizer(40)))),
      /tokenizer\.json does not fit: it has the token 39, and the model has embeddings for 29/,
    );
    assert.match(
      await problem(new Map(files).set("tokenizer.json", json({ model: 1 }))),
      /tokenizer\.json cannot be used/,
    );
    const model = await loadModel(new Map(files).set("tokenizer.json", json(wordTokenizer(29))));
    // With the beginning token of the configuration, which this tokenizer does not add.
    assert.deepEqual([...model.tokenizer!.encode("w5 w7 w11")], [1, 5, 7, 11]);
    const without = new Map(files).set("tokenizer.json", json(wordTokenizer(29)))
      .set("tokenizer_config.json", json({ add_bos_token: false }));
    assert.deepEqual([...(await loadModel(without)).tokenizer!.encode("w5")], [5]);
  });

  it("says where a folder is wrong", async () => {
    await assert.rejects(loadModel("no/such/folder"), /no\/such\/folder does not exist/);
    await assert.rejects(loadModel({ hub: "no owner" }), /expected "hub" as owner\/name/);
    await assert.rejects(
      loadModel(7 as unknown as string),
      /"source" must be a folder, files or \{ hub: "owner\/name" \}, received 7/,
    );
  });

  it("reads from the hub by its client", async () => {
    const files = modelFiles(fixture.config, tensors), asked: string[] = [];
    const answer = (input: string | URL | Request, init?: RequestInit) => {
      const request = new Request(input, init),
        name = new URL(request.url).pathname.split("/").at(-1)!,
        bytes = files.get(name);
      asked.push(`${request.method} ${new URL(request.url).pathname}`);
      if (!bytes) {
        return Promise.resolve(new Response("", { status: 404, headers: { "x-error-code": "EntryNotFound" } }));
      }
      const [, begin, end] = /bytes=(\d+)-(\d+)/.exec(request.headers.get("range") ?? "") ?? [];
      const from = Number(begin ?? 0), to = Math.min(bytes.length, end === undefined ? Infinity : Number(end) + 1);
      return Promise.resolve(
        new Response(bytes.slice(from, to), {
          status: begin === undefined ? 200 : 206,
          headers: {
            "content-range": `bytes ${from}-${to - 1}/${bytes.length}`,
            "content-length": `${to - from}`,
            etag: '"1"',
          },
        }),
      );
    };
    const model = await loadModel({ hub: "owner/tiny", fetch: answer });
    assert.equal((await logits(model, tokens)).shape[0], tokens.length);
    assert.ok(asked.some((line) => line.includes("/owner/tiny/resolve/main/model.safetensors")), asked.join("\n"));
  });

  it("gives the reference's tokens for real text", needsData("stories260k"), async () => {
    const files = new Map<string, Uint8Array>();
    for (const name of ["tokenizer.json", "tokenizer_config.json"]) {
      files.set(name, await readData(`stories260k/${name}`));
    }
    const place = { place: "here", open: (name: string) => Promise.resolve(accessOf(files.get(name))) };
    const { architecture } = await loadModel(dataPath("stories260k")),
      tokenizer = await readTokenizer(place, architecture);
    const count = async (file: string) =>
      (await readDataText(`stories260k/${file}.txt`)).split("\n").filter(Boolean)
        .reduce((sum, line) => sum + Math.min(512, tokenizer!.encode(line).length), 0);
    assert.deepEqual([await count("calibration"), await count("evaluation")], [4262, 2560]);
    assert.deepEqual([...tokenizer!.encode("Once upon a time")], [1, 403, 407, 261, 378]);
    assert.equal(tokenizer!.decode([1, 403, 407, 261, 378]).trim(), "Once upon a time");
  });
});

function accessOf(bytes: Uint8Array | undefined) {
  if (!bytes) return undefined;
  return { size: bytes.length, read: (at: number, length: number) => Promise.resolve(bytes.slice(at, at + length)) };
}
