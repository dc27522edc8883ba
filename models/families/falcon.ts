import { rotaryPositions } from "../rotary.ts";
import { linearBiasSlopes } from "../slopes.ts";
import { activationOf, type Family, headSizeOf, interleavedRows, textTokens } from "./common.ts";

/**
 * Falcon: attention and feed-forward part side by side, one or a few heads of keys and values, rotary positions or linear
 * biases. The reference rounds those biases to bfloat16; here they are exact.
 */
export const falcon: Family = {
  types: ["falcon"],
  describe(config, has) {
    const hidden = config.count(["hidden_size", "n_embed"]), heads = config.count(["num_attention_heads", "n_head"]);
    const headSize = headSizeOf(config, hidden, heads), grouped = config.flag("new_decoder_architecture", false);
    const single = !grouped && config.flag("multi_query", true),
      parallel = config.flag("parallel_attn", true) || grouped;
    const keyValueHeads = grouped ? config.count(["num_kv_heads", "n_head_kv"], heads) : single ? 1 : heads;
    if (heads % keyValueHeads !== 0) {
      throw config.refuse("num_kv_heads", `is ${keyValueHeads}, which does not divide the ${heads} heads`);
    }
    const root = has("transformer.word_embeddings.weight") ? "transformer." : "", embedding = `${root}word_embeddings`;
    const twoNorms = grouped && config.count("num_ln_in_parallel_attn", 2) === 2;
    const context = config.count("max_position_embeddings", 2048), shared = heads / keyValueHeads;
    return {
      family: "falcon",
      blocks: config.count(["num_hidden_layers", "n_layer"]),
      hidden,
      intermediate: config.count("ffn_hidden_size", 4 * hidden),
      heads,
      keyValueHeads,
      headSize,
      vocabulary: config.count("vocab_size"),
      context,
      ...textTokens(config),
      norm: { centered: true, epsilon: config.number("layer_norm_epsilon", 1e-5) },
      positions: config.flag("alibi", false)
        ? { kind: "slopes", slopes: linearBiasSlopes(heads, 1 / Math.sqrt(headSize)) }
        : rotaryPositions(config, headSize, context),
      activation: activationOf(config, "activation", "gelu"),
      parallel,
      transposed: false,
      names: {
        embedding,
        finalNorm: `${root}ln_f`,
        head: config.flag("tie_word_embeddings", true) || !has("lm_head.weight") ? embedding : "lm_head",
        block(index) {
          const block = `${root}h.${index}.`;
          return {
            attentionNorm: twoNorms ? `${block}ln_attn` : `${block}input_layernorm`,
            ...twoNorms && { feedForwardNorm: `${block}ln_mlp` },
            ...!parallel && { feedForwardNorm: `${block}post_attention_layernorm` },
            attention: [`${block}self_attention.query_key_value`],
            attentionRows: grouped ? groupedRows() : single ? undefined : interleavedRows(heads, headSize),
            output: `${block}self_attention.dense`,
            expand: [`${block}mlp.dense_h_to_4h`],
            contract: `${block}mlp.dense_4h_to_h`,
          };
        },
      },
    };

    /** Rows come as [key-value heads, heads that share them + 2, head size]. */
    function groupedRows(): Uint32Array {
      const queries = heads * headSize, keys = keyValueHeads * headSize;
      return Uint32Array.from({ length: queries + 2 * keys }, (_, row) => {
        const part = row < queries ? 0 : row < queries + keys ? 1 : 2;
        const head = Math.floor((row - [0, queries, queries + keys][part]) / headSize);
        const group = part === 0 ? Math.floor(head / shared) : head,
          place = part === 0 ? head % shared : shared + part - 1;
        return ((shared + 2) * group + place) * headSize + row % headSize;
      });
    }
  },
};
