/** llama.cpp, as the package node-llama-cpp brings it: the processor alone, one thread. */

import { openPeer } from "./peer.ts";

/** The package has a folder of its own, for it leaves out binaries for devices, which only the root of one can do. */
const folder = new URL("./llama_cpp/", import.meta.url), own = new URL("node_modules/node-llama-cpp/", folder);

interface LlamaModel {
  readonly tokens: { readonly bos: number | null };
  tokenize(text: string, special: boolean): number[];
  detokenize(tokens: readonly number[]): string;
  createContext(options: object): Promise<{ getSequence(): Sequence; dispose(): Promise<void> }>;
  dispose(): Promise<void>;
}

interface Sequence {
  controlledEvaluate(
    input: readonly (readonly [number, object])[],
  ): Promise<readonly { readonly next: { readonly probabilities?: ReadonlyMap<number, number> } }[]>;
  evaluate(tokens: readonly number[], options: { temperature: number }): AsyncIterable<number>;
}

interface NodeLlamaCpp {
  getLlama(options: object): Promise<{ loadModel(options: object): Promise<LlamaModel>; dispose(): Promise<void> }>;
}

/** A model that llama.cpp has read. */
export interface RunningModel {
  /** Tokens of a text, with the beginning token. */
  tokenize(text: string): number[];
  /** Logarithms of the probabilities of every token behind each token [tokens, vocabulary]. */
  logProbabilities(tokens: readonly number[], vocabulary: number): Promise<Float32Array>;
  /** So many tokens, each the likeliest. */
  continue(tokens: readonly number[], count: number): Promise<number[]>;
  text(tokens: readonly number[]): string;
  close(): Promise<void>;
}

/** llama.cpp. */
export interface LlamaCpp {
  readonly name: string;
  open(path: string, positions: number): Promise<RunningModel>;
  close(): Promise<void>;
}

/** Opens it. Keys and values are f32, so that only its products differ from those of f32. */
export function openLlamaCpp(): Promise<LlamaCpp | string> {
  return openPeer("llama.cpp", async () => {
    await install();
    const { getLlama }: NodeLlamaCpp = await import(new URL("dist/index.js", own).href);
    const { version } = JSON.parse(await Deno.readTextFile(new URL("package.json", own)));
    const llama = await getLlama({ gpu: false, build: "never", logLevel: "error", maxThreads: 1 });
    return {
      name: `node-llama-cpp ${version}`,
      async open(modelPath, positions) {
        const model = await llama.loadModel({ modelPath, useMmap: false });
        const fresh = async <T>(work: (sequence: Sequence) => Promise<T>): Promise<T> => {
          const context = await model.createContext({
            contextSize: positions,
            batchSize: positions,
            flashAttention: false,
            experimentalKvCacheKeyType: "F32",
            experimentalKvCacheValueType: "F32",
          });
          try {
            return await work(context.getSequence());
          } finally {
            await context.dispose();
          }
        };
        return {
          tokenize: (text) => [...model.tokens.bos === null ? [] : [model.tokens.bos], ...model.tokenize(text, false)],
          async logProbabilities(tokens, vocabulary) {
            const options = {
              generateNext: { probabilities: true, options: { temperature: 1, topK: 0, topP: 1, minP: 0 } },
            };
            const steps = await fresh((sequence) =>
              sequence.controlledEvaluate(tokens.map((token) => [token, options]))
            );
            const found = new Float32Array(tokens.length * vocabulary).fill(-Infinity);
            steps.forEach(({ next }, at) => {
              for (const [token, share] of next.probabilities!) found[at * vocabulary + token] = Math.log(share);
            });
            return found;
          },
          continue: (tokens, count) =>
            fresh(async (sequence) => {
              const found: number[] = [];
              for await (const token of sequence.evaluate(tokens, { temperature: 0 })) {
                found.push(token);
                if (found.length === count) break;
              }
              return found;
            }),
          text: (tokens) => model.detokenize(tokens),
          close: () => model.dispose(),
        };
      },
      close: () => llama.dispose(),
    };
  });
}

/** Installs the package where it is not there: 115 MB. */
async function install(): Promise<void> {
  if (await Deno.stat(own).catch(() => undefined)) return;
  if (Deno.args.includes("--no-install")) throw new Error("node-llama-cpp is not installed");
  const args = ["ci", "--ignore-scripts"];
  const { success } = await new Deno.Command("npm", { args, cwd: folder.pathname, stdout: "null" }).output();
  if (!success) throw new Error("`npm ci` in bench/peers/llama_cpp fails");
}
