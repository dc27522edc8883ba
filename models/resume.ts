/** What is done of a quantisation, kept in files: one for each block, written wholly or not at all. @module */

import { FormatError } from "../formats/errors.ts";
import { parseSafetensors } from "../formats/safetensors.ts";
import { parseQuantizedLayers, serializeQuantizedLayers } from "../formats/quantized.ts";
import type { QuantizedLayer } from "../solvers/quantization/layer.ts";
import type { LanguageModel } from "./load.ts";
import type { ResumeStore } from "./quantize_options.ts";

/** Finished blocks. */
export interface FinishedBlocks {
  /** The layers of a block; undefined where it is not finished. @throws {FormatError} where it is of another call */
  read(block: number): Promise<Map<string, QuantizedLayer> | undefined>;
  write(block: number, layers: ReadonlyMap<string, QuantizedLayer>): Promise<void>;
}

const fileOf = (block: number) => `block-${String(block).padStart(4, "0")}.safetensors`;

/** What of a result is no matrix, as JSON keeps it to the bit. */
type Facts = Omit<
  QuantizedLayer,
  "bits" | "groupSize" | "shape" | "codes" | "scales" | "zeros" | "groupIndex" | "outliers"
>;

/** Blocks in a store, which belong to the call of this fingerprint. */
export function finishedBlocks(store: ResumeStore, fingerprint: string): FinishedBlocks {
  return {
    async read(block) {
      const name = fileOf(block), bytes = await store.read(name);
      if (!bytes) return undefined;
      const { metadata } = parseSafetensors(bytes);
      if (metadata["minima.fingerprint"] !== fingerprint) {
        throw new FormatError(
          "model",
          name,
          "is of another model, calibration or choice of options; use an empty folder",
        );
      }
      const facts: Record<string, Facts> = JSON.parse(metadata["minima.results"]);
      return new Map([...parseQuantizedLayers(bytes)].map(([name, layer]) => {
        const { trace, rowObjectives, ...others } = facts[name];
        return [name, {
          ...layer,
          ...others,
          trace: Float64Array.from(trace),
          rowObjectives: Float64Array.from(rowObjectives),
        }];
      }));
    },
    async write(block, layers) {
      const facts = Object.fromEntries([...layers].map(([name, layer]) => {
        const { bits: _, groupSize: __, shape: ___, codes, scales, zeros, groupIndex, outliers, ...others } = layer;
        void [codes, scales, zeros, groupIndex, outliers];
        return [name, { ...others, trace: [...layer.trace], rowObjectives: [...layer.rowObjectives] }];
      }));
      const metadata = { "minima.fingerprint": fingerprint, "minima.results": JSON.stringify(facts) };
      await store.write(fileOf(block), serializeQuantizedLayers(layers, metadata));
    },
  };
}

/** A store in a folder. Files are written beside their place and then renamed to it. */
export async function folderStore(folder: string): Promise<ResumeStore> {
  // Not in pages: the names are kept from bundlers.
  const [fileSystem, paths] = ["node:fs/promises", "node:path"];
  const { mkdir, open, readFile, rename } = await import(
    /* @vite-ignore */ fileSystem
  ) as typeof import("node:fs/promises");
  const { dirname, join } = await import(/* @vite-ignore */ paths) as typeof import("node:path");
  await mkdir(folder, { recursive: true });
  return {
    async read(name) {
      try {
        return new Uint8Array(await readFile(join(folder, name)));
      } catch (error) {
        if ((error as { code?: string }).code === "ENOENT") return undefined;
        throw error;
      }
    },
    async write(name, bytes) {
      const beside = join(folder, `${name}.part`);
      await mkdir(dirname(beside), { recursive: true });
      const file = await open(beside, "w");
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(beside, join(folder, name));
    },
  };
}

/** A number of 64 bits that tells calls apart: of the model, by its description and norms, and of what it is given. */
export async function fingerprintOf(
  { config, weights, architecture }: LanguageModel,
  sequences: readonly Uint32Array[],
  options: unknown,
): Promise<string> {
  let [one, other] = [0x811c9dc5, 0x9747b28c];
  const add = (bytes: Uint8Array) => {
    for (const byte of bytes) {
      one = Math.imul(one ^ byte, 0x01000193);
      other = Math.imul(other ^ byte, 0x5bd1e995) ^ other >>> 15;
    }
  };
  const names = weights.names.toSorted().map((
    name,
  ) => [name, weights.describe(name).dtype, weights.describe(name).shape]);
  add(new TextEncoder().encode(JSON.stringify([config, names, options])));
  const norms = Array.from(
    { length: architecture.blocks },
    (_, block) => architecture.names.block(block).attentionNorm,
  );
  for (const norm of [architecture.names.finalNorm, ...norms]) {
    const { data } = await weights.read(`${norm}.weight`);
    add(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  for (const { buffer, byteOffset, byteLength } of sequences) {
    add(new Uint8Array(buffer, byteOffset, byteLength));
    add(Uint8Array.of(255));
  }
  return [one, other].map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("");
}
