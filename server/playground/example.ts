import { accumulateGram, createRandom, type Matrix, matrix } from "@minima/minima";
import type { ExampleLayer } from "./protocol.ts";

/** Activations that are made and summed at once. */
const batch = 64;

/**
 * A layer as language models have them: heavy-tailed weights, inputs with a decaying spectrum and a few channels ten
 * times as large as the others.
 */
export async function exampleLayer(
  { rows, columns, outlying, seed }: ExampleLayer,
  signal: AbortSignal,
): Promise<{ weights: Matrix; gram: Matrix }> {
  const random = createRandom(seed);
  const latentCount = Math.min(columns, 64);
  const mixing = Float32Array.from({ length: latentCount * columns }, random.normal);
  const channel = Float32Array.from({ length: columns }, () => Math.exp(random.normal() / 2));
  for (let k = 0; k < Math.min(outlying, columns); k++) channel[random.integer(columns)] *= 10;
  const gram = accumulateGram(columns, { dtype: "f32" });
  for (let tokens = 0; tokens < 4 * columns; tokens += batch) {
    const activations = new Float32Array(batch * columns);
    for (let t = 0; t < batch; t++) {
      const row = activations.subarray(t * columns, (t + 1) * columns);
      for (let k = 0; k < latentCount; k++) {
        const latent = random.normal() / Math.sqrt(k + 1);
        for (let j = 0; j < columns; j++) row[j] += latent * mixing[k * columns + j];
      }
      for (let j = 0; j < columns; j++) row[j] = (row[j] + 0.3 * random.normal()) * channel[j];
    }
    await gram.add(matrix(batch, columns, activations));
    // A turn of the event loop, without which a cancellation would not arrive.
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
  }
  const weights = Float32Array.from({ length: rows * columns }, () => random.normal() / (0.25 + random.uniform()));
  return { weights: matrix(rows, columns, weights), gram: await gram.gram() };
}
