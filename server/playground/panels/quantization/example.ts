import { matrix } from "../../../../solvers/core/matrix.ts";
import { createRandom } from "../../../../solvers/core/random.ts";
import { resolveOptions } from "../../../../solvers/core/resolve_options.ts";
import { accumulateGram } from "../../../../solvers/quantization/mod.ts";
import { type Tensors, tensorsOf } from "../../contents/tensors.ts";
import type { Values } from "../../panel.ts";
import { exampleOptions } from "./example_options.ts";

/** Activations that are made and summed at once. */
const batch = 64;
/** Channels ten times as large as the others. */
const outlying = 4;

/**
 * A layer as language models have them: heavy-tailed weights, inputs with a decaying spectrum and a few channels ten
 * times as large as the others.
 */
export async function exampleLayer(options: Values, signal: AbortSignal): Promise<Tensors> {
  const { outputs, inputs, seed } = resolveOptions(exampleOptions, options, "the example");
  const random = createRandom(seed);
  const latentCount = Math.min(inputs, 64);
  const mixing = Float32Array.from({ length: latentCount * inputs }, random.normal);
  const channel = Float32Array.from({ length: inputs }, () => Math.exp(random.normal() / 2));
  for (let k = 0; k < Math.min(outlying, inputs); k++) channel[random.integer(inputs)] *= 10;
  const gram = accumulateGram(inputs, { dtype: "f32" });
  for (let tokens = 0; tokens < 4 * inputs; tokens += batch) {
    const activations = new Float32Array(batch * inputs);
    for (let t = 0; t < batch; t++) {
      const row = activations.subarray(t * inputs, (t + 1) * inputs);
      for (let k = 0; k < latentCount; k++) {
        const latent = random.normal() / Math.sqrt(k + 1);
        for (let j = 0; j < inputs; j++) row[j] += latent * mixing[k * inputs + j];
      }
      for (let j = 0; j < inputs; j++) row[j] = (row[j] + 0.3 * random.normal()) * channel[j];
    }
    await gram.add(matrix(batch, inputs, activations));
    // A turn of the event loop, without which a cancellation would not arrive.
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
  }
  const weights = Float32Array.from({ length: outputs * inputs }, () => random.normal() / (0.25 + random.uniform()));
  return tensorsOf({ weights: matrix(outputs, inputs, weights), gram: await gram.gram() });
}
