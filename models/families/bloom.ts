import { linearBiasSlopes } from "../slopes.ts";
import { type Family, headSizeOf, interleavedRows, textTokens } from "./common.ts";

/** BLOOM: linear biases for positions, a norm behind the embedding, one layer for queries, keys and values by head. */
export const bloom: Family = {
  types: ["bloom"],
  describe(config, has) {
    const hidden = config.count(["hidden_size", "n_embed"]), heads = config.count(["n_head", "num_attention_heads"]);
    if (config.flag("apply_residual_connection_post_layernorm", false)) {
      throw config.refuse("apply_residual_connection_post_layernorm", "is true, which is not known");
    }
    const root = has("transformer.word_embeddings.weight") ? "transformer." : "",
      headSize = headSizeOf(config, hidden, heads);
    const embedding = `${root}word_embeddings`;
    return {
      family: "bloom",
      blocks: config.count(["n_layer", "num_hidden_layers"]),
      hidden,
      intermediate: 4 * hidden,
      heads,
      keyValueHeads: heads,
      headSize,
      vocabulary: config.count("vocab_size"),
      context: config.count("seq_length", 2048),
      ...textTokens(config),
      norm: { centered: true, epsilon: config.number("layer_norm_epsilon", 1e-5) },
      positions: { kind: "slopes", slopes: linearBiasSlopes(heads) },
      activation: "gelu-tanh",
      parallel: false,
      transposed: false,
      names: {
        embedding,
        embeddingNorm: `${root}word_embeddings_layernorm`,
        finalNorm: `${root}ln_f`,
        head: has("lm_head.weight") ? "lm_head" : embedding,
        block(index) {
          const block = `${root}h.${index}.`;
          return {
            attentionNorm: `${block}input_layernorm`,
            feedForwardNorm: `${block}post_attention_layernorm`,
            attention: [`${block}self_attention.query_key_value`],
            attentionRows: interleavedRows(heads, headSize),
            output: `${block}self_attention.dense`,
            expand: [`${block}mlp.dense_h_to_4h`],
            contract: `${block}mlp.dense_4h_to_h`,
          };
        },
      },
    };
  },
};
