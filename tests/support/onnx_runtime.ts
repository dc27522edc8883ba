/** Running a saved graph by onnxruntime-web, one token after the other or many at once. */

import type { InferenceSession, Tensor } from "onnxruntime-web";

/** A graph that was opened. */
export interface OnnxDecoder {
  /** Logits [batch, sequence, vocabulary] of sequences that are padded in front, and what is remembered. */
  run(sequences: readonly (readonly number[])[], past?: Past): Promise<{ logits: Float32Array; past: Past }>;
  /** The likeliest tokens behind these. */
  generate(tokens: readonly number[], count: number, endTokens: readonly number[]): Promise<number[]>;
  release(): Promise<void>;
}

/** Keys and values so far. */
export interface Past {
  readonly length: number;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** Padding. */
export const nothing = -1;

/** Opens the graph among the files that `saveOnnx` has written. */
export async function openDecoder(
  files: ReadonlyMap<string, Uint8Array>,
  { keyValueHeads, headSize, vocabulary }: { keyValueHeads: number; headSize: number; vocabulary: number },
): Promise<OnnxDecoder> {
  const ort = await import("onnxruntime-web/wasm");
  ort.env.wasm.numThreads = 1;
  const [name] = [...files.keys()].filter((name) => name.endsWith(".onnx"));
  const externalData = [...files].filter(([name]) => name.includes(".onnx_data"))
    .map(([name, data]) => ({ path: name.slice("onnx/".length), data }));
  const options: InferenceSession.SessionOptions = { executionProviders: ["wasm"], externalData, logSeverityLevel: 3 };
  const session = await ort.InferenceSession.create(files.get(name)!, options);
  const integers = (rows: readonly (readonly number[])[]) =>
    new ort.Tensor("int64", BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0].length]);
  const decoder: OnnxDecoder = {
    async run(sequences, past = { length: 0, tensors: {} }) {
      const count = sequences[0].length;
      const positions = sequences.map((sequence) => {
        let next = past.length;
        return sequence.map((token) => token === nothing ? 0 : next++);
      });
      const feeds: Record<string, Tensor> = {
        input_ids: integers(sequences.map((sequence) => sequence.map((token) => token === nothing ? 0 : token))),
        attention_mask: integers(sequences.map((sequence) => [
          ...new Array<number>(past.length).fill(1),
          ...sequence.map((token) => token === nothing ? 0 : 1),
        ])),
        position_ids: integers(positions),
      };
      for (const name of session.inputNames) {
        if (!name.startsWith("past_key_values.")) continue;
        feeds[name] = past.tensors[name.replace("past_key_values", "present")] ??
          new ort.Tensor("float32", new Float32Array(0), [sequences.length, keyValueHeads, 0, headSize]);
      }
      const { logits, ...tensors } = await session.run(feeds);
      return { logits: logits.data as Float32Array, past: { length: past.length + count, tensors } };
    },
    async generate(tokens, count, endTokens) {
      const found: number[] = [];
      let next = [...tokens], past: Past | undefined;
      while (found.length < count) {
        const answer = await decoder.run([next], past), last = answer.logits.subarray(-vocabulary);
        past = answer.past;
        const token = last.indexOf(Math.max(...last));
        if (endTokens.includes(token)) break;
        found.push(token);
        next = [token];
      }
      return found;
    },
    release: () => session.release(),
  };
  return decoder;
}
