import { activationOf, type Family, headSizeOf, textTokens } from "./common.ts";

/** OPT: learned positions that begin at row 2, layer norms before each part. */
export const opt: Family = {
  types: ["opt"],
  describe(config, has) {
    const hidden = config.count("hidden_size"), heads = config.count("num_attention_heads");
    if (!config.flag("do_layer_norm_before", true)) {
      throw config.refuse("do_layer_norm_before", "is false: norms behind each part are not known");
    }
    if (config.count("word_embed_proj_dim", hidden) !== hidden) {
      throw config.refuse(
        "word_embed_proj_dim",
        `is not the hidden size ${hidden}: projected embeddings are not known`,
      );
    }
    const root = ["model.decoder.", "decoder.", ""].find((root) => has(`${root}embed_tokens.weight`)) ??
      "model.decoder.";
    const embedding = `${root}embed_tokens`, tied = config.flag("tie_word_embeddings", true);
    return {
      family: "opt",
      blocks: config.count("num_hidden_layers"),
      hidden,
      intermediate: config.count("ffn_dim"),
      heads,
      keyValueHeads: heads,
      headSize: headSizeOf(config, hidden, heads),
      vocabulary: config.count("vocab_size"),
      context: config.count("max_position_embeddings"),
      ...textTokens(config),
      norm: { centered: true, epsilon: 1e-5 },
      positions: { kind: "learned", table: `${root}embed_positions`, offset: 2 },
      activation: activationOf(config, "activation_function", "relu"),
      parallel: false,
      transposed: false,
      names: {
        embedding,
        finalNorm: `${root}final_layer_norm`,
        head: tied || !has("lm_head.weight") ? embedding : "lm_head",
        block(index) {
          const block = `${root}layers.${index}.`, attention = `${block}self_attn.`;
          return {
            attentionNorm: `${block}self_attn_layer_norm`,
            feedForwardNorm: `${block}final_layer_norm`,
            attention: ["q_proj", "k_proj", "v_proj"].map((part) => attention + part),
            output: `${attention}out_proj`,
            expand: [`${block}fc1`],
            contract: `${block}fc2`,
          };
        },
      },
    };
  },
};
