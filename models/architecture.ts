/** What a decoder of transformers is made of: the one description that every family gives and the forward pass reads. */

/** Sizes and parts of a decoder. */
export interface Architecture {
  /** `model_type` of its configuration, such as `llama`. */
  readonly family: string;
  /** Number of blocks. */
  readonly blocks: number;
  /** Width of the activations between blocks. */
  readonly hidden: number;
  /** Width of the activations inside the feed-forward part. */
  readonly intermediate: number;
  /** Heads of the queries. */
  readonly heads: number;
  /** Heads of keys and values; divides `heads`. */
  readonly keyValueHeads: number;
  /** Columns of a head. */
  readonly headSize: number;
  /** Number of tokens that have an embedding. */
  readonly vocabulary: number;
  /** Most tokens of a sequence. */
  readonly context: number;
  /** Token that sequences begin with, where there is one. */
  readonly beginningToken?: number;
  /** Tokens that end a text. */
  readonly endTokens: readonly number[];
  /** The norms: with means taken away or not, and what is added to the variance. */
  readonly norm: { readonly centered: boolean; readonly epsilon: number };
  /** How positions enter. */
  readonly positions: Positions;
  /** The function between the layers of the feed-forward part. */
  readonly activation: "silu" | "gelu" | "gelu-tanh" | "relu";
  /** Attention and feed-forward part read the same activations, instead of one after the other. */
  readonly parallel: boolean;
  /** Most keys that a query sees in a block; all where it is left out. */
  readonly window?: (block: number) => number | undefined;
  /** Weights are stored [inputs, outputs]. */
  readonly transposed: boolean;
  /** Names of the tensors. */
  readonly names: ModelNames;
}

/** How positions enter. */
export type Positions =
  | Rotary
  | { readonly kind: "learned"; readonly table: string; readonly offset: number }
  | { readonly kind: "slopes"; readonly slopes: Float32Array };

/** Rotations of queries and keys by angles that grow with the position. */
export interface Rotary {
  /** Discriminates the ways. */
  readonly kind: "rotary";
  /** Angle of a position by pair of columns. */
  readonly frequencies: Float64Array;
  /** Factor of cosines and sines. */
  readonly factor: number;
}

/** Tensors outside the blocks; norms and layers without their `.weight` and `.bias`. */
export interface ModelNames {
  /** Embeddings of the tokens. */
  readonly embedding: string;
  /** The norm after them, where there is one. */
  readonly embeddingNorm?: string;
  /** The norm before the head. */
  readonly finalNorm: string;
  /** The embedding's, where they are tied. */
  readonly head: string;
  /** Tensors of a block. */
  readonly block: (index: number) => BlockNames;
}

/** Tensors of a block. */
export interface BlockNames {
  /** The norm before attention. */
  readonly attentionNorm: string;
  /** Left out where the norm of attention serves both. */
  readonly feedForwardNorm?: string;
  /** Norms of each head. */
  readonly queryNorm?: string;
  /** The norm of keys. */
  readonly keyNorm?: string;
  /** Layers that make queries, keys and values: three, or one that holds all. */
  readonly attention: readonly string[];
  /** Row of the layers, stacked, of each column of queries, keys and values in turn; in order where it is left out. */
  readonly attentionRows?: Uint32Array;
  /** The layer after attention. */
  readonly output: string;
  /** Layers into the feed-forward part: its gate, where it has one, and what is gated. */
  readonly expand: readonly string[];
  /** The layer out of the feed-forward part. */
  readonly contract: string;
}
