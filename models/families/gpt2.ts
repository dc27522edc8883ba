import { activationOf, type Family, headSizeOf, textTokens } from "./common.ts";

/** GPT-2: learned positions, layer norms, weights stored [inputs, outputs]. */
export const gpt2: Family = {
  types: ["gpt2"],
  describe(config, has) {
    const hidden = config.count(["n_embd", "hidden_size"]), heads = config.count(["n_head", "num_attention_heads"]);
    for (const name of ["scale_attn_by_inverse_layer_idx"]) {
      if (config.flag(name, false)) throw config.refuse(name, "is true, which is not known");
    }
    if (!config.flag("scale_attn_weights", true)) {
      throw config.refuse("scale_attn_weights", "is false, which is not known");
    }
    const root = has("transformer.wte.weight") ? "transformer." : "", embedding = `${root}wte`;
    return {
      family: "gpt2",
      blocks: config.count(["n_layer", "num_hidden_layers"]),
      hidden,
      intermediate: config.count("n_inner", 4 * hidden),
      heads,
      keyValueHeads: heads,
      headSize: headSizeOf(config, hidden, heads),
      vocabulary: config.count("vocab_size"),
      context: config.count(["n_positions", "max_position_embeddings"]),
      ...textTokens(config),
      norm: { centered: true, epsilon: config.number("layer_norm_epsilon", 1e-5) },
      positions: { kind: "learned", table: `${root}wpe`, offset: 0 },
      activation: activationOf(config, "activation_function", "gelu_new"),
      parallel: false,
      transposed: true,
      names: {
        embedding,
        finalNorm: `${root}ln_f`,
        head: has("lm_head.weight") ? "lm_head" : embedding,
        block(index) {
          const block = `${root}h.${index}.`;
          return {
            attentionNorm: `${block}ln_1`,
            feedForwardNorm: `${block}ln_2`,
            attention: [`${block}attn.c_attn`],
            output: `${block}attn.c_proj`,
            expand: [`${block}mlp.c_fc`],
            contract: `${block}mlp.c_proj`,
          };
        },
      },
    };
  },
};
