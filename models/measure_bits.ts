import type { Vector } from "../solvers/core/matrix.ts";
import { dequantize } from "../solvers/quantization/layer.ts";
import { quantizeLayer } from "../solvers/quantization/quantize.ts";
import { type Bits, chooseBits } from "./bits.ts";
import { measureEffects } from "./effects.ts";
import { inForward, layerOptions, passesOfTrial, readWeights, type Task, workOf } from "./quantize_task.ts";
import type { FinishedBlocks } from "./resume.ts";

/**
 * The widths that trials speak for: by GPTQ, each layer alone in the unquantised model. What a layer does to the model at
 * one width is measured there, and goes with its relative error to the others.
 */
export async function measureBits(task: Task, finished: FinishedBlocks | undefined): Promise<Map<string, Bits>> {
  const { model, layers, settings, settings: { backend, threads, signal }, batches, widths } = task;
  const kept = await resumedBits(task, finished);
  if (kept) return kept;
  const errors = new Map<string, Map<Bits, number>>(), asked = new Set(layers.map(({ name }) => name));
  const widthOfTrial = widths.find((width) => width >= 3) ?? widths[0];
  let late = false;
  const effects = await inForward(
    task,
    (workspace) =>
      measureEffects(workspace, model, batches, { backend, threads, signal }, {
        asked,
        pause: (block) => task.tell({ stage: `forward, block ${block}` }, 0),
        async weights(layer, gram) {
          const byWidth = new Map<Bits, number>(), own = await readWeights(model, layer);
          let tried: Vector = own.data;
          for (const bits of widths) {
            if (late) return undefined;
            const options = {
              ...layerOptions(task, layer, bits, own, gram),
              method: "gptq",
              grid: "search",
              initial: undefined,
              outliers: undefined,
            } as const;
            const found = await quantizeLayer(own, gram, options);
            byWidth.set(bits, found.relativeError);
            if (bits === widthOfTrial) tried = dequantize(found).data;
            late = await task.tell({ stage: "measure", layer: layer.name }, workOf(layer, passesOfTrial)) || late;
          }
          errors.set(layer.name, byWidth);
          return { own: own.data, tried };
        },
      }),
  );
  if (late || effects.size < layers.length) {
    const uniform = widths.findLast((width) => width <= settings.averageBits!)!;
    return new Map(layers.map(({ name }) => [name, uniform]));
  }
  for (const [name, byWidth] of errors) {
    const atTrial = byWidth.get(widthOfTrial)!, effect = effects.get(name)!;
    // Weights that lie on a grid already have no effect that could be scaled.
    if (atTrial > 0) byWidth.forEach((error, bits) => byWidth.set(bits, effect * error / atTrial));
  }
  return chooseBits(layers, errors, settings.averageBits!, widths);
}

/** The widths, where all blocks are there. */
async function resumedBits(task: Task, finished: FinishedBlocks | undefined): Promise<Map<string, Bits> | undefined> {
  if (!finished) return undefined;
  const found = new Map<string, Bits>();
  for (let block = 0; block < task.model.architecture.blocks; block++) {
    const layers = await finished.read(block);
    if (!layers) return undefined;
    for (const [name, { bits }] of layers) found.set(name, bits);
  }
  return found;
}
