import type { Matrix } from "../../../../solvers/core/matrix.ts";
import { serializeQuantizedLayers } from "../../../../formats/mod.ts";
import {
  accumulateGram,
  type QuantizedLayer,
  quantizeLayer,
  type QuantizeOptions,
} from "../../../../solvers/quantization/mod.ts";
import { matrixOf, readTensors, type Tensors } from "../../contents/tensors.ts";
import type { PanelSolver } from "../../solver.ts";
import { type MethodAnswer, methods, type QuantizationAnswer } from "./answer.ts";
import { exampleLayer } from "./example.ts";

/** Quantises a layer by every method. */
export const solver: PanelSolver<Tensors, QuantizationAnswer, QuantizeOptions> = {
  read: readTensors,
  examples: { layer: exampleLayer },
  async solve(data, options, run) {
    run.progress("reading the layer", 0);
    const weights = await matrixOf(data, "weights");
    const gram = await gramOf(await matrixOf(data, "gram"), weights.shape[1], run.signal);
    const answers: MethodAnswer[] = [];
    let best: QuantizedLayer | undefined;
    for (const [index, method] of methods.entries()) {
      // Outliers are a matter of coordinate descent; the other methods show what they can do without.
      const outliers = method === "quantease" || method === "auto" ? options.outliers : undefined;
      const watch = run.watch(index / methods.length, (index + 1) / methods.length, method);
      const layer = await quantizeLayer(weights, gram, { ...options, ...watch, method, outliers });
      answers.push(answerOf(method, layer));
      run.show({ shape: weights.shape, methods: answers });
      if (!best || layer.relativeError < best.relativeError) best = layer;
    }
    const content = serializeQuantizedLayers(new Map([[data.roles.weights[0], best!]]));
    return [{ name: "quantized.safetensors", content }];
  },
};

/** The Gram matrix itself, or that of activations. */
async function gramOf(given: Matrix, inputs: number, signal: AbortSignal): Promise<Matrix> {
  const [rows, columns] = given.shape;
  if (rows === columns || columns !== inputs) return given;
  const accumulator = accumulateGram(inputs, { signal });
  await accumulator.add(given);
  return await accumulator.gram();
}

function answerOf(method: MethodAnswer["method"], layer: QuantizedLayer): MethodAnswer {
  const codeCounts = new Uint32Array(2 ** layer.bits);
  for (const code of layer.codes) codeCounts[code]++;
  const { objective, relativeError, rowObjectives, passes, elapsedMs, trace, plan } = layer;
  const rowErrors = rowObjectives.map((value) => value * (objective > 0 ? relativeError / objective : 0)).sort()
    .reverse();
  const ran = `${plan.backend}: ${plan.reason}`;
  return { method, objective, relativeError, rowErrors, passes, elapsedMs, trace, codeCounts, ran };
}
