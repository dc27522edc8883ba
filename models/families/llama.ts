import { rotaryPositions } from "../rotary.ts";
import { activationOf, type Family, headSizeOf, textTokens } from "./common.ts";

/**
 * Llama and what follows it: root-mean-square norms, rotary positions, shared key-value heads, a gated feed-forward part.
 * Biases are there where the checkpoint has them (Qwen2), and so are norms of heads (Qwen3).
 */
export const llama: Family = {
  types: ["llama", "mistral", "qwen2", "qwen3"],
  describe(config, has) {
    const hidden = config.count("hidden_size"), heads = config.count("num_attention_heads");
    const family = config.text("model_type"), blocks = config.count("num_hidden_layers");
    const given = config.value("head_dim") === undefined ? undefined : config.count("head_dim");
    const headSize = headSizeOf(config, hidden, heads, given);
    const keyValueHeads = config.count("num_key_value_heads", heads);
    if (heads % keyValueHeads !== 0) {
      throw config.refuse("num_key_value_heads", `is ${keyValueHeads}, which does not divide the ${heads} heads`);
    }
    const context = config.count("max_position_embeddings", 2048);
    const root = has("model.embed_tokens.weight") ? "model." : "",
      normed = has(`${root}layers.0.self_attn.q_norm.weight`);
    const embedding = `${root}embed_tokens`, tied = config.flag("tie_word_embeddings", false);
    return {
      family,
      blocks,
      hidden,
      intermediate: config.count("intermediate_size"),
      heads,
      keyValueHeads,
      headSize,
      vocabulary: config.count("vocab_size"),
      context,
      ...textTokens(config),
      norm: { centered: false, epsilon: config.number("rms_norm_eps", 1e-6) },
      positions: rotaryPositions(config, headSize, context),
      activation: activationOf(config, "hidden_act", "silu"),
      parallel: false,
      window: windows(),
      transposed: false,
      names: {
        embedding,
        finalNorm: `${root}norm`,
        head: tied || !has("lm_head.weight") ? embedding : "lm_head",
        block(index) {
          const block = `${root}layers.${index}.`, attention = `${block}self_attn.`, feedForward = `${block}mlp.`;
          return {
            attentionNorm: `${block}input_layernorm`,
            feedForwardNorm: `${block}post_attention_layernorm`,
            ...normed && { queryNorm: `${attention}q_norm`, keyNorm: `${attention}k_norm` },
            attention: ["q_proj", "k_proj", "v_proj"].map((part) => attention + part),
            output: `${attention}o_proj`,
            expand: [`${feedForward}gate_proj`, `${feedForward}up_proj`],
            contract: `${feedForward}down_proj`,
          };
        },
      },
    };

    function windows(): ((block: number) => number | undefined) | undefined {
      const slides = config.flag("use_sliding_window", family === "mistral");
      if (!slides || config.value("sliding_window") === undefined) return undefined;
      const size = config.count("sliding_window"), types = config.value("layer_types");
      if (Array.isArray(types)) return (block) => types[block] === "sliding_attention" ? size : undefined;
      const first = family === "mistral" ? 0 : config.number("max_window_layers", 0);
      return (block) => block >= first ? size : undefined;
    }
  },
};
