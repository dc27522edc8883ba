/** Tensors in `model.safetensors`, or in shards with their index. @module */

import { serializeSafetensors } from "../../formats/safetensors.ts";
import type { TensorInput } from "../../formats/tensor.ts";
import { pendingBytes, type PendingTensor } from "./pending.ts";
import { type FileWriter, jsonBytes } from "./target.ts";

/** Most bytes of tensors in a file. */
const shardBytes = 2 ** 30;

/** Writes tensors in their order, of which those of one file are in memory at a time. */
export async function writeShards(write: FileWriter, tensors: ReadonlyMap<string, PendingTensor>): Promise<void> {
  const shards: [name: string, tensor: PendingTensor][][] = [];
  let filled = Infinity, total = 0;
  for (const [name, tensor] of tensors) {
    const bytes = pendingBytes(tensor);
    if (filled + bytes > shardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)!.push([name, tensor]);
    filled += bytes;
    total += bytes;
  }
  const map: Record<string, string> = {}, number = (index: number) => String(index).padStart(5, "0");
  for (const [at, members] of shards.entries()) {
    const file = shards.length === 1
      ? "model.safetensors"
      : `model-${number(at + 1)}-of-${number(shards.length)}.safetensors`;
    const read = new Map<string, TensorInput>();
    for (const [name, tensor] of members) {
      read.set(name, await tensor.read());
      map[name] = file;
    }
    await write(file, serializeSafetensors(read, { format: "pt" }));
  }
  if (shards.length > 1) {
    await write("model.safetensors.index.json", jsonBytes({ metadata: { total_size: total }, weight_map: map }));
  }
}
