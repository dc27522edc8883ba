import {
  checkpointFormats,
  type LanguageModel,
  loadModel,
  logits,
  quantizeModel,
  type QuantizeModelOptions,
  saveSafetensors,
} from "../../mod.ts";
import { randomLlama } from "../../tests/support/models.ts";
import { readLines } from "../../tests/fixtures/stories.ts";
import { type Case, type Cell, leftOut, type Target } from "../case.ts";
import { type CheckpointLoaders, openCheckpointLoaders } from "../peers/checkpoint_loaders.ts";
import { dataFolder, withoutData } from "../real_data.ts";

type Loader = Parameters<CheckpointLoaders["load"]>[0]["loader"];

/** How layers are quantised, and who reads the checkpoint. */
const checkpoints: readonly [loader: Loader, options: Omit<QuantizeModelOptions, "calibration">][] = [
  ["GPTQModel", { format: "gptq", bits: 3, groupSize: 32 }],
  ["transformers, GPTQ", { format: "gptq", bits: 4, groupSize: 32, symmetric: true }],
  ["transformers, compressed-tensors", { format: "compressed-tensors", bits: 4 }],
  ["transformers, compressed-tensors", { format: "compressed-tensors", bits: 3, symmetric: true }],
];

/** Most that logits may be off: all of the libraries make weights in f16, and some compute in it. */
const mostOff = 0.05;

/** Whether others read what is saved: weights to the bit, logits to the precision that they compute in. */
export const checkpointsCase: Case = {
  question: "Do the libraries that checkpoints are written for read them, to the same weights and logits?",
  async run({ quick, progress }) {
    const loaders = await openCheckpointLoaders();
    if (typeof loaders === "string") return leftOut(loaders);
    const made = randomLlama(256, 64),
      subjects: [string, LanguageModel, QuantizeModelOptions["calibration"]][] = [
        ["generated Llama, 256 / 768", await loadModel(made.files), [made.tokens]],
      ];
    if (dataFolder && !quick) {
      subjects.push(["stories260k", await loadModel(`${dataFolder}/stories260k`), await readLines("calibration")]);
    }
    const rows: Cell[][] = [], targets: Target[] = [], versions = new Set<string>();
    const folder = await Deno.makeTempDir({ prefix: "minima-checkpoints-" });
    try {
      for (const [name, model, calibration] of subjects) {
        for (const [at, [loader, options]] of checkpoints.entries()) {
          // GPTQModel wants a tokenizer.
          if (loader === "GPTQModel" && !model.tokenizer) continue;
          progress(`${name}, ${loader}`);
          const quantized = await quantizeModel(model, { calibration, method: "gptq", ...options });
          const place = `${folder}/${name.slice(0, 7)}-${at}`, tokens = made.tokens.map((token) => 3 + token % 100);
          await checkpointFormats[options.format!].save(quantized, place);
          await saveSafetensors(quantized, `${place}-dense`);
          const found = await loaders.load({
            loader,
            folder: place,
            dense: `${place}-dense`,
            layers: [...quantized.layers.keys()],
            tokens: [...tokens],
          });
          const { data } = await logits(quantized, tokens);
          const off = (others: readonly number[]) =>
            Array.from(data).reduce((most, value, k) => Math.max(most, Math.abs(value - others[k])), 0);
          const { bits, groupSize, symmetric } = options;
          const kind = [`${bits} bits`, groupSize && `groups of ${groupSize}`, symmetric && "symmetric"];
          const what = kind.filter(Boolean).join(", ");
          rows.push([
            name,
            loader,
            what,
            `${quantized.layers.size}, ${quantized.report.unquantized.length} left`,
            found.kernels.join(),
            found.weightsOff,
            off(found.logits),
            off(found.logitsOfDense),
          ]);
          for (const [library, version] of Object.entries(found.versions)) versions.add(`${library} ${version}`);
          targets.push(
            { name: `${name}, ${loader}, ${what}: weights`, value: found.weightsOff, limit: 0, sense: "at most" },
            {
              name: `${name}, ${loader}, ${what}: logits`,
              value: off(found.logits),
              limit: mostOff,
              sense: "at most",
            },
          );
        }
      }
    } finally {
      loaders.close();
      await Deno.remove(folder, { recursive: true });
    }
    return {
      tables: [{
        title: "Largest difference of weights in f16, and of logits, from those computed here",
        columns: ["model", "read by", "layers", "quantised", "kernel", "weights", "logits", "dense, in f32"],
        rows,
      }],
      targets,
      notes: [
        `${
          [...versions].join(", ")
        }, on the CPU. All make weights in f16, the precision of the scales; the kernels of ` +
        "GPTQ compute in it, compressed-tensors in f32. The last column is the same model saved dense, by transformers in f32.",
      ],
      ...!dataFolder && { missing: [`stories260k: ${withoutData}`] },
    };
  },
};
