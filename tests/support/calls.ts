/**
 * One call of every exported function with arguments that it takes, by their names: what tests put other values in place
 * of, one after another. A new public function adds one entry.
 *
 * @module
 */

import * as minima from "../../mod.ts";
import { models } from "../fixtures/models.ts";
import { fixtureTensors, modelFiles, randomLlama, wordTokenizer } from "./models.ts";

/** Arguments by name, in their order. */
export type Arguments = Readonly<Record<string, unknown>>;

const { createRandom, fromRows, matrix, observedEntries, serializeSafetensors } = minima;
const random = createRandom(1), rows = 12, features = 3;
const X = matrix(rows, features, Float64Array.from({ length: rows * features }, () => random.normal()));
const y = Float64Array.from({ length: rows }, (_, i) => X.data[features * i] + 0.1 * random.normal());
const positive = matrix(rows, features, X.data.map(Math.abs)),
  labels = Uint32Array.from(y, (value) => value > 0 ? 1 : 0);
const kernel = fromRows([[2, 1, 0], [1, 2, 1], [0, 1, 2]]), answers = [1, 2, 3];
const tasks = [{ X, y }, { X, y: y.map((value) => 2 * value) }];
const precision: minima.SparseMatrix = {
  format: "csr",
  shape: [2, 2],
  indptr: new Uint32Array([0, 2, 4]),
  indices: new Uint32Array([0, 1, 0, 1]),
  data: new Float64Array([2, 1, 1, 2]),
};
const observed = observedEntries(fromRows([[1, 2, NaN], [2, NaN, 6], [NaN, 6, 9], [4, 8, 12]]));
const levels = observedEntries(fromRows([[0, 1, NaN], [1, NaN, 2], [NaN, 2, 2], [0, 1, 2]]));
const signs = fromRows([[1, -1], [-1, 1]]), scores = fromRows([[0.5, -2], [1, 1]]);
const text = "a,b\n1,2\n3,4\n", tensor = { dtype: "F64" as const, shape: [1, 2], data: new Float64Array([1, 2]) };
const keep = () => {};
const files = () =>
  modelFiles(models.llama.config, fixtureTensors(models.llama)).set(
    "tokenizer.json",
    new TextEncoder().encode(JSON.stringify(wordTokenizer(29))),
  );
const quick = { maxIterations: 2 };
const ggufTensors = new Map([["w", { type: "F32" as const, shape: [2], bytes: new Uint8Array(8) }]]);
const source = (content: Uint8Array) => ({
  size: content.length,
  read: (begin: number, length: number) => Promise.resolve(content.slice(begin, begin + length)),
});

/** A model quantised so that every format can hold it. */
async function quantizedModel() {
  const { files, tokens } = randomLlama(32, 8), model = await minima.loadModel(files);
  return await minima.quantizeModel(model, { calibration: [tokens], method: "rtn", format: "gptq" });
}

/** The calls, by the name of the function. */
export const calls: Readonly<Record<string, () => Arguments | Promise<Arguments>>> = {
  accumulateGram: () => ({ inputs: 3, options: {} }),
  archetypalNmf: () => ({ X: positive, options: { rank: 2, ...quick } }),
  archetypalNmfPath: () => ({ X: positive, options: { ranks: [2], ...quick } }),
  averagePrecision: () => ({ scores, truth: signs }),
  chooseQuantized: () => ({ levels, options: quick }),
  classifierOf: () => ({
    model: {
      network: { features: 1, hidden: [], outputs: 2, activation: "tanh" },
      parameters: new Float64Array(4),
      scaling: { means: new Float64Array(1), scales: Float64Array.of(1) },
    },
  }),
  completeMatrix: () => ({ observed, options: quick }),
  completeMatrixPath: () => ({ observed, options: { method: "soft-impute", count: 2, ...quick } }),
  completeQuantized: () => ({ levels, options: { lambda: 1, ...quick } }),
  completeQuantizedPath: () => ({ levels, options: { lambdas: [1], ...quick } }),
  completeViolations: () => ({ levels, options: { boundaries: [0.5, 1.5], ...quick } }),
  completedMatrix: async () => ({ fit: await minima.completeMatrix(observed, quick) }),
  constantColumns: () => ({ X }),
  createRandom: () => ({ seed: 1 }),
  crossValidateMultiTask: () => ({ tasks, options: { folds: 2, grid: { support: [1] } } }),
  crossValidateRegression: () => ({ X, y, options: { folds: 2, lambda2: 0.1, count: 2 } }),
  decodeBfloat16: () => ({ bits: new Uint16Array(2) }),
  decodeFloat16: () => ({ bits: new Uint16Array(2) }),
  decodeFloat8: () => ({ dtype: "F8_E4M3", bits: new Uint8Array(2) }),
  dequantize: async () => ({ layer: await minima.quantizeLayer(X, kernel) }),
  encodeBfloat16: () => ({ values: new Float32Array(2) }),
  encodeFloat16: () => ({ values: new Float32Array(2) }),
  foldIn: async () => ({ fit: await minima.completeMatrix(observed, quick), newRows: observed }),
  fromRows: () => ({ rows: [[1, 2]] }),
  generate: async () => ({ model: await minima.loadModel(files()), prompt: "w1 w2", options: { tokens: 1 } }),
  generateTokens: async () => ({ model: await minima.loadModel(files()), prompt: "w1 w2", options: { tokens: 1 } }),
  graphComponents: () => ({ precision }),
  graphEdges: () => ({ precision }),
  informationCriteria: async () => ({ fit: await minima.sparseRegression(X, y, { lambda0: 1 }), X, y }),
  init: () => ({ options: {} }),
  isPositiveDefinite: () => ({ precision }),
  kernelMatrix: () => ({ X, Z: X, options: {} }),
  kernelRidge: () => ({ kernel, y: answers, options: {} }),
  labelError: () => ({ scores, truth: signs }),
  linearLayers: async () => ({ architecture: (await minima.loadModel(files())).architecture }),
  loadModel: () => ({ source: files() }),
  loadQuantized: async () => {
    const saved = new Map<string, Uint8Array>();
    await minima.saveCompressedTensors(await quantizedModel(), (name, content) => void saved.set(name, content));
    return { source: saved };
  },
  logDeterminant: () => ({ precision }),
  logits: async () => ({ model: await minima.loadModel(files()), text: "w1 w2", options: {} }),
  matrix: () => ({ rows: 1, columns: 2, data: new Float64Array(2) }),
  nearestPositiveDefinite: () => ({ precision, options: {} }),
  networkLoss: () => ({ X, targets: labels, options: { loss: "softmax", hidden: [2] } }),
  nmf: () => ({ X: positive, options: { rank: 2, ...quick } }),
  observedEntries: () => ({ table: X }),
  parseArff: () => ({ source: "@relation r\n@attribute a numeric\n@data\n1\n", options: {} }),
  parseCsv: () => ({ source: text, options: {} }),
  parseGguf: () => ({ bytes: minima.serializeGguf(new Map(), ggufTensors) }),
  parseNpy: () => ({ bytes: minima.serializeNpy(tensor) }),
  parseOnnx: async () => {
    const saved = new Map<string, Uint8Array>();
    await minima.saveOnnx(await quantizedModel(), (name, content) => void saved.set(name, content));
    return { bytes: [...saved.values()][0] };
  },
  parseQuantizedLayers: async () => ({
    bytes: minima.serializeQuantizedLayers(new Map([["layer", await minima.quantizeLayer(X, kernel)]])),
  }),
  parseSafetensors: () => ({ bytes: serializeSafetensors({ tensor }) }),
  parseTriples: () => ({ source: "1 1 3\n2 1 4\n", options: {}, known: {} }),
  perplexity: async () => ({ model: await minima.loadModel(files()), sequences: ["w1 w2"], options: {} }),
  predictMultiTask: async () => ({ fit: await minima.sparseMultiTask(tasks, { support: 1 }), X, task: 0 }),
  predictQuantized: async () => ({
    fit: await minima.completeQuantized(levels, { lambda: 1, ...quick }),
    rows: [0],
    columns: [1],
  }),
  predictRegression: async () => ({ fit: await minima.sparseRegression(X, y, { lambda0: 1 }), X }),
  projectOntoArchetypes: () => ({ X: positive, archetypes: fromRows([[1, 2, 3]]), options: {} }),
  quantizeLayer: () => ({ weights: X, gram: kernel, options: {} }),
  quantizeModel: async () => ({
    model: await minima.loadModel(files()),
    options: { calibration: [Uint32Array.from(models.llama.tokens)], method: "rtn" },
  }),
  readGgufHeader: () => ({ source: source(minima.serializeGguf(new Map(), ggufTensors)) }),
  readGgufTensor: async () => {
    const file = source(minima.serializeGguf(new Map(), ggufTensors));
    return { source: file, header: await minima.readGgufHeader(file), name: "w" };
  },
  readSafetensorsHeader: () => ({ source: source(serializeSafetensors({ tensor })) }),
  readSafetensorsTensor: async () => {
    const file = source(serializeSafetensors({ tensor }));
    return { source: file, header: await minima.readSafetensorsHeader(file), name: "tensor" };
  },
  robustness: () => ({ H1: kernel, H2: kernel }),
  sam: () => ({ options: { gradient: () => 0 } }),
  samKernelRegression: () => ({ kernel, y: answers, options: { rho: 0.1, learningRate: 0.1, steps: 1 } }),
  samKernelSpectrum: () => ({ kernel, y: answers, options: {} }),
  samPath: async () => ({ spectrum: await minima.samSpectrum(X, y), options: {} }),
  samRegression: () => ({ X, y, options: { rho: 0.1, learningRate: 0.1, steps: 1 } }),
  samSpectrum: () => ({ X, y, options: {} }),
  saveCompressedTensors: async () => ({ quantized: await quantizedModel(), target: keep }),
  saveGguf: async () => ({
    model: await minima.loadModel(modelFiles(models.llama.config, fixtureTensors(models.llama))),
    target: keep,
    options: {},
  }),
  saveGptq: async () => ({ quantized: await quantizedModel(), target: keep }),
  saveOnnx: async () => ({ model: await quantizedModel(), target: keep }),
  saveSafetensors: async () => ({ model: await quantizedModel(), target: keep }),
  serializeCsv: () => ({ table: { matrix: X }, options: {} }),
  serializeGguf: () => ({ metadata: new Map(), tensors: ggufTensors }),
  serializeNpy: () => ({ tensor, options: {} }),
  serializeOnnx: () => ({ model: { operators: {}, nodes: [], tensors: new Map(), inputs: [], outputs: [] } }),
  serializeQuantizedLayers: async () => ({
    layers: new Map([["layer", await minima.quantizeLayer(X, kernel)]]),
    metadata: {},
  }),
  serializeSafetensors: () => ({ tensors: { tensor }, metadata: {} }),
  sharpness: () => ({ target: { gradient: () => 0, parameters: new Float64Array(2) }, options: { probes: 2 } }),
  sparseMultiTask: () => ({ tasks, options: { support: 1 } }),
  sparseMultiTaskPath: () => ({ tasks, options: { grid: { support: [1] } } }),
  sparsePrecision: () => ({ samples: X, options: { lambda0: 0.1, lambda2: 0.1 } }),
  sparsePrecisionPath: () => ({ samples: X, options: { lambda2: 0.1, count: 2 } }),
  sparseRegression: () => ({ X, y, options: { lambda0: 1 } }),
  sparseRegressionPath: () => ({ X, y, options: { count: 2 } }),
  toDense: () => ({ matrix: precision }),
  toMatrix: () => ({ tensor, name: "tensor" }),
  toVector: () => ({ tensor }),
  trainClassifier: () => ({ X, labels, options: { epochs: 1 } }),
  transduce: () => ({ data: { features: X, labels: matrix(rows, 1, y.map(Math.sign)) }, options: quick }),
  updateCompletion: async () => ({ fit: await minima.completeMatrix(observed, quick), observed, options: quick }),
};
