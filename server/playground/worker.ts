/** Solves away from the page's own thread, so that the page stays responsive. */

import {
  type Matrix,
  parseSafetensors,
  type QuantizedLayer,
  quantizeLayer,
  type QuantizeOptions,
  serializeQuantizedLayers,
  toMatrix,
} from "@minima/minima";
import { exampleLayer } from "./example.ts";
import {
  type Answer,
  type ExampleLayer,
  type FileLayer,
  type Method,
  methods,
  type Reply,
  type Request,
} from "./protocol.ts";

interface WorkerScope {
  postMessage(reply: Reply): void;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
}

const page = globalThis as unknown as WorkerScope;
let running: AbortController | undefined;

page.onmessage = ({ data }) => {
  if (data.kind === "cancel") running?.abort();
  else (data.kind === "list" ? list(data.file) : solve(data.layer, data.options)).catch(tell);
};

function tell(error: unknown): void {
  if (running?.signal.aborted) page.postMessage({ kind: "cancelled" });
  else page.postMessage({ kind: "problem", message: error instanceof Error ? error.message : String(error) });
}

async function list(file: Blob): Promise<void> {
  const { tensors } = parseSafetensors(await file.arrayBuffer());
  const names = [...tensors].filter(([, { shape }]) => shape.length === 2).map(([name]) => name);
  page.postMessage({ kind: "tensors", names });
}

async function solve(source: ExampleLayer | FileLayer, options: QuantizeOptions): Promise<void> {
  running = new AbortController();
  const { signal } = running;
  page.postMessage({ kind: "progress", stage: "Preparing the layer", fraction: 0 });
  const { weights, gram } = "file" in source ? await layerOfFile(source) : await exampleLayer(source, signal);
  let best: { layer: QuantizedLayer; method: Method } | undefined;
  for (const [index, method] of methods.entries()) {
    // Outliers are a matter of coordinate descent; the other methods show what they can do without.
    const outliers = method === "quantease" || method === "auto" ? options.outliers : undefined;
    const layer = await quantizeLayer(weights, gram, {
      ...options,
      method,
      outliers,
      signal,
      onProgress: ({ stage, fraction }) =>
        page.postMessage({
          kind: "progress",
          stage: `${method}: ${stage}`,
          fraction: (index + fraction) / methods.length,
        }),
    });
    page.postMessage({ kind: "answer", answer: answerOf(method, layer) });
    if (!best || layer.relativeError < best.layer.relativeError) best = { layer, method };
  }
  const file = new Blob([serializeQuantizedLayers(new Map([["layer", best!.layer]]))]);
  page.postMessage({ kind: "done", file, method: best!.method });
}

async function layerOfFile({ file, weights, gram }: FileLayer): Promise<{ weights: Matrix; gram: Matrix }> {
  const { tensors } = parseSafetensors(await file.arrayBuffer());
  return { weights: toMatrix(tensors.get(weights)!), gram: toMatrix(tensors.get(gram)!) };
}

function answerOf(method: Method, layer: QuantizedLayer): Answer {
  const codeCounts = new Uint32Array(2 ** layer.bits);
  for (const code of layer.codes) codeCounts[code]++;
  const { objective, relativeError, rowObjectives, passes, elapsedMs, trace, plan } = layer;
  const rowErrors = rowObjectives.map((value) => value * (objective > 0 ? relativeError / objective : 0)).sort()
    .reverse();
  const reason = `${plan.backend}: ${plan.reason}`;
  return { method, relativeError, rowErrors, passes, elapsedMs, trace, codeCounts, reason };
}
